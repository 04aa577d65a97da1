"""What an association tells who uses it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opened:
    """Messages can be sent, and may come, from now on."""


@dataclass(frozen=True, slots=True)
class Received:
    """One whole message has come."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more can be sent or will come; told once, as the last event."""

    reason: str
    """For people; quotes nothing of the other end."""


Event = Opened | Received | Ended
