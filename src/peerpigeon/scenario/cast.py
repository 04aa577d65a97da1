"""Who takes part in a scenario: hubs and clients by number, and the ids they go by."""

from __future__ import annotations

import hashlib

from peerpigeon.core.ids import ID_DIGITS, PeerId

NOBODY = 0
"""The number of an id that is none of ours, and of who is behind what nobody may be sent."""

_NUMBER_DIGITS = 4


def hub_id(number: int) -> PeerId:
    """Return the id of a hub, the same in every play, as the links depend on it."""
    return _id("hub", number)


def client_id(number: int) -> PeerId:
    """Return the id of a client."""
    return _id("client", number)


def hub_number(own: str) -> int:
    """Return the number of the hub with this id."""
    return _number("hub", own)


def client_number(own: str) -> int:
    """Return the number of the client with this id."""
    return _number("client", own)


def _id(kind: str, number: int) -> PeerId:
    digest = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()
    return PeerId(f"{digest[: ID_DIGITS - _NUMBER_DIGITS]}{number:0{_NUMBER_DIGITS}x}")


def _number(kind: str, own: str) -> int:
    try:
        number = int(own[-_NUMBER_DIGITS:], 16)
    except ValueError:
        return NOBODY
    return number if own == _id(kind, number) else NOBODY
