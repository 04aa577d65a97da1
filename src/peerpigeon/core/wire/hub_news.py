"""News: what hubs tell each other about signals and namespaces, each piece in a ``Segment``.

All are frozen; fields are positional on the wire, so that new ones go at the end with a default.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from peerpigeon.core.wire.ranges import (
    MOST_DRAWN,
    Count,
    Id,
    Namespace,
    OwnerMark,
    TraceContext,
)
from peerpigeon.core.wire.reasons import Reason


class Frozen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The common form of all that hubs say."""


# Between the hub of a sender and the hub of its target


class Relay(Frozen, frozen=True, tag=1):
    """A client's signal."""

    namespace: Namespace
    sender: Id
    target: Id
    session: Count
    """The target's session at its serving hub that the sender's hub knows; 0 if unknown."""
    kind: str
    data: bytes
    """The signal's ``data``, JSON as it came."""
    sender_session: Count = 0
    """The sender's session at its hub: its id alone does not tell an earlier life of it from a
    later one."""
    number: Count = 0
    """Counts the signals that left for a hub, most for another one, in this life of the sender's; 0
    before it has left."""
    trace: TraceContext | None = None
    """Of one of those signals that are traced, few if any; set by the sender's hub alone."""


class Undelivered(Frozen, frozen=True, tag=2):
    """A relayed signal found no target; goes back to the hub of its sender."""

    namespace: Namespace
    sender: Id
    target: Id
    kind: str
    reason: Reason
    sender_session: Count = 0
    """As the ``Relay`` had it."""
    number: Count = 0
    """That of the ``Relay``."""
    trace: TraceContext | None = None
    """That of the ``Relay``."""
    data: bytes = b""
    """That of the ``Relay``, for a message of a dialect that may be for somebody who has moved."""
    session: Count = 0
    """With ``data``, that of the ``Relay``: which registration its hub no longer has."""


# Between serving hubs and rendezvous hubs of a namespace


class Member(Frozen, frozen=True):
    """A client in a namespace, as the hubs know it."""

    peer: Id
    session: Count
    """The serving hub's session of the client; together with the hub it names one registration."""
    introduction: bytes
    """The ``data`` under which others get to know it, JSON; empty for a client that says nothing of
    itself (``client_messages.PLAIN``)."""


class Located(Frozen, frozen=True):
    """A member and the hub where its socket is."""

    hub: Id
    member: Member


class Join(Frozen, frozen=True, tag=3):
    """Members that the sending hub serves."""

    namespace: Namespace
    members: tuple[Member, ...]
    is_primary: bool
    """Whether the receiver is the one that shall introduce them, each once."""
    again: bool = False
    """Introduce them although they were introduced before: some hub may have forgotten them."""
    has_enough: tuple[Count, ...] = ()
    """The sessions of those of them that know enough others already."""
    present: tuple[Count, ...] | None = None
    """If given, the sessions of all members that the sender serves there: forget any other."""
    departed: tuple[tuple[Id, Count], ...] = ()
    """Peers and sessions of members that the sender served there until shortly ago."""
    granted: tuple[Count, ...] = ()
    """The sessions of those of them whose id has been granted to them before."""
    owners: tuple[tuple[Count, OwnerMark], ...] = ()
    """The sessions of those of them that have an owner mark, each with its own."""


class Leave(Frozen, frozen=True, tag=4):
    """A member that the sending hub served is gone."""

    namespace: Namespace
    peer: Id
    session: Count
    has_said_goodbye: bool
    is_primary: bool = False
    """Whether the receiver is the one that shall tell the other hubs."""


class Meet(Frozen, frozen=True, tag=5):
    """Introduce members to clients that the receiving hub serves."""

    namespace: Namespace
    peers: tuple[tuple[Id, Count], ...]
    """The receiver's own clients and their sessions."""
    members: tuple[Located, ...]
    """Whom they shall get to know; a member that the receiver serves gets to know them too."""
    rows: tuple[tuple[Count, ...], ...] = ()
    """For each of ``peers`` the places of its new acquaintances in ``members``; if there are no
    rows, each gets to know each."""


class Gone(Frozen, frozen=True, tag=6):
    """Members are gone: whoever was introduced to them must hear so."""

    namespace: Namespace
    registrations: tuple[tuple[Id, Id, Count], ...]
    """Hub, peer and session of each."""
    has_said_goodbye: bool = False


class More(Frozen, frozen=True, tag=7):
    """A client knows fewer members than it might."""

    namespace: Namespace
    peer: Id
    count: Count
    """How many more it may know."""


class Find(Frozen, frozen=True, tag=8):
    """Where is this member?"""

    namespace: Namespace
    peer: Id


class Found(Frozen, frozen=True, tag=9):
    """The answer to ``Find``: no hub if there is no such member."""

    namespace: Namespace
    peer: Id
    located: Located | None


class Challenge(Frozen, frozen=True, tag=10):
    """An id that the receiver serves was announced at another hub: is its socket alive?"""

    namespace: Namespace
    peer: Id
    session: Count


class Verdict(Frozen, frozen=True, tag=11):
    """The answer to ``Challenge``."""

    namespace: Namespace
    peer: Id
    session: Count
    stays: bool
    """Whether the session named keeps the id."""
    later: Count = 0
    """If not 0, this is no answer yet: it takes so many seconds more."""


class Resync(Frozen, frozen=True, tag=12):
    """The sender may have lost what the receiver published; publish it again."""


class Refusal(Frozen, frozen=True, tag=13):
    """A client that the receiver serves has the id of a live one at another hub: close it."""

    namespace: Namespace
    peer: Id
    session: Count


class Granted(Frozen, frozen=True, tag=14):
    """Members that the receiver serves have their ids now: they may speak, and are spoken to."""

    namespace: Namespace
    sessions: tuple[Count, ...]


class Claim(Frozen, frozen=True, tag=15):
    """Somebody at the sending hub waits there for an id: is it the owner's, by its mark?"""

    namespace: Namespace
    peer: Id
    owner: OwnerMark


class Owned(Frozen, frozen=True, tag=16):
    """The answer to ``Claim``, if it is so; else there is none."""

    namespace: Namespace
    peer: Id
    owner: OwnerMark


# Topics: from the hub of who publishes to the lead, which hands it out


class Spread(Frozen, frozen=True, tag=17):
    """A publication; goes to the primary rendezvous hub of its namespace, the lead."""

    namespace: Namespace
    origin: Id
    """The hub of the client that has published it, which has served its own clients."""
    number: Count
    """Counts the publications of the origin, over all its lives: larger in a later one."""
    payload: bytes
    """What clients are told: JSON."""
    session: Count = 0
    """That of the origin in the namespace, if clients of it listen there: what is said in answer
    has to reach it, though its ``Join`` may be behind."""
    is_passed_on: bool = False
    """Whether it comes from another rendezvous hub, one of which may not know all yet."""
    is_greeting: bool = False
    """Whether a client says it that has just begun to listen."""


class Handed(Frozen, frozen=True, tag=18):
    """A publication; goes from the lead to each hub whose clients listen."""

    namespace: Namespace
    origin: Id
    number: Count
    """These two as the ``Spread`` had them."""
    payload: bytes
    is_greeting: bool = False
    is_passed_on: bool = False
    """These two as well: who hands it out takes itself for the lead, if it was not passed on."""


class HandedOut(Frozen, frozen=True, tag=19):
    """The answer to a ``Spread`` that was not passed on: the lead has sent it to all it knows.

    What the lead has handed out before is told before, what follows is told after it.
    """

    namespace: Namespace
    number: Count


# Swarms: from the hub of a member to the lead, which deals what it sends out to others


class Draw(Frozen, frozen=True, tag=20):
    """Messages for other members, drawn at random; or only the question how many there are."""

    namespace: Namespace
    member: Id
    """Who sends them, and is not drawn."""
    number: Count
    """Counts those of the sending hub, over all its lives."""
    payloads: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=MOST_DRAWN)]
    """What members are told: JSON. Each is for another one; what is left over is dropped."""


class Dealt(Frozen, frozen=True, tag=21):
    """Messages for members that the receiver serves, which have been drawn for them."""

    namespace: Namespace
    items: Annotated[tuple[tuple[Count, bytes], ...], msgspec.Meta(max_length=MOST_DRAWN)]
    """The session of each member, and the message."""


class Counted(Frozen, frozen=True, tag=22):
    """The answer to a ``Draw``."""

    namespace: Namespace
    number: Count
    members: Count
    flagged: Count
    """How many of these are what their introductions have as ``flagged``."""


class Unknown(Frozen, frozen=True, tag=0):
    """Stands for news that this hub cannot use, so that its number is not missed. Never sent."""


News: TypeAlias = (
    Relay
    | Undelivered
    | Join
    | Leave
    | Meet
    | Gone
    | More
    | Find
    | Found
    | Challenge
    | Verdict
    | Resync
    | Refusal
    | Granted
    | Claim
    | Owned
    | Spread
    | Handed
    | HandedOut
    | Draw
    | Dealt
    | Counted
    | Unknown
)

Carried: TypeAlias = Relay | Spread | Handed | HandedOut | Draw | Dealt
"""What clients say to each other: large, perhaps, and of use for a short time only; and what has
to stay in a row with it."""

CARRIED = (Relay, Spread, Handed, HandedOut, Draw, Dealt)
