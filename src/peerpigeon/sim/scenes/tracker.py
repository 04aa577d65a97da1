"""Clients of a WebTorrent tracker on a mesh: draws, answers and counts over the whole swarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.sim.checks.leftovers import leftovers
from peerpigeon.sim.checks.swarms import SwarmLedger
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import EXAMPLES, Outcome
from peerpigeon.sim.scenes.setting import FORMATION, begin
from peerpigeon.sim.scenes.troubles import TROUBLES, begin_trouble, mend
from peerpigeon.sim.visitors.downloader import UNTOLD, Downloader

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.visitors.visitor import Visitor
    from peerpigeon.sim.websocket import Connection

ROUND = 40.0
"""Seconds from one trouble to the next."""

HEALED = 15.0
"""Seconds after which a mesh of these scenes is quiet again, on a rough network too."""

LONGEST_KEPT = 180.0
"""Seconds after which nothing is kept of clients that are gone."""

SWARMS = ("a small one", "a large one")


@dataclass(slots=True, eq=False)
class Crowd:
    """The downloaders of a mesh."""

    mesh: Mesh
    rng: Random
    downloaders: list[Downloader] = field(default_factory=list)

    def add(self, *swarms: str) -> None:
        """Let a downloader come, to any hub that lives, and again to another when that is gone."""
        downloader = self.mesh.world.add_visitor(Downloader)
        downloader.wanted |= set(swarms)
        self.downloaders.append(downloader)
        downloader.connect(self._open)

    def _open(self, visitor: Visitor) -> Connection | None:
        living = [hub for hub in self.mesh.living if not hub.is_stopping]
        hub = visitor.line_rng.choice(living)
        self.mesh.world.network.join(visitor, hub)
        return self.mesh.world.way_to(hub)(visitor)

    def act(self) -> None:
        """Let any downloader do one of the things that they do now and then."""
        downloader = self.rng.choice(self.downloaders)
        swarm = self.rng.choice(SWARMS)
        match self.rng.randrange(5):
            case 0 if swarm in downloader.wanted:
                downloader.stop(swarm)
            case 0:
                downloader.enter(swarm)
            case 1 if swarm in downloader.wanted:
                downloader.complete(swarm)
            case 2:  # a page that is closed, and opened again
                downloader.close()
                world = self.mesh.world
                world.at(world.now + self.rng.uniform(1.0, 8.0), downloader.connect)
            case _:
                downloader.scrape(swarm)


def tracker(
    seed: int,
    hubs: int = 5,
    rounds: int = 4,
    downloaders: int = 12,
    *,
    kind: type[Hub] = Hub,
    rough: bool = False,
) -> Outcome:
    """Let downloaders come and go while hubs die, fall asleep, are cut off, and come.

    Must show: nobody is drawn who is gone, or for its own offers; no offer comes twice, nor two of
    an announce to one, at any time; answers come to who has made the offer, once; in a quiet time
    counts are those of the whole swarm, and all offers come for which there is somebody; nothing is
    left when all are gone.
    """
    layout = Layout(hubs=hubs, max_links=3, over=1.0, migration_delay=2.0, kind=kind)
    mesh = begin(seed, layout, rough=rough)
    outcome, world = Outcome(mesh.world), mesh.world
    mesh.settle(FORMATION)
    crowd, quiet = Crowd(mesh, world.chance("crowd of a tracker")), []
    for number in range(downloaders):
        some = SWARMS if number % 3 == 0 else SWARMS[1:]
        world.at(world.now + crowd.rng.random(), partial(crowd.add, *some))
    world.run(HEALED)
    for number in range(int(rounds * ROUND / 2)):
        world.at(world.now + 2.0 * (number + crowd.rng.random()), crowd.act)
    for number in range(rounds):
        quiet_from = world.now
        world.run(ROUND / 2)
        quiet.append((quiet_from, world.now))
        begin_trouble(TROUBLES[(seed + number) % len(TROUBLES)], mesh, crowd.rng)
        world.run(ROUND / 8)
        mend(mesh)
        world.run(ROUND * 3 / 8)
    world.run(HEALED)
    ledger = SwarmLedger(crowd.downloaders, quiet)
    outcome.faults += islice(ledger.faults(), EXAMPLES)
    outcome.faults += [fault for each in crowd.downloaders for fault in each.surprises[:3]]
    outcome.figures["announces"] = sum(len(each.announced) for each in crowd.downloaders)
    outcome.figures["offers heard"] = sum(len(each.offers) for each in crowd.downloaders)
    outcome.figures["answers heard"] = sum(len(each.answers) for each in crowd.downloaders)
    outcome.figures["told to come soon"] = sum(
        announced.interval < UNTOLD for each in crowd.downloaders for announced in each.announced
    )
    for name in ("offers", "answers", "counts"):
        outcome.figures[f"{name} judged"] = ledger.judged[name]
        outcome.expect(ledger.judged[name], f"no {name} were judged")
    for downloader in crowd.downloaders:
        downloader.leave()
    world.run(LONGEST_KEPT)
    for hub in mesh.living:
        rest = islice(leftovers(hub.hub), 3)
        outcome.faults += [f"hub {hub.number} keeps {left}" for left in rest]
    return outcome
