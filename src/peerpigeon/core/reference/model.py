"""A reference hub as one hub of ours has it, and what it and its clients want of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.known_members import KnownMembers
    from peerpigeon.core.sessions.registry import Peer
    from peerpigeon.core.wire.client_messages import Announce, Signal
    from peerpigeon.core.wire.reference_messages import Discovered


class Standing(Enum):
    """How a reference hub stands to this hub."""

    CLAIMED = "its id is claimed in the mesh; somebody may object yet"
    SERVED = "its clients are guests here"
    ELSEWHERE = "another hub of ours serves it"


@dataclass(slots=True, eq=False)
class Reference:
    """One reference hub that is linked to us."""

    peer: Peer
    """The client that its socket is."""
    told: KnownMembers
    is_dialled: bool
    standing: Standing = Standing.ELSEWHERE
    has_introduced: bool = False
    """Whether one that we have dialled has told of all it had when we came."""
    has_elders: bool = False
    """Whether hubs of ours were among that."""
    clients: dict[str, Discovered] = field(default_factory=dict)
    """All that it has told of, by id in lower case: guests, and who would be one."""
    guests: dict[str, Peer] = field(default_factory=dict)
    """The clients that are served here."""
    is_lacking: bool = False
    """Whether some are not, so that it will be tried again."""


@dataclass(frozen=True, slots=True)
class Name:
    """A reference hub that we have dialled says who it is."""

    reference: Reference
    hub: PeerId


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish a reference hub itself, so that no other hub of ours serves it."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Enter:
    """A client of a reference hub has announced itself."""

    reference: Reference
    peer: PeerId
    announce: Announce
    may_contest: bool
    """Whether another client with its id is to show that it lives: once, not again and again."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the keeper of a namespace whether an id is free there."""

    namespace: str
    peer: PeerId


@dataclass(frozen=True, slots=True)
class Exit:
    """A guest is gone."""

    guest: Peer


@dataclass(frozen=True, slots=True)
class Speak:
    """A guest sends a signal."""

    guest: Peer
    signal: Signal


Step: TypeAlias = Name | Publish | Enter | Ask | Exit | Speak
