"""Clients of PeerJS on a mesh: one socket has an id, and each message has one end."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import islice, repeat
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.sim.checks.leftovers import leftovers
from peerpigeon.sim.checks.peers import PeerLedger
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import EXAMPLES, Outcome
from peerpigeon.sim.scenes.setting import FORMATION, begin
from peerpigeon.sim.scenes.troubles import TROUBLES, begin_trouble, mend
from peerpigeon.sim.visitors.peer import RELAYED, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.visitors.peer import PeerSocket
    from peerpigeon.sim.visitors.visitor import Visitor
    from peerpigeon.sim.websocket import Connection

ROUND = 40.0
"""Seconds from one trouble to the next."""

HEALED = 15.0
"""Seconds after which a mesh of these scenes is quiet again, on a rough network too."""

TALKS = 5
"""How often a second somebody begins to say something."""

LONGEST_KEPT = 180.0
"""Seconds after which nothing is kept of clients that are gone."""

NOT_THERE, COMES = 0.1, 0.7
"""How often somebody is spoken to who is not there, and how often that one comes then."""

LONGEST_PAUSE = 0.1
"""Seconds from one message to the next: many go before it is known what has become of the last."""

TRICKLE = 10
"""How much somebody says to a peer that moves meanwhile: what candidates it finds."""

WAITED_FOR = (0.5, 3.5)
"""Seconds after which a target comes that was not there when somebody spoke to it."""


@dataclass(slots=True, eq=False)
class Village:
    """The peers of a mesh, and those whom they await."""

    mesh: Mesh
    rng: Random
    peers: list[Peer] = field(default_factory=list)
    awaited: int = 0

    def add(self, peer_id: str, token: str = "", *, gives_up: bool = False) -> Peer:
        """Let a peer come, to any hub that lives, and again to another when that is gone."""
        peer = self.mesh.world.add_visitor(Peer)
        peer.peer, peer.gives_up = peer_id, gives_up
        peer.token = token or peer.token
        self.peers.append(peer)
        peer.connect(self._open)
        return peer

    def _open(self, visitor: Visitor) -> Connection | None:
        living = [hub for hub in self.mesh.living if not hub.is_stopping]
        hub = visitor.line_rng.choice(living)
        self.mesh.world.network.join(visitor, hub)
        return self.mesh.world.way_to(hub)(visitor)

    @property
    def sockets(self) -> list[PeerSocket]:
        """All that there ever were."""
        return [socket for peer in self.peers for socket in peer.sockets]

    def _anybody(self) -> Peer | None:
        present = [peer for peer in self.peers if peer.socket is not None]
        return self.rng.choice(present) if present else None

    def steadily(self, often: float, seconds: float, act: Callable[[], object]) -> None:
        """Have something done so often a second for so many seconds from now."""
        world, count = self.mesh.world, int(often * seconds)
        for number in range(count):
            world.at(world.now + (number + self.rng.random()) / often, act)

    # What peers do

    def talk(self) -> None:
        """Let any peer say something to any: mostly what it takes to connect."""
        sender = self._anybody()
        if sender is None:
            return
        if self.rng.random() < NOT_THERE:
            self.awaited += 1
            target = f"awaited-{self.awaited}"
            if self.rng.random() < COMES:
                world = self.mesh.world
                world.at(world.now + self.rng.uniform(*WAITED_FOR), partial(self._visit, target))
        else:
            target = self.rng.choice(self.peers).peer
        self._say(sender, target, islice(RELAYED, self.rng.randrange(1, 1 + len(RELAYED))))

    def _say(self, sender: Peer, target: str, kinds: Iterable[str]) -> None:
        world = self.mesh.world
        when = world.now
        for kind in kinds:
            world.at(when, partial(sender.send, target, kind))
            when += self.rng.uniform(0.0, LONGEST_PAUSE)

    def _visit(self, peer_id: str) -> None:
        visitor, world = self.add(peer_id), self.mesh.world
        world.at(world.now + ROUND / 2, visitor.leave)

    def move(self) -> None:
        """Let any peer lose its socket in one of the ways in which pages lose them."""
        peer, sender = self._anybody(), self._anybody()
        if peer is None or sender is None or peer.peer.startswith("awaited"):
            return
        self._say(sender, peer.peer, repeat("CANDIDATE", TRICKLE))
        middle = self.mesh.world.now + TRICKLE * LONGEST_PAUSE / 4
        self.mesh.world.at(middle, partial(self._move, peer))

    def _move(self, peer: Peer) -> None:
        match self.rng.randrange(5):
            case 0:
                peer.reload()
            case 1:
                peer.change_network()
            case 2:
                peer.change_network(reloads=True)
            case 3:  # the same page twice
                peer.stays = False
                self.add(peer.peer, peer.token)
            case _:  # somebody else
                self.add(peer.peer, gives_up=True)


def peerjs(
    seed: int,
    hubs: int = 5,
    rounds: int = 4,
    peers: int = 10,
    *,
    kind: type[Hub] = Hub,
    rough: bool = False,
) -> Outcome:
    """Let peers talk, move, and contend for ids while hubs die, fall asleep, are cut off, and come.

    Must show: two have one id only if one has taken it over, or was out of reach; each message is
    delivered, or its sender is told, once, but for what was in a socket that has ended; the order
    of each pair is kept; nothing is left when all are gone.
    """
    layout = Layout(hubs=hubs, max_links=3, over=1.0, migration_delay=2.0, kind=kind)
    mesh = begin(seed, layout, rough=rough)
    outcome, world = Outcome(mesh.world), mesh.world
    mesh.settle(FORMATION)
    village, quiet = Village(mesh, world.chance("village")), []
    for number in range(peers):
        world.at(world.now + village.rng.random(), partial(village.add, f"peer-{number}"))
    world.run(HEALED)
    village.steadily(TALKS, rounds * ROUND, village.talk)
    village.steadily(0.25, rounds * ROUND, village.move)
    for number in range(rounds):
        quiet_from = world.now
        world.run(ROUND / 2)
        quiet.append((quiet_from, world.now))
        begin_trouble(TROUBLES[(seed + number) % len(TROUBLES)], mesh, village.rng)
        world.run(ROUND / 8)
        mend(mesh)
        world.run(ROUND * 3 / 8)
    world.run(HEALED)
    ledger = PeerLedger(village.sockets, quiet, world.now)
    outcome.faults += islice(ledger.faults(), EXAMPLES)
    outcome.faults += [fault for peer in village.peers for fault in peer.surprises[:3]]
    outcome.figures["sent"] = sum(len(socket.sent) for socket in village.sockets)
    outcome.figures["delivered"] = sum(len(socket.heard) for socket in village.sockets)
    outcome.figures["expired"] = sum(len(socket.expired) for socket in village.sockets)
    outcome.figures["opened"] = sum(socket.since is not None for socket in village.sockets)
    outcome.figures["refused"] = sum(socket.refused is not None for socket in village.sockets)
    outcome.figures["lost with a socket"] = ledger.lost
    for peer in village.peers:
        peer.leave()
    world.run(LONGEST_KEPT)
    for hub in mesh.living:
        rest = islice(leftovers(hub.hub), 3)
        outcome.faults += [f"hub {hub.number} keeps {left}" for left in rest]
    return outcome
