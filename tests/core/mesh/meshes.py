"""Mesh objects without a simulator: one on a bench, or a few joined by links in memory.

A frame takes ``DELAY`` from end to end, and so does each thing that is asked of a shell.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.identity import id_of
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import (
    Action,
    CloseLink,
    Dial,
    MakeAnswer,
    MakeOffer,
    SendToLink,
    TakeAnswer,
    Tell,
)
from peerpigeon.core.interface.events import (
    ChannelDescribed,
    LinkLost,
    LinkOpened,
    LinkReceived,
    OpeningFailed,
)
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.mesh.mesh import Mesh
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import (
    VERSION,
    Advert,
    Adverts,
    Body,
    Bye,
    Carrier,
    Frame,
    Hello,
    LinkEnd,
    Purpose,
    Routed,
)
from tests.core.transit import Transit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.changes import Change
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.interface.events import LinkEvent
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.core.mesh.limits import MeshLimits

T = TypeVar("T")

DELAY = 0.01
SOCKET, CHANNEL = Carrier.WEBSOCKET, Carrier.P2P

OWN = PeerId("5" * 40)
HUBS = tuple(PeerId(digit * 40) for digit in "0123456789abcdef")
"""Digit distances to ``OWN``, in fortieths: 5 4 7 6 1 0 3 2 13 12 15 14 9 8 11 10."""


def advert(hub: PeerId, *linked: PeerId, sequence: int = 1, **changes: Any) -> Advert:
    """Return what a hub says of itself; it wants the links it has, over data channels."""
    fields: dict[str, Any] = {
        "incarnation": 1000,
        "mark": int(hub[:8], 16) * 1000 + sequence,
        "addresses": (f"ws://{hub[0]}",),
        "links": tuple(LinkEnd(other, CHANNEL, Purpose.MESH) for other in linked),
    }
    return Advert(hub=hub, sequence=sequence, **(fields | changes))


def of_kind(kind: type[T], things: Iterable[object]) -> list[T]:
    return [thing for thing in things if isinstance(thing, kind)]


def frames(actions: Iterable[Action], link: int | None = None) -> list[Frame]:
    """Return what is sent, over one link or over any."""
    sent = of_kind(SendToLink, actions)
    return [action.frame for action in sent if link in (None, action.link)]


def closings(actions: Iterable[Action]) -> dict[LinkId, tuple[int, str]]:
    """Return code and reason for each link that is closed, or left in good order."""
    actions = list(actions)
    left = [(sent.link, sent.frame) for sent in of_kind(SendToLink, actions)]
    return {link: (1000, frame.reason) for link, frame in left if isinstance(frame, Bye)} | {
        close.link: (close.code, close.reason) for close in of_kind(CloseLink, actions)
    }


def notices(actions: Iterable[Action]) -> list[Notice]:
    return [tell.notice for tell in of_kind(Tell, actions)]


class Bench:
    """One mesh object; all around it is played by the test."""

    def __init__(
        self,
        seed: int = 1,
        *,
        limits: MeshLimits | None = None,
        identity: Identity | None = None,
        **options: Any,
    ) -> None:
        config = ServerConfig(is_hub=True, **options)
        self._effects = Effects(0.0, MemoryAccount(config.memory_limit))
        self.memory = self._effects.memory
        own = OWN if identity is None else id_of(identity.key)
        rng = Random(seed)
        self.mesh = Mesh(
            own, config, rng, 1000, 0.0, self._effects, limits=limits, identity=identity
        )
        self.links = 0

    def handle(self, event: LinkEvent, now: float) -> list[Action]:
        self.mesh.handle(event, now)
        return self._effects.take_actions()

    def tick(self, now: float) -> list[Action]:
        self.mesh.tick(now)
        return self._effects.take_actions()

    def dial(self, uri: str, now: float) -> list[Action]:
        self.mesh.dial(uri, now)
        return self._effects.take_actions()

    def send(self, goal: PeerId, incarnation: int, body: Body, now: float) -> list[Action]:
        self.mesh.send(goal, incarnation, body, now)
        return self._effects.take_actions()

    def leave(self, now: float) -> list[Action]:
        self.mesh.leave(now)
        return self._effects.take_actions()

    def take_actions(self) -> list[Action]:
        return self._effects.take_actions()

    def take_changes(self) -> list[Change]:
        return self._effects.take_changes()

    def advert_of(self, hub: PeerId) -> Advert | None:
        return next((advert for advert in self.mesh.adverts() if advert.hub == hub), None)

    def digest(self) -> int:
        """Return what the hub says of its table in a heartbeat."""
        return reduce(xor, (advert.mark for advert in self.mesh.adverts()))

    def open(
        self,
        carrier: Carrier = CHANNEL,
        opening: int = 0,
        now: float = 0.0,
        address: str = "",
    ) -> LinkId:
        self.links += 1
        link = LinkId(self.links)
        self.opened = self.handle(LinkOpened(link, carrier, opening, address), now)
        return link

    def receive(self, link: int, frame: Frame, now: float = 0.0) -> list[Action]:
        return self.handle(LinkReceived(LinkId(link), frame), now)

    def hello(self, link: int, hub: PeerId, now: float = 0.0, **changes: Any) -> list[Action]:
        fields: dict[str, Any] = {
            "life": 0,
            "namespace": "pigeonhub-mesh",
            "version": VERSION,
            "digest": 0,
        }
        return self.receive(link, Hello(hub, **(fields | changes)), now)

    def link(
        self,
        hub: PeerId,
        carrier: Carrier = CHANNEL,
        now: float = 0.0,
        others: tuple[PeerId, ...] = (HUBS[14], HUBS[15]),
    ) -> LinkId:
        """Open a link to a hub that says hello and which other links it has."""
        link = self.open(carrier, 0, now)
        self.hello(link, hub, now)
        self.receive(link, Adverts((advert(hub, OWN, *others),)), now)
        return link

    def lose(self, link: int, now: float = 0.0) -> list[Action]:
        return self.handle(LinkLost(LinkId(link), 1006, "broken"), now)

    def routed(
        self, link: int, body: Body, source: PeerId, now: float = 0.0, **changes: Any
    ) -> list[Action]:
        fields: dict[str, Any] = {"source": source, "source_incarnation": 1000, "destination": OWN}
        fields |= {"destination_incarnation": 0, "ttl": 9} | changes
        return self.receive(link, Routed(**fields, body=body), now)

    def pass_time(self, since: float, until: float, *alive: int) -> list[Action]:
        """Tick whenever something is due; over the links given hearts beat each second."""
        actions: list[Action] = []
        now = since
        while now <= until:
            for link in alive:
                self.receive(link, Adverts(()), now)
            following = now + 1.0
            while (when := self.mesh.deadline()) <= min(following, until):
                actions += self.tick(max(when, now))
            now = following
        return actions


class Meshes:
    """A few mesh objects and all that is on its way between them."""

    def __init__(self, *ids: PeerId, **options: Any) -> None:
        self.now = 0.0
        self.meshes: dict[PeerId, Mesh] = {}
        self._effects: dict[PeerId, Effects] = {}
        self.actions: dict[PeerId, list[tuple[float, Action]]] = {}
        self.changes: dict[PeerId, list[Change]] = {}
        self.cannot_have_channels: set[PeerId] = set()
        self._transit: Transit[PeerId, LinkEvent] = Transit()
        self._ends: dict[tuple[PeerId, int], tuple[PeerId, int]] = {}
        self._links = 0
        self.options = options
        for own in ids:
            self.start(own)

    def start(self, own: PeerId, *bootstrap: PeerId, life: int = 1000, seed: int = 0) -> None:
        uris = tuple(f"ws://{hub[0]}" for hub in bootstrap)
        options = self.options | {"advertise": (f"ws://{own[0]}",), "bootstrap_hubs": uris}
        config = ServerConfig(is_hub=True, **options)
        effects = self._effects[own] = Effects(0.0)
        rng = Random(int(own[:2], 16) + life + seed)
        self.meshes[own] = Mesh(own, config, rng, life, self.now, effects)
        self.actions[own], self.changes[own] = [], []

    def kill(self, own: PeerId) -> None:
        """End a hub without a word; its neighbours get no sign of it either."""
        del self.meshes[own]
        self._ends = {end: to for end, to in self._ends.items() if own not in (end[0], to[0])}

    def dial(self, own: PeerId, other: PeerId) -> None:
        self.meshes[own].dial(f"ws://{other[0]}", self.now)
        self._perform(own)

    def leave(self, own: PeerId) -> None:
        self.meshes[own].leave(self.now)
        self._perform(own)

    def break_links(self, own: PeerId) -> None:
        """Break all connections of a hub; both ends notice."""
        for end in [end for end in self._ends if end[0] == own]:
            for hub, number in (end, self._ends[end]):
                del self._ends[hub, number]
                self._soon(hub, LinkLost(LinkId(number), 1006, "broken"))

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due, own = min((mesh.deadline(), own) for own, mesh in self.meshes.items())
            arrives_at = self._transit.next_time()
            if min(due, arrives_at) > until:
                self.now = until
                return
            self.now = max(self.now, min(due, arrives_at))
            event: LinkEvent | None = None
            if arrives_at <= due:
                own, event = self._transit.receive_next()
            if own in self.meshes:
                self._happen(own, event)

    def _happen(self, own: PeerId, event: LinkEvent | None) -> None:
        mesh, now = self.meshes[own], self.now
        if event is None:
            mesh.tick(now)
        else:
            mesh.handle(event, now)
        self._perform(own)

    def _soon(self, own: PeerId, event: LinkEvent) -> None:
        self._transit.send(own, event, self.now + DELAY)

    def _perform(self, own: PeerId) -> None:
        effects = self._effects[own]
        self.changes[own] += effects.take_changes()
        for action in effects.take_actions():
            self.actions[own].append((self.now, action))
            match action:
                case SendToLink(link, frame) if (own, link) in self._ends:
                    other, number = self._ends[own, link]
                    self._soon(
                        other, LinkReceived(LinkId(number), decode(batch([encode(frame)]))[0])
                    )
                case CloseLink(link, code, reason) if (own, link) in self._ends:
                    other, number = self._ends.pop((own, link))
                    self._ends.pop((other, number), None)
                    self._soon(other, LinkLost(LinkId(number), code, reason))
                case Dial(opening, uri):
                    self._connect(own, opening, [hub for hub in self.meshes if hub[0] == uri[-1]])
                case MakeOffer(opening):
                    self._soon(own, ChannelDescribed(opening, f"{own} {opening}"))
                case MakeAnswer(opening, sdp):
                    self._soon(own, ChannelDescribed(opening, f"{own} {opening} {sdp}"))
                case TakeAnswer(opening, sdp):
                    answerer, theirs = sdp.split()[:2]
                    if {own, answerer} & self.cannot_have_channels:
                        self._soon(own, OpeningFailed(opening, "no way"))
                    else:
                        self._join(own, opening, PeerId(answerer), int(theirs), CHANNEL)

    def _connect(self, own: PeerId, opening: int, others: list[PeerId]) -> None:
        if others:
            self._join(own, opening, others[0], 0, SOCKET)
        else:
            self._soon(own, OpeningFailed(opening, "refused"))

    def _join(
        self, one: PeerId, opening: int, other: PeerId, theirs: int, carrier: Carrier
    ) -> None:
        self._links += 2
        ends = (one, self._links - 1), (other, self._links)
        self._ends[ends[0]], self._ends[ends[1]] = ends[1], ends[0]
        self._soon(one, LinkOpened(LinkId(ends[0][1]), carrier, opening))
        self._soon(other, LinkOpened(LinkId(ends[1][1]), carrier, theirs))

    # What has become of it

    def neighbours(self, own: PeerId) -> set[tuple[PeerId, Carrier]]:
        return {(end.hub, end.carrier) for end in self.meshes[own].advert.links}

    def links_of(self, own: PeerId) -> int:
        """Return how many connections end at a hub, wanted or not."""
        return sum(end[0] == own for end in self._ends)

    def notices(self, own: PeerId) -> list[Notice]:
        return notices(action for _, action in self.actions[own])

    def closings(self, own: PeerId) -> list[str]:
        closed = of_kind(CloseLink, (action for _, action in self.actions[own]))
        return [f"{close.code} {close.reason}" for close in closed]
