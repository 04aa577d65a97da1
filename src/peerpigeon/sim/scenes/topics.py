"""Scenes of topics: what is published is heard by all, once, whatever becomes of hubs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import EXAMPLES, Outcome
from peerpigeon.sim.scenes.setting import FORMATION, begin
from peerpigeon.sim.scenes.troubles import TROUBLES, begin_trouble, mend
from peerpigeon.sim.visitors.listener import Listener

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.visitors.listener import Publication, Subscription
    from peerpigeon.sim.visitors.visitor import Visitor
    from peerpigeon.sim.websocket import Connection

ROUND = 30.0
"""Seconds from one trouble to the next."""

HEALED = 15.0
"""Seconds after which a mesh of these scenes is quiet again, on a rough network too."""

PROMPT = 5.0
"""Seconds within which each listener has heard what was published in a quiet time."""

_TROUBLES = tuple(kind for kind in TROUBLES if kind != "machine")
"""Nobody notices when a whole machine is gone; then a client of y-webrtc hears for 30 s nothing."""

_PARTINGS = ("cut", "nap")
"""Troubles after which hubs come back that had clients meanwhile: what these greet with is said
again."""

GREETS_WITHIN = 1.0
"""Seconds within which what a client says that has come may be taken for its greeting."""

PUBLICATIONS = 10
"""How many a second."""

LONGEST_KEPT = 120.0
"""Seconds after which nothing is kept of topics in which nobody listens."""


@dataclass(slots=True, eq=False)
class Audience:
    """The visitors of a mesh, and when it was quiet."""

    mesh: Mesh
    rng: Random
    visitors: list[Listener] = field(default_factory=list)
    quiet: list[tuple[float, float]] = field(default_factory=list)
    merged: list[float] = field(default_factory=list)
    """By when hubs had come that others took for ones with a life of their own."""

    def add(self, topics: tuple[str, ...]) -> None:
        """Let a visitor come, to any hub that lives, and again to another when that is gone."""
        visitor = self.mesh.world.add_visitor(Listener)
        visitor.topics = topics
        self.visitors.append(visitor)
        visitor.connect(self._open)

    def _open(self, visitor: Visitor) -> Connection | None:
        living = [hub for hub in self.mesh.living if not hub.is_stopping]
        hub = visitor.line_rng.choice(living)
        self.mesh.world.network.join(visitor, hub)
        return self.mesh.world.way_to(hub)(visitor)

    def publish(self) -> None:
        """Let any visitor publish to any of its topics."""
        visitor = self.rng.choice(self.visitors)
        visitor.publish(self.rng.choice(visitor.topics))

    def publish_steadily(self, seconds: float) -> None:
        """Let visitors publish for so many seconds from now."""
        world, count = self.mesh.world, int(PUBLICATIONS * seconds)
        for number in range(count):
            world.at(world.now + number * seconds / count, self.publish)

    # What must be so

    def faults(self) -> list[str]:
        """Return a sentence for whatever was heard twice, or not in a quiet time.

        What clients have greeted with is said again, once, each time that hubs come back which were
        parted from others.
        """
        faults: list[str] = []
        stays = [stay for visitor in self.visitors for stay in visitor.subscriptions]
        often = {
            publication.serial: 1 + sum(publication.time < time for time in self.merged)
            for visitor in self.visitors
            for publication in visitor.published
            if publication.time < publication.subscription.since + GREETS_WITHIN
        }
        for stay in stays:
            for serial, count in Counter(stay.heard).items():
                if count > often.get(serial, 1):
                    faults.append(f"{serial} was heard {count} times")
        for visitor in self.visitors:
            for publication in visitor.published:
                faults += self._misses(publication, stays)
        return faults

    def _misses(self, publication: Publication, stays: list[Subscription]) -> list[str]:
        time, topic = publication.time, publication.topic
        if not any(since <= time <= until - PROMPT for since, until in self.quiet):
            return []
        return [
            f"{publication.serial} of {time:.2f} was not heard in time"
            for stay in stays
            if topic in stay.topics
            and stay.since + PROMPT <= time
            and (stay.until is None or time + PROMPT <= stay.until)
            and stay.times.get(publication.serial, time + PROMPT + 1) > time + PROMPT
        ]

    def share_heard(self) -> float:
        """Return the part of all that was to be heard, troubled times included, that was."""
        stays = [stay for visitor in self.visitors for stay in visitor.subscriptions]
        due = heard = 0
        for visitor in self.visitors:
            for publication in visitor.published:
                for stay in stays:
                    is_there = stay.since < publication.time < (stay.until or float("inf")) - PROMPT
                    if publication.topic in stay.topics and is_there:
                        due += 1
                        heard += publication.serial in stay.times
        return heard / max(1, due)


def topics(
    seed: int, hubs: int = 5, rounds: int = 5, visitors: int = 12, *, rough: bool = False
) -> Outcome:
    """Publish all the time while hubs are killed, stopped, cut off, put to sleep, and come.

    Must show: what is published in a quiet time is heard by each that listens, once; nothing is
    ever heard twice, but greetings once more for each time that hubs come back; and nothing is kept
    when all are gone.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, over=1.0, migration_delay=2.0), rough=rough)
    outcome, world = Outcome(mesh.world), mesh.world
    mesh.settle(FORMATION)
    audience = Audience(mesh, world.chance("audience"))
    rooms = ("one", "two", "three", "four")
    for number in range(visitors):
        some = rooms[number % 4], rooms[(number + 1 + number // 4) % 4]
        world.at(world.now + audience.rng.random(), partial(audience.add, some))
    world.run(HEALED)
    audience.publish_steadily(rounds * ROUND)
    for number in range(rounds):
        quiet_from = world.now
        world.run(ROUND / 3)
        audience.quiet.append((quiet_from, world.now))
        kind = _TROUBLES[(seed + number) % len(_TROUBLES)]
        begin_trouble(kind, mesh, audience.rng)
        world.run(ROUND / 6)
        mend(mesh)
        world.run(ROUND / 2)
        if rough or kind in _PARTINGS:  # by a wrong clock a hub that starts has run for long
            audience.merged.append(world.now)
    world.run(PROMPT)
    outcome.faults += audience.faults()[:EXAMPLES]
    outcome.figures["published"] = sum(len(each.published) for each in audience.visitors)
    outcome.figures["share not heard in all"] = 1 - audience.share_heard()
    for visitor in audience.visitors:
        visitor.leave()
    world.run(LONGEST_KEPT)
    for hub in mesh.living:
        status = hub.hub.status
        kept, namespaces = status.figures().topics, status.snapshot(world.now).namespaces
        rest = kept.listened, kept.under_way, kept.kept, namespaces
        outcome.expect(not any(rest), f"hub {hub.number} keeps {rest} of topics")
    return outcome
