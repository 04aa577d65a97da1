"""What an association tells who uses it."""

from __future__ import annotations

import msgspec


class Opened(msgspec.Struct, frozen=True):
    """Messages can be sent, and may come, from now on."""


class Received(msgspec.Struct, frozen=True):
    """One whole message has come."""

    message: bytes


class Ended(msgspec.Struct, frozen=True):
    """Nothing more can be sent or will come; told once, as the last event."""

    reason: str
    """For people; quotes nothing of the other end."""


Event = Opened | Received | Ended
