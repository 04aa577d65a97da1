"""The namespaces of dialects, and the ids of their members, as the mesh knows them.

A namespace of a dialect begins with U+0000, which no native client's may, so that nobody gets into
one from another dialect. It holds the foreign names as they are: limits on those keep it shorter
than what hubs tell each other (``wire/ranges.py``).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from peerpigeon.core.ids import ID_DIGITS, PeerId
from peerpigeon.core.wire.announce_validation import RESERVED


class Kind(StrEnum):
    """What a namespace of a dialect is; its letter follows ``RESERVED``."""

    TOPIC = "y"
    """A topic of y-webrtc: listeners."""
    PEER = "p"
    """An id of PeerJS: its one member."""
    SWARM = "t"
    """A swarm of a WebTorrent tracker: members."""


_TOPIC: Final = RESERVED + Kind.TOPIC

_SWARM: Final = RESERVED + Kind.SWARM

_MEMBER: Final = "peerpigeon member 1"


def namespace_of(kind: Kind, *names: str) -> str:
    """Return the namespace for one or more foreign names. The last one may be any text.

    The others may not have a U+0000.
    """
    return RESERVED + kind + RESERVED.join(names)


@lru_cache(1024)  # five members answer one, and a client says several things to another one
def member_id(kind: Kind, realm: str, foreign_id: str) -> PeerId:
    """Return the id in the mesh of whoever has a foreign id in a realm.

    It is a hash, so that an id fits wherever one is told, and no two realms or dialects share one.
    By chance two of 2^40 are equal with probability 2^-81; to find two that are takes 2^80 steps.
    """
    text = RESERVED.join((_MEMBER, kind, realm, foreign_id))
    return PeerId(sha256(text.encode(errors="surrogatepass")).hexdigest()[:ID_DIGITS])


_PREFIXES: Final = {Kind.TOPIC: "y-webrtc/", Kind.PEER: "peerjs/", Kind.SWARM: "tracker/"}


def readable(namespace: str) -> str:
    """Return how people write the namespace of a dialect, with a word for that in front.

    What ``namespace_access`` says counts by this.
    """
    return _PREFIXES[Kind(namespace[1])] + namespace[2:].replace(RESERVED, "/")


def is_of_dialect(namespace: str) -> bool:
    """Tell whether a namespace is one of a dialect, and not of native clients."""
    return namespace.startswith(RESERVED)


def is_topic(namespace: str) -> bool:
    """Tell whether a namespace is one in which is published: its members are hubs."""
    return namespace.startswith(_TOPIC)


def is_swarm(namespace: str) -> bool:
    """Tell whether a namespace is one whose members are drawn, and not introduced."""
    return namespace.startswith(_SWARM)
