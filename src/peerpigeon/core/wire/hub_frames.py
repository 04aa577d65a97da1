"""What hubs say to each other: link frames, routed frames, and the news that travels in them.

Three layers, each ignorant of the one inside it:

- a **frame** crosses one link, or is ``Routed`` over several;
- a ``Routed`` frame carries a **body**: a ``Segment`` or ``Ack`` of the loss-free stream between
  two hubs, or a step of the negotiation of a link;
- a ``Segment`` carries one piece of **news**: a client's signal, or what rendezvous and serving
  hubs have to tell each other about a namespace.

All are frozen; ``hub_codec.py`` makes bytes of them. Fields are positional on the wire, so that new
ones go at the end with a default. Ranges are checked while a frame is decoded, the rest by
``hub_validation.py``.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from peerpigeon.core.config.addresses import ADDRESS_LIMIT
from peerpigeon.core.wire.hub_news import Frozen, News
from peerpigeon.core.wire.ranges import (
    LINK_LIMIT,
    Bar,
    Bits,
    CloseReason,
    Count,
    Description,
    HubKey,
    Id,
    Incarnation,
    Lane,
    Mac,
    Namespace,
    OpenList,
    Signature,
    Tag,
    Ttl,
)

VERSION = 2
"""Of the protocol between hubs. A hub refuses a link to a hub of another version."""


class Carrier(OpenList):
    """What a hub link runs over."""

    WEBSOCKET = 1
    P2P = 2
    LOCAL = 3
    """A Unix socket between two workers of one command."""


class Purpose(OpenList):
    """What the advertiser wants a link for."""

    SPARE = 0
    """Nothing: whoever has reason to may close it."""
    BOOTSTRAP = 1
    """It keeps the advertiser in the mesh until it has links of its own. Does not count (S13)."""
    MESH = 2
    """One of the links that the topology wants."""


# Membership


class LinkEnd(Frozen, frozen=True):
    """One link of a hub, as the hub itself sees it."""

    hub: Id
    carrier: Carrier
    purpose: Purpose


class Advert(Frozen, frozen=True):
    """What a hub publishes of itself. A later one replaces all earlier ones."""

    hub: Id
    incarnation: Incarnation
    sequence: Count
    """Counts the adverts of one incarnation."""
    mark: Bits
    """64 random bits, new with each advert. The XOR of the marks is the digest of a table."""
    addresses: tuple[str, ...]
    """WebSocket addresses under which the hub can be dialled."""
    links: Annotated[tuple[LinkEnd, ...], Meta(max_length=LINK_LIMIT)]
    bar: tuple[Bar, Id] | None = None
    """The digit distance and id of its worst shortcut, if all its places for shortcuts are taken
    by shortcuts it wants; a hub that is no better need not ask. ``None``: it has a free place."""
    is_draining: bool = False
    """It lets its clients go, and then stops: it wants no new links, and no namespaces."""
    life: Bits = 0
    """64 random bits, drawn when the hub starts: two lives that have the same id are told apart by
    them, whatever their incarnations."""
    key: HubKey = b""
    """In a mesh with identities, by which others check what the hub signs (``core/identity``)."""
    signature: Signature = b""
    """Of all else here, by the hub itself (``core/mesh/identities``)."""
    clients: Count | None = None
    """About how many clients it has, if it tells: where hubs are to have as many as others."""

    @property
    def is_leaving(self) -> bool:
        """Whether it has let all go and disowns its links."""
        return self.is_draining and not self.links

    @property
    def age(self) -> tuple[int, int, int]:
        """What is compared to tell the later of two adverts of one hub.

        Of two lives with one incarnation either may be the later one. Everywhere the same one wins,
        until the hub has risen.
        """
        return self.incarnation, self.life, self.sequence


# Frames of one link


class Hello(Frozen, frozen=True, tag=1):
    """The first frame of each side of a link."""

    hub: Id
    life: Bits
    """As in its adverts."""
    namespace: Namespace
    """The mesh namespace; hubs of different ones do not join (S4)."""
    version: Count
    digest: Bits
    nonce: Annotated[bytes, Meta(max_length=16)] = b""
    """What the other end is to prove itself with; empty in a mesh without a secret."""
    dialled: Annotated[str, Meta(max_length=ADDRESS_LIMIT)] = ""
    """The WebSocket address by which the sender has reached the receiver; empty if it was reached,
    or by other means."""
    key: HubKey = b""
    """As in its adverts; the other end proves with it that it is this hub."""


class Heartbeat(Frozen, frozen=True, tag=2):
    """Says that the hub lives, and what table it has."""

    digest: Bits


class Adverts(Frozen, frozen=True, tag=3):
    """Adverts that the receiver may not have."""

    adverts: tuple[Advert, ...]
    is_urgent: bool = False
    """Whether to pass them on at once, because a link or hub has been lost."""
    is_for_all: bool = False
    """Whether the sender tells its other neighbours the same, so that nobody else need."""


class Summary(Frozen, frozen=True, tag=4):
    """Hub and age of every advert that a hub holds; answered by what it lacks."""

    entries: tuple[tuple[Id, Incarnation, Bits, Count], ...]
    wants_answer: bool = True
    """Whether the receiver shall send its own summary if it lacks something itself."""


class Bye(Frozen, frozen=True, tag=5):
    """The link is about to be closed in good order."""

    reason: CloseReason


class Proof(Frozen, frozen=True, tag=7):
    """The second frame of each side of a link, in a mesh that has a secret or identities."""

    mac: Mac
    """HMAC with SHA-256."""
    others: Annotated[tuple[Mac, ...], Meta(max_length=3)] = ()
    """The same by other secrets that the hub has, while those of the mesh change."""
    signature: Signature = b""
    """In a mesh with identities, by the key of the ``Hello``."""


# Bodies of routed frames


SIGNALS: Final[int] = 0
"""The lane of clients' signals."""

CONTROL: Final[int] = 1
"""The lane of what hubs say about namespaces, and of signals that come back: little and urgent."""


class Load(Frozen, frozen=True, tag=8):
    """How many clients one worker of a command has. Of no other hub it is heeded."""

    worker: Count
    serial: Count
    """Larger than in all that the sender has said before over this link."""
    seen: Count
    """The largest of the receiver that the sender has heard; 0 if none."""
    used: Count
    is_full: bool
    """Whether it takes no more clients of namespaces whose home it is."""
    addresses: Annotated[
        tuple[tuple[Annotated[str, Meta(max_length=64)], Count], ...], Meta(max_length=4096)
    ] = ()
    """Those that have a lot of clients here, and how many."""
    is_new: bool = False
    """Whether it has never had a client, nor heard of a worker that has."""
    taken: Count = 0
    """How many clients it has taken over that the receiver has passed on."""
    is_placed: bool = False
    """Whether it counts on all workers as hubs of namespaces."""


class Segment(Frozen, frozen=True, tag=1):
    """One numbered piece of news of a stream from a source hub to a destination hub."""

    epoch: Count
    """Which stream of this source to this destination; a larger one replaces a smaller one."""
    sequence: Count
    floor: Count
    """The lowest number the source has not yet seen acknowledged nor given up; what is below it
    will never be sent again."""
    news: News
    lane: Lane = SIGNALS
    """There is one stream for each lane, so that neither waits for the other."""


class Ack(Frozen, frozen=True, tag=2):
    """All segments of a lane below ``next_sequence`` have been delivered or given up."""

    epoch: Count
    next_sequence: Count
    lane: Lane = SIGNALS


class Offer(Frozen, frozen=True, tag=3):
    """A hub wants a P2P link."""

    attempt: Count
    """Chosen by the one that offers; names the exchange."""
    sdp: Description


class Answer(Frozen, frozen=True, tag=4):
    """A hub agrees to a P2P link."""

    attempt: Count
    sdp: Description


class Candidate(Frozen, frozen=True, tag=5):
    """One more way to reach a hub; an engine that does not trickle sends none."""

    attempt: Count
    candidate: Description
    is_from_offerer: bool


class Decline(Frozen, frozen=True, tag=6):
    """A hub does not agree to a P2P link now."""

    attempt: Count
    reason: CloseReason


Body: TypeAlias = Segment | Ack | Offer | Answer | Candidate | Decline


class Addressed(Frozen, frozen=True):
    """A frame from one hub to another, over as many hubs as it takes."""

    source: Id
    source_incarnation: Incarnation
    destination: Id
    destination_incarnation: Count
    """0 if the source does not know it yet."""
    ttl: Ttl
    """Links it may still cross, the one that it comes over included."""


class Routed(Addressed, frozen=True, tag=6):
    """A frame with a body that this hub can read."""

    body: Body
    tag: Tag = b""
    """In a mesh with identities, by a secret of source and destination."""


class Sealed(Addressed, frozen=True, tag=6):
    """The same with a body that it cannot read, and passes on as it is: others may be able to."""

    body: msgspec.Raw
    tag: Tag = b""


Readable: TypeAlias = Hello | Heartbeat | Adverts | Summary | Bye | Proof | Load | Routed
Frame: TypeAlias = Readable | Sealed
