"""The ranges of what hubs tell each other, as types that are checked while a frame is decoded."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Self, TypeAlias

from msgspec import Meta

from peerpigeon.core.identity import KEY_SIZE, SIGNATURE_SIZE
from peerpigeon.core.ids import ID_DIGITS, PeerId
from peerpigeon.core.owners import OWNER_BYTES

Id: TypeAlias = Annotated[PeerId, Meta(min_length=ID_DIGITS, max_length=ID_DIGITS)]
"""That these are hexadecimal digits is checked by ``hub_validation``. Both cases of letter are
valid and the spelling is kept, of hubs too: who is configured in capitals is addressed so."""

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A number that can be reckoned with: one more still fits MessagePack."""

EPOCHS = 2**63
"""Numbers that go round, those of ``Count``: epochs of streams."""


def next_on_circle(number: int) -> int:
    """Return the number after one that goes round: after the last ``Count`` comes 0."""
    return (number + 1) % EPOCHS


def is_later(number: int, other: int) -> bool:
    """Tell whether one of two numbers that go round is the later: less than half a round ahead.

    It is the serial number arithmetic of RFC 1982. Whatever number somebody has made up, there is a
    later one.
    """
    return 0 < (number - other) % EPOCHS < EPOCHS // 2


SESSIONS_PER_INCARNATION = 2**20
"""Sessions of members count from their hub's incarnation times this (``hub_views``)."""

LAST_INCARNATION = 2**43 - 2**16
"""The sessions of this one, too, are below 2**63, and many of them."""

Incarnation: TypeAlias = Annotated[int, Meta(ge=1, le=LAST_INCARNATION)]
"""The number of a hub's life: a later life has a larger one. It begins with the milliseconds since
1970 that the hub's clock shows, a guess that needs no question; if that is no larger than what the
mesh still holds of another life, the hub rises above it."""

OwnerMark: TypeAlias = Annotated[bytes, Meta(max_length=OWNER_BYTES)]
"""See ``owners``. Empty for those who have none."""


TraceContext: TypeAlias = Annotated[bytes, Meta(max_length=64)]
"""By which hubs tell the trace of a signal: see ``tracing``. What has another size than those that
this hub knows is passed on and otherwise ignored."""


def is_later_life(incarnation: int, other: int) -> bool:
    """Tell whether one of two incarnations is the later; 0, which is not known, is before all.

    Incarnations go round like epochs, so that a hub can rise above whatever is in use under its id.
    All that clocks can lead to are less than half a round from each other.
    """
    if not (incarnation and other):
        return incarnation > other
    return 0 < (incarnation - other) % LAST_INCARNATION < LAST_INCARNATION // 2


def is_session_over(session: int, first: int) -> bool:
    """Tell whether a session is of a life before that which begins with ``first``; 0: none does."""
    circle = LAST_INCARNATION * SESSIONS_PER_INCARNATION
    return bool(first) and 0 < (first - session) % circle < circle // 2


Bits: TypeAlias = Annotated[int, Meta(ge=0)]
"""64 bits; MessagePack has no larger numbers."""

Bar: TypeAlias = Annotated[int, Meta(ge=-1, le=15 * ID_DIGITS)]
"""A digit distance of two ids, or -1, which none is below."""

Ttl: TypeAlias = Annotated[int, Meta(ge=1, le=0xFFFF)]

Namespace: TypeAlias = Annotated[str, Meta(max_length=4096)]
"""The largest value that ``max_namespace_length`` can have: hubs of one mesh may be set up
differently."""

CloseReason: TypeAlias = Annotated[str, Meta(max_length=123)]
"""Fits the reason of a WebSocket close frame (RFC 6455, section 5.5) if it is ASCII."""

Description: TypeAlias = Annotated[str, Meta(max_length=64 * 1024)]
"""Characters of SDP or of a candidate; far more than any has."""

Lane: TypeAlias = Annotated[int, Meta(ge=0, le=1)]
"""One of the two streams from a hub to another: see ``hub_frames``."""

Mac: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""HMAC with SHA-256."""

Tag: TypeAlias = Annotated[bytes, Meta(max_length=16)]
"""By whom a routed frame is; empty in a mesh without identities."""

HubKey: TypeAlias = Annotated[bytes, Meta(max_length=KEY_SIZE)]
"""Empty in a mesh without identities."""

Signature: TypeAlias = Annotated[bytes, Meta(max_length=SIGNATURE_SIZE)]
"""Empty in a mesh without identities."""

MOST_DRAWN = 100
"""Members of a swarm that are drawn for one of them. The reference uses 82 offers at most; clients
send five."""

LINK_LIMIT = 4096
"""Links in one advert: far more than a sound hub has."""


class OpenList(IntEnum):
    """Numbers to which a newer hub may add within one version of the protocol.

    One that this hub does not know is kept, so that it passes on what it was told, and equals no
    member; its name is ``UNKNOWN``.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not 0 <= value <= _LARGEST:
            return None
        unknown = int.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown


_LARGEST = 0xFF
