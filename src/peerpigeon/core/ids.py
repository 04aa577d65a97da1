"""Peer and hub ids, and the two distances between them."""

from __future__ import annotations

from binascii import unhexlify
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

PeerId = NewType("PeerId", str)
"""40 hexadecimal digits that name a client or a hub, spelled as their owner spells them."""

PeerKey = NewType("PeerKey", str)
"""A peer id in lower case: two spellings of one id have one key. ``key_of`` makes it."""

SessionId = NewType("SessionId", int)
"""One connection of one client to this hub; never used twice in the life of a hub."""

LinkId = NewType("LinkId", int)
"""One open connection to another hub; never used twice in the life of a hub."""

ID_DIGITS = 40

_DIGIT_SUMS = bytes((byte >> 4) + (byte & 15) for byte in range(256))


def parse_peer_id(text: str) -> PeerId | None:
    """Return ``text`` as an id, or ``None`` if it is not 40 hexadecimal digits.

    Reference: both cases of letter are accepted and the spelling is kept, because a client
    ignores what is addressed to any other spelling than its own.
    """
    if len(text) != ID_DIGITS:
        return None
    try:
        unhexlify(text)  # unlike ``bytes.fromhex`` it takes no white space, and half the time
    except ValueError:
        return None
    return text  # type: ignore[return-value]  # a call of ``PeerId`` costs as much as the above


def generate_peer_id(rng: Random) -> PeerId:
    """Return a fresh random id in lower case."""
    return PeerId(f"{rng.getrandbits(4 * ID_DIGITS):0{ID_DIGITS}x}")


def key_of(peer: PeerId) -> PeerKey:
    """Return the key under which tables keep a peer, however it is spelled.

    It is the id itself if that is in lower case, as most are: a copy would take 89 bytes in each
    table.
    """
    lower = peer.lower()
    return peer if lower == peer else lower  # type: ignore[return-value]  # as above


def same_peer(a: PeerId, b: PeerId) -> bool:
    """Tell whether two spellings name one peer."""
    return a == b or a.lower() == b.lower()


def digit_distance(a: PeerId, b: PeerId) -> int:
    """Return the sum over the digits of the XOR of the digits, 0 to 600 (S14).

    This is the distance of the PeerPigeon document. It prefers links; it is no use for placing
    keys, because many ids share one distance.
    """
    difference = (int(a, 16) ^ int(b, 16)).to_bytes(ID_DIGITS // 2, "big")
    return sum(difference.translate(_DIGIT_SUMS))


def xor_distance(a: PeerId, b: PeerId) -> int:
    """Return the XOR of two ids as one 160-bit number.

    Maymounkov and Mazières, "Kademlia", 2002, section 2.1. It places keys.
    """
    return int(a, 16) ^ int(b, 16)


def closest(target: PeerId, ids: Iterable[PeerId], count: int) -> list[PeerId]:
    """Return the ``count`` ids with the smallest digit distance to ``target``; ties by id (S14)."""
    return sorted(ids, key=lambda other: (digit_distance(target, other), other))[:count]
