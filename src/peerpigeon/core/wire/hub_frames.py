"""What hubs say to each other: link frames, routed frames, and the news that travels in them.

Three layers, each ignorant of the one inside it:

- a **frame** crosses one link, or is ``Routed`` over several;
- a ``Routed`` frame carries a **body**: a ``Segment`` or ``Ack`` of the loss-free stream between
  two hubs, or a step of the negotiation of a link;
- a ``Segment`` carries one piece of **news**: a client's signal, or what rendezvous and serving
  hubs have to tell each other about a namespace.

All are frozen; ``hub_codec.py`` makes bytes of them. Fields are positional on the wire, so that new
ones go at the end with a default.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId

VERSION = 1
"""Of the protocol between hubs. A hub refuses a link to a hub of another version."""


class Carrier(IntEnum):
    """What a hub link runs over."""

    WEBSOCKET = 1
    P2P = 2


class Purpose(IntEnum):
    """What the advertiser wants a link for."""

    SPARE = 0
    """Nothing: whoever has reason to may close it."""
    BOOTSTRAP = 1
    """It keeps the advertiser in the mesh until it has links of its own. Does not count (S13)."""
    MESH = 2
    """One of the links that the topology wants."""


class Frozen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The common form of all that hubs say."""


# Membership


class LinkEnd(Frozen, frozen=True):
    """One link of a hub, as the hub itself sees it."""

    hub: PeerId
    carrier: Carrier
    purpose: Purpose


class Advert(Frozen, frozen=True):
    """What a hub publishes of itself. A later one replaces all earlier ones."""

    hub: PeerId
    incarnation: int
    """The hub's start in milliseconds since 1970: a restart makes it larger."""
    sequence: int
    """Counts the adverts of one incarnation."""
    mark: int
    """64 random bits, new with each advert. The XOR of the marks is the digest of a table."""
    addresses: tuple[str, ...]
    """WebSocket addresses under which the hub can be dialled."""
    links: tuple[LinkEnd, ...]
    bar: tuple[int, PeerId] | None = None
    """The digit distance and id of its worst shortcut, if all its places for shortcuts are taken
    by shortcuts it wants; a hub that is no better need not ask. ``None``: it has a free place."""
    is_draining: bool = False
    """It is about to stop and wants no new links."""


# Frames of one link


class Hello(Frozen, frozen=True, tag=1):
    """The first frame of each side of a link."""

    hub: PeerId
    incarnation: int
    namespace: str
    """The mesh namespace; hubs of different ones do not join (S4)."""
    version: int
    digest: int
    nonce: bytes = b""
    """What the other end is to prove itself with; empty in a mesh without a secret."""


class Heartbeat(Frozen, frozen=True, tag=2):
    """Says that the hub lives, and what table it has."""

    digest: int


class Adverts(Frozen, frozen=True, tag=3):
    """Adverts that the receiver may not have."""

    adverts: tuple[Advert, ...]
    is_urgent: bool = False
    """Whether to pass them on at once, because a link or hub has been lost."""


class Summary(Frozen, frozen=True, tag=4):
    """Hub, incarnation and sequence of every advert a hub holds; answered by what it lacks."""

    entries: tuple[tuple[PeerId, int, int], ...]
    wants_answer: bool = True
    """Whether the receiver shall send its own summary if it lacks something itself."""


class Bye(Frozen, frozen=True, tag=5):
    """The link is about to be closed in good order."""

    reason: str


class Proof(Frozen, frozen=True, tag=7):
    """The second frame of each side of a link, in a mesh that has a secret (``credentials``)."""

    mac: bytes


# Bodies of routed frames


class Segment(Frozen, frozen=True, tag=1):
    """One numbered piece of news of the stream from a source hub to a destination hub."""

    epoch: int
    """Which stream of this source to this destination; a larger one replaces a smaller one."""
    sequence: int
    floor: int
    """The lowest number the source has not yet seen acknowledged nor given up; what is below it
    will never be sent again."""
    news: News


class Ack(Frozen, frozen=True, tag=2):
    """All segments below ``next_sequence`` have been delivered or given up."""

    epoch: int
    next_sequence: int


class Offer(Frozen, frozen=True, tag=3):
    """A hub wants a P2P link."""

    attempt: int
    """Chosen by the one that offers; names the exchange."""
    sdp: str


class Answer(Frozen, frozen=True, tag=4):
    """A hub agrees to a P2P link."""

    attempt: int
    sdp: str


class Candidate(Frozen, frozen=True, tag=5):
    """One more way to reach a hub; an engine that does not trickle sends none."""

    attempt: int
    candidate: str
    is_from_offerer: bool


class Decline(Frozen, frozen=True, tag=6):
    """A hub does not agree to a P2P link now."""

    attempt: int
    reason: str


Body: TypeAlias = Segment | Ack | Offer | Answer | Candidate | Decline


class Routed(Frozen, frozen=True, tag=6):
    """A frame from one hub to another, over as many hubs as it takes."""

    source: PeerId
    source_incarnation: int
    destination: PeerId
    destination_incarnation: int
    """0 if the source does not know it yet."""
    ttl: int
    """Links it may still cross."""
    body: Body


Frame: TypeAlias = Hello | Heartbeat | Adverts | Summary | Bye | Proof | Routed


# News: between the hub of a sender and the hub of its target


class Relay(Frozen, frozen=True, tag=1):
    """A client's signal."""

    namespace: str
    sender: PeerId
    target: PeerId
    session: int
    """The target's session at its serving hub that the sender's hub knows; 0 if unknown."""
    kind: str
    data: bytes
    """The signal's ``data``, JSON as it came."""


class Undelivered(Frozen, frozen=True, tag=2):
    """A relayed signal found no target; goes back to the hub of its sender."""

    namespace: str
    sender: PeerId
    target: PeerId
    kind: str
    reason: str


# News: between serving hubs and rendezvous hubs of a namespace


class Member(Frozen, frozen=True):
    """A client in a namespace, as the hubs know it."""

    peer: PeerId
    session: int
    """The serving hub's session of the client; together with the hub it names one registration."""
    introduction: bytes
    """The ``data`` under which others get to know it, JSON."""


class Located(Frozen, frozen=True):
    """A member and the hub where its socket is."""

    hub: PeerId
    member: Member


class Join(Frozen, frozen=True, tag=3):
    """Members that the sending hub serves."""

    namespace: str
    members: tuple[Member, ...]
    is_primary: bool
    """Whether the receiver is the one that shall introduce them, each once."""
    again: bool = False
    """Introduce them although they were introduced before: some hub may have forgotten them."""
    has_enough: tuple[int, ...] = ()
    """The sessions of those of them that know enough others already."""
    present: tuple[int, ...] | None = None
    """If given, the sessions of all members that the sender serves there: forget any other."""
    departed: tuple[tuple[PeerId, int], ...] = ()
    """Peers and sessions of members that the sender served there until shortly ago."""


class Leave(Frozen, frozen=True, tag=4):
    """A member that the sending hub served is gone."""

    namespace: str
    peer: PeerId
    session: int
    has_said_goodbye: bool
    is_primary: bool = False
    """Whether the receiver is the one that shall tell the other hubs."""


class Meet(Frozen, frozen=True, tag=5):
    """Introduce members to clients that the receiving hub serves."""

    namespace: str
    peers: tuple[tuple[PeerId, int], ...]
    """The receiver's own clients and their sessions."""
    members: tuple[Located, ...]
    """Whom they shall get to know; a member that the receiver serves gets to know them too."""
    rows: tuple[tuple[int, ...], ...] = ()
    """For each of ``peers`` the places of its new acquaintances in ``members``; if there are no
    rows, each gets to know each."""


class Gone(Frozen, frozen=True, tag=6):
    """Members are gone: whoever was introduced to them must hear so."""

    namespace: str
    registrations: tuple[tuple[PeerId, PeerId, int], ...]
    """Hub, peer and session of each."""
    has_said_goodbye: bool = False


class More(Frozen, frozen=True, tag=7):
    """A client knows fewer members than it might."""

    namespace: str
    peer: PeerId
    count: int
    """How many more it may know."""


class Find(Frozen, frozen=True, tag=8):
    """Where is this member?"""

    namespace: str
    peer: PeerId


class Found(Frozen, frozen=True, tag=9):
    """The answer to ``Find``: no hub if there is no such member."""

    namespace: str
    peer: PeerId
    located: Located | None


class Challenge(Frozen, frozen=True, tag=10):
    """An id that the receiver serves was announced at another hub: is its socket alive?"""

    namespace: str
    peer: PeerId
    session: int


class Verdict(Frozen, frozen=True, tag=11):
    """The answer to ``Challenge``."""

    namespace: str
    peer: PeerId
    session: int
    stays: bool
    """Whether the session named keeps the id."""


class Resync(Frozen, frozen=True, tag=12):
    """The sender may have lost what the receiver published; publish it again."""


class Refusal(Frozen, frozen=True, tag=13):
    """A client that the receiver serves has the id of a live one at another hub: close it."""

    namespace: str
    peer: PeerId
    session: int


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
)
