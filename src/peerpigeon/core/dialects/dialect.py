"""A dialect: what clients of another kind say, and what they are to hear, in terms of a hub.

A dialect is pure: it sees no socket, no other hub, and no time but what it is given. It turns what
a *visitor* says, a foreign client's socket, into ``Want``s, which the hub fulfills, and is told
``DialectNews`` of what has become of them. What one visitor sends to others is what they get, byte
for byte: the words are found by the sender's hub, so that no other one need know the dialect.

Namespaces and the ids of members are those of the mesh; ``names.py`` makes them. All are msgspec
structs because one is made for nearly every message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.ids import SessionId

PATIENCE: Final = 5.0
"""Seconds for which messages wait for a member that is not there."""

# What a dialect wants, for any visitor


class Say(msgspec.Struct, frozen=True, gc=False):
    """Send this visitor a text message."""

    payload: bytes
    """UTF-8."""


class Close(msgspec.Struct, frozen=True, gc=False):
    """Close this visitor's socket, with code 1000, after all that was said."""

    reason: str
    """One of few; at most 123 bytes in UTF-8 (RFC 6455, section 5.5)."""


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Count that this visitor has said what cannot be used: who goes on is slowed, then closed."""

    reason: str
    """For people; one of few."""


# For topics, which have listeners and no members


class Listen(msgspec.Struct, frozen=True, gc=False):
    """Let this visitor hear what is published in a namespace; once is enough."""

    namespace: str


class Unlisten(msgspec.Struct, frozen=True, gc=False):
    """Let it hear that no longer; it need not have listened."""

    namespace: str


class Publish(msgspec.Struct, frozen=True, gc=False):
    """Send a message to all who listen in a namespace, this visitor included if it does."""

    namespace: str
    payload: bytes


# For members, who have ids that are unique in their namespace in the whole mesh


class Enter(msgspec.Struct, frozen=True, gc=False):
    """Have a member that speaks by this visitor's socket enter a namespace, or change.

    ``Granted`` or ``Taken`` follows, once it is decided.
    """

    namespace: str
    member: PeerId
    owner: bytes = b""
    """Its owner mark (``owners.py``): who comes with an equal one that is not empty has the id at
    once. Else the first keeps it as long as it lives."""
    is_flagged: bool = False
    """Whether it counts as one of the flagged: what that means is the dialect's."""


class Exit(msgspec.Struct, frozen=True, gc=False):
    """Have a member leave its namespace; it need not be there. With its socket all leave."""

    namespace: str
    member: PeerId


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send a message to the member of a namespace."""

    namespace: str
    """That of the target. The sender need not be in it."""
    sender: PeerId
    target: PeerId
    payload: bytes
    waits: bool = False
    """Whether it waits ``PATIENCE`` seconds for a target that is not there; ``Undelivered`` follows
    then, once for all from one to another. Else it is dropped without a word, unless others wait
    for that target, which it does not overtake."""


class Draw(msgspec.Struct, frozen=True, gc=False):
    """Send each of some messages to another member, drawn at random, the sender excluded.

    What is left over when all have one is dropped. ``Counted`` follows.
    """

    namespace: str
    member: PeerId
    """The sender."""
    payloads: tuple[bytes, ...]


class Count(msgspec.Struct, frozen=True, gc=False):
    """Ask how many members a namespace has; ``Counted`` follows."""

    namespace: str


TopicWant: TypeAlias = Say | Fault | Listen | Unlisten | Publish
"""What a dialect of topics alone wants."""

MemberWant: TypeAlias = Enter | Exit | Send
"""What is wanted for members that are spoken to one by one."""

PeerWant: TypeAlias = TopicWant | Close | MemberWant
"""What a dialect without draws wants."""

DrawWant: TypeAlias = Draw | Count
"""What is wanted of a swarm."""

Want: TypeAlias = PeerWant | DrawWant

SeldomWant: TypeAlias = Listen | Unlisten | Enter | Exit | Close | Fault
"""What follows from few messages."""


# What a dialect is told of a visitor


class Granted(msgspec.Struct, frozen=True, gc=False):
    """The mesh has granted a member its id; again, perhaps, when hubs have come and gone."""

    namespace: str
    member: PeerId


class Taken(msgspec.Struct, frozen=True, gc=False):
    """A member is none any more, or has not become one: another one that lives has its id."""

    namespace: str
    member: PeerId


class Denied(msgspec.Struct, frozen=True, gc=False):
    """A member may not enter a namespace: its visitor is not allowed to."""

    namespace: str
    member: PeerId
    reason: str


class Undelivered(msgspec.Struct, frozen=True, gc=False):
    """Messages that a member has sent to another one were not delivered; once for all that wait."""

    namespace: str
    sender: PeerId
    target: PeerId


class Counted(msgspec.Struct, frozen=True, gc=False):
    """How many members a namespace has, as far as its rendezvous hub knows."""

    namespace: str
    member: PeerId | None
    """That of the ``Draw``; ``None`` after a ``Count``."""
    members: int
    flagged: int
    may_be_lost: bool = False
    """Whether the messages of the ``Draw`` may be lost with a hub that died."""
    is_crowded: bool = False
    """Whether they are lost because so many others came at the same time."""


DialectNews: TypeAlias = Granted | Taken | Denied | Undelivered | Counted


class Dialect(Protocol):
    """What one hub knows of a kind of foreign clients, for all visitors of that kind."""

    def opened(self, visitor: SessionId, target: str, now: float) -> Iterable[Want]:
        """Take a new socket; ``target`` is that of its request, path and query as they came."""

    def said(self, visitor: SessionId, text: str, now: float) -> Iterable[Want]:
        """Take a whole text message. Never raises, whatever it is."""

    def told(self, visitor: SessionId, news: DialectNews, now: float) -> Iterable[Want]:
        """Take what has become of something that was wanted for a visitor."""

    def closed(self, visitor: SessionId) -> None:
        """Forget a visitor. Its members and listeners are gone by then, without a ``Want``."""

    def tick(self, now: float) -> Iterable[tuple[SessionId, Want]]:
        """Do what is due; each ``Want`` is for a visitor."""

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
