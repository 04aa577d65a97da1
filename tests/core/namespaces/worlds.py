"""Several hubs that exchange news about namespaces, without links, streams or sockets.

News from one hub to another waits in a queue of that pair until it is delivered, one by one, in
any order of the pairs. Each hub has its own view of the mesh. What the clients are told is
checked as it is told: no member is introduced to a client that knows it, none leaves that the
client does not know, and nothing crosses from one namespace to another.
"""

from __future__ import annotations

from collections import Counter
from math import inf
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.namespaces.client_news import ClientNews, Introduction
from peerpigeon.core.namespaces.handover import HANDOVER
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.namespaces.presence import Presence
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Counted,
    Dealt,
    Draw,
    Found,
    Granted,
    Handed,
    HandedOut,
    Join,
    Located,
    News,
    Owned,
    Refusal,
    Relay,
    Spread,
    Undelivered,
    Unknown,
    Verdict,
)
from tests.core.transit import Transit

if TYPE_CHECKING:
    from collections.abc import Iterable

Step = tuple[int, int, int, int]
Circle = dict[str, Located]
Pair = tuple[PeerId, PeerId]


def peer_ids(count: int, seed: int = 7) -> list[PeerId]:
    rng = Random(seed)
    return [generate_peer_id(rng) for _ in range(count)]


def pairs(told: Iterable[ClientNews]) -> list[tuple[ClientNews, PeerId, Located]]:
    """Return each single thing that a client is told: what is said, to whom, about whom."""
    return [
        (news, peer, located)
        for news in told
        for peer in news.peers
        for located in (news.members if isinstance(news, Introduction) else (news.located,))
    ]


class MiniHub:
    """What ``hub.py`` does with namespaces, and nothing else."""

    def __init__(self, mesh: Mesh, own: PeerId, incarnation: int, view: frozenset[PeerId]) -> None:
        self.mesh = mesh
        self.own = own
        self.incarnation = incarnation
        self.view = view
        self.lives: dict[PeerId, int] = {}
        self.given_up: set[PeerId] = set()
        self.effects = effects = Effects(0.0)
        rng, limit, placement = Random(mesh.seed), mesh.limit, Placement(view)
        self.namespaces = both = Namespaces(own, incarnation, limit, rng, placement, effects)
        both.presence = mesh.presence(own, limit, incarnation, both.views, placement, effects)
        both.rendezvous = mesh.rendezvous(own, limit, rng, both.views, placement, effects)
        both.show(self.shown(), mesh.now)
        # By namespace and client: whom the client knows, by id in lower case.
        self.circles: dict[tuple[str, PeerId], Circle] = {}
        self.silent: set[PeerId] = set()
        self.closed: list[PeerId] = []
        self.found: list[Found] = []

    def shown(self) -> dict[PeerId, int]:
        lives = {hub: self.lives.get(hub, self.mesh.life(hub)) for hub in sorted(self.view)}
        return lives | {self.own: self.incarnation}

    @property
    def presence(self) -> Presence:
        return self.namespaces.presence

    # Clients

    def join(self, namespace: str, peer: PeerId, introduction: bytes = b"{}") -> None:
        self.circles.setdefault((namespace, peer), {})
        self.presence.announce(namespace, peer, introduction)
        self.act()

    def leave(self, namespace: str, peer: PeerId, *, has_said_goodbye: bool = False) -> None:
        del self.circles[namespace, peer]
        self.act(
            self.presence.withdraw(
                namespace, peer, self.mesh.now, has_said_goodbye=has_said_goodbye
            )
        )

    # Views

    def see(self, hubs: Iterable[PeerId], *, is_late: bool = False) -> None:
        """Change this hub's view of the mesh, as membership would.

        ``is_late``: the parts are shown the new view only when it changes again.
        """
        view = frozenset(hubs) | {self.own}
        gone = sorted(self.view - view)
        come = sorted(view - self.view)
        returned = [
            hub
            for hub in come
            if hub in self.given_up and self.lives.get(hub) == self.mesh.life(hub)
        ]
        self.view = view
        self.given_up -= view
        for hub in gone:
            self.mesh.news.lose((self.own, hub))
            self.given_up.add(hub)
            self.act(self.namespaces.hub_gone(hub, self.mesh.now))
        for hub in sorted(view):
            self.notice_life(hub, self.mesh.life(hub), is_late=True)
        for hub in returned:
            self.act(self.namespaces.hub_returned(hub, self.mesh.now))
        if not is_late:
            self.show()

    def notice_life(self, hub: PeerId, incarnation: int, *, is_late: bool = False) -> None:
        if self.lives.get(hub, incarnation) != incarnation:
            self.act(self.namespaces.hub_restarted(hub, incarnation, self.mesh.now))
            if not is_late:
                self.lives[hub] = incarnation
                self.show()
        self.lives[hub] = incarnation

    def show(self) -> None:
        self.act(self.namespaces.show(self.shown(), self.mesh.now))

    # News

    def act(self, told: Iterable[ClientNews] = ()) -> None:
        for news, peer, located in pairs(told):
            circle = self.circles[news.namespace, peer]
            member = located.member
            name = member.peer.lower()
            assert name != peer.lower(), "nobody is introduced to itself"
            if isinstance(news, Introduction):
                assert name not in circle, "a pair is introduced once"
                assert (news.namespace, located.hub, member.session) in self.mesh.registrations, (
                    "who is introduced has announced itself in this namespace"
                )
                circle[name] = located
            else:
                assert name in circle, "only who is known can leave, and once"
                assert circle[name].member.session == member.session
                del circle[name]
        self.send(self.effects.take_news())

    def send(self, news: Iterable[tuple[PeerId, News]]) -> None:
        for hub, piece in news:
            if isinstance(piece, Join):
                for member in piece.members:
                    self.mesh.registrations.add((piece.namespace, self.own, member.session))
            if hub in self.given_up:
                continue
            self.mesh.sent[type(piece)] += 1
            life = self.lives.get(hub, self.mesh.life(hub))
            self.mesh.news.send((self.own, hub), (self.incarnation, life, piece))

    def receive(self, hub: PeerId, news: News) -> None:
        now = self.mesh.now
        match news:
            case Found():
                self.found.append(news)
                self.presence.on_found(news, now)
            case Challenge():
                self.answer(hub, news)
            case Refusal():
                self.on_refusal(news)
            case Granted():
                self.presence.ids.grant(news)
            case Relay() | Undelivered() | Owned() | Unknown() | Spread() | Handed():
                pytest.fail("only news of namespaces comes here")
            case HandedOut() | Draw() | Dealt() | Counted():
                pytest.fail("only news of namespaces comes here")
            case _:
                self.act(self.namespaces.on_news(hub, news, now))

    def answer(self, hub: PeerId, challenge: Challenge) -> None:
        peer = self.holds(challenge)
        stays = peer is not None and peer not in self.silent
        if peer is not None and not stays:
            self.leave(challenge.namespace, peer)
        verdict = Verdict(challenge.namespace, challenge.peer, challenge.session, stays)
        self.send([(hub, verdict)])

    def on_refusal(self, refusal: Refusal) -> None:
        peer = self.holds(refusal)
        if peer is not None:
            self.closed.append(peer)
            self.leave(refusal.namespace, peer)

    def holds(self, news: Challenge | Refusal) -> PeerId | None:
        member = self.presence.find(news.namespace, news.peer)
        return member.peer if member and member.session == news.session else None

    def tick(self) -> None:
        self.act(self.namespaces.expire(self.mesh.now))


class Mesh:
    """Hubs by number, and what is on its way between them."""

    def __init__(
        self,
        hubs: int = 3,
        limit: int = 50,
        seed: int = 1,
        presence: type[Presence] = Presence,
        rendezvous: type[Rendezvous] = Rendezvous,
    ) -> None:
        self.limit = limit
        self.seed = seed
        self.presence = presence
        self.rendezvous = rendezvous
        self.now = 100.0
        self.sent: Counter[type[News]] = Counter()
        self.registrations: set[tuple[str, PeerId, int]] = set()
        self.news: Transit[Pair, tuple[int, int, News]] = Transit()
        self.ids = peer_ids(hubs, seed)
        self.hubs: dict[PeerId, MiniHub] = {}
        for own in self.ids:
            self.hubs[own] = MiniHub(self, own, 1, frozenset(self.ids))
        for hub in self.hubs.values():
            hub.lives = dict.fromkeys(self.ids, 1)
        self.now += HANDOVER  # they have known each other for a while

    def __getitem__(self, number: int) -> MiniHub:
        return self.hubs[self.ids[number % len(self.ids)]]

    def life(self, hub: PeerId) -> int:
        return self.hubs[hub].incarnation if hub in self.hubs else 1

    def restart(self, number: int, view: Iterable[PeerId] | None = None) -> None:
        """Kill a hub and start it again; what it was about to say or to hear is lost."""
        old = self[number]
        shown = frozenset(self.ids if view is None else view) | {old.own}
        hub = MiniHub(self, old.own, old.incarnation + 1, shown)
        self.hubs[old.own] = hub
        hub.lives = {other: self.life(other) for other in shown}
        self.news.lose((old.own, old.own))

    def kill(self, number: int) -> None:
        """Kill a hub for good; the others notice when their views change."""
        own = self[number].own
        self.ids.remove(own)
        del self.hubs[own]
        for pair in self.news.busy_lines():
            if own in pair:
                self.news.lose(pair)

    def deliver(self, count: int = 1, choice: int = 0) -> int:
        """Deliver so many pieces of news, from a pair that ``choice`` picks; return how many."""
        for delivered in range(count):
            waiting = self.news.busy_lines()
            if not waiting:
                return delivered
            source, destination = waiting[choice % len(waiting)]
            life, goal, news = self.news.receive((source, destination))
            receiver = self.hubs.get(destination)
            if receiver is None or goal != receiver.incarnation:
                continue
            if life < receiver.lives.get(source, 0):
                continue
            receiver.notice_life(source, life)
            receiver.receive(source, news)
        return count

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass and deliver all there is, until nobody has more to say."""
        until = self.now + seconds
        while True:
            while self.deliver(100):
                pass
            deadlines = [self.deadline_of(hub) for hub in self.hubs.values()]
            due = min((t for t in deadlines if t is not None), default=inf)
            if due > until:
                self.now = until
                return
            self.now = max(self.now, due)
            for hub in list(self.hubs.values()):
                hub.tick()

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what is on its way stays there."""
        self.now += seconds
        for hub in list(self.hubs.values()):
            hub.tick()

    def deadline_of(self, hub: MiniHub) -> float | None:
        return hub.namespaces.deadline()

    def settle(self) -> None:
        """Bring all views into agreement and let the mesh come to rest.

        That may take a minute: a rendezvous hub, and then a serving hub, believe for half a minute
        in a member whose hub is not in their view.
        """
        for hub in list(self.hubs.values()):
            hub.see(self.ids)
        self.run(61.0)

    # What must hold

    def members(self, namespace: str) -> dict[str, tuple[PeerId, int]]:
        """Return the hub and session of each client that is there, by id in lower case."""
        found: dict[str, tuple[PeerId, int]] = {}
        for hub in self.hubs.values():
            for name, peer in hub.circles:
                if name == namespace:
                    member = hub.presence.find(namespace, peer)
                    assert member is not None
                    assert peer.lower() not in found, "an id is at one hub"
                    found[peer.lower()] = hub.own, member.session
        return found

    def circles(self, namespace: str) -> dict[str, Circle]:
        return {
            peer.lower(): circle
            for hub in self.hubs.values()
            for (name, peer), circle in hub.circles.items()
            if name == namespace
        }

    def check_truth(self, namespace: str) -> None:
        """Whom a client believes to be there, is there, in the registration that it knows."""
        members = self.members(namespace)
        for circle in self.circles(namespace).values():
            for name, located in circle.items():
                assert name in members, "who has left is known to have left"
                assert members[name] == (located.hub, located.member.session)

    def check_everyone_knows_everyone(self, namespace: str) -> None:
        members = self.members(namespace)
        for name, circle in self.circles(namespace).items():
            assert circle.keys() == members.keys() - {name}
        self.check_truth(namespace)


def play(mesh: Mesh, steps: Iterable[Step], namespaces: int = 2) -> None:
    """Let things happen: a step is what happens, and three numbers that say where and to whom."""
    peers = peer_ids(8, seed=99)
    for kind, first, second, third in steps:
        hub = mesh[first]
        namespace, peer = f"net{second % namespaces}", peers[third % len(peers)]
        present = [key for key in hub.circles if key == (namespace, peer)] or list(hub.circles)
        match kind % 10:
            case 0 | 1 | 2:
                if all(known != peer for _, known in hub.circles):
                    hub.join(namespace, peer)
            case 3 | 4 if present:
                hub.leave(*present[0], has_said_goodbye=bool(second % 2))
            case 5:
                view = [own for bit, own in enumerate(mesh.ids) if second >> bit & 1]
                hub.see(view, is_late=bool(third % 2))
            case 6:
                hub.see(mesh.ids)
            case 7 if third % 4 == 0:
                mesh.restart(first, [own for bit, own in enumerate(mesh.ids) if second >> bit & 1])
            case 7 if third % 4 == 1 and len(mesh.ids) > 2:
                mesh.kill(first % len(mesh.ids))
            case 8 if third % 4 == 0:
                mesh.pass_time(HANDOVER)
            case _:
                mesh.deliver(1 + second % 8, third)


def check_small(mesh: Mesh, namespaces: int = 2) -> None:
    """Settle, and check what must hold in namespaces that never were large."""
    mesh.settle()
    for number in range(namespaces):
        mesh.check_everyone_knows_everyone(f"net{number}")
