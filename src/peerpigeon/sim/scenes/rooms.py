"""Rooms of y-webrtc on a mesh: all who are in one come to be connected, though they greet once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.reach import sound_until
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import EXAMPLES, Outcome
from peerpigeon.sim.scenes.setting import FORMATION, begin
from peerpigeon.sim.scenes.troubles import begin_trouble, mend
from peerpigeon.sim.visitors.roommate import Roommate

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.visitors.visitor import Visitor
    from peerpigeon.sim.websocket import Connection

ROUND = 60.0
"""Seconds from one trouble to the next."""

MET = 20.0
"""Seconds within which all are connected who are in a room and whose sockets are sound."""

TROUBLES = ("kill", "cut", "divide", "restart", "join", "nap", "stop", "machine")

NEWCOMERS = 2
"""How many come just after a trouble, as many more while it lasts, and when it is over."""

STAYS = 30.0
"""Rounds for which somebody stays, about: who is left greets again, which mends much."""


@dataclass(slots=True, eq=False)
class House:
    """All who are, or were, in a room."""

    mesh: Mesh
    rng: Random
    by_name: dict[str, Roommate] = field(default_factory=dict)

    def add(self, room: str) -> None:
        """Let somebody come, to any hub that lives, and again to another when that is gone."""
        kind = partial(Roommate, room=room, others=self.by_name)
        roommate = self.mesh.world.add_visitor(kind)
        self.by_name[roommate.name] = roommate
        roommate.connect(self._open)
        stays = self.rng.expovariate(1.0 / (STAYS * ROUND))
        self.mesh.world.at(self.mesh.world.now + stays, roommate.leave)

    def _open(self, visitor: Visitor) -> Connection | None:
        living = [hub for hub in self.mesh.living if not hub.is_stopping]
        hub = visitor.line_rng.choice(living)
        self.mesh.world.network.join(visitor, hub)
        return self.mesh.world.way_to(hub)(visitor)

    def present(self) -> list[Roommate]:
        """Return who has had a sound socket for long enough to have met all others."""
        now = self.mesh.world.now
        return [
            each
            for each in self.by_name.values()
            if each.stays
            and each.since is not None
            and each.since <= now - MET
            and each.connection is not None
            and sound_until(each.connection) > now
        ]

    def strangers(self) -> list[tuple[Roommate, Roommate]]:
        """Return the pairs that should be connected and are not."""
        return [
            (one, other)
            for one, other in combinations(self.present(), 2)
            if one.room == other.room and not (one.is_with(other) and other.is_with(one))
        ]


def rooms(
    seed: int, hubs: int = 5, rounds: int = 5, roommates: int = 8, *, rough: bool = False
) -> Outcome:
    """Let people come to rooms just when hubs die, are cut off, or a mesh is parted in halves.

    Must show: 40 s after a trouble is over all in a room are connected whose sockets are sound,
    also those that greeted in two meshes.
    """
    layout = Layout(hubs=hubs, max_links=3, over=1.0, migration_delay=2.0)
    mesh = begin(seed, layout, rough=rough)
    outcome, world = Outcome(mesh.world), mesh.world
    mesh.settle(FORMATION)
    house = House(mesh, world.chance("house"))
    names = ("one", "two")
    for number in range(roommates):
        world.at(world.now + house.rng.random(), partial(house.add, names[number % 2]))
    world.run(MET + 1.0)
    pairs = 0
    for number in range(rounds):
        kind = TROUBLES[(seed + number) % len(TROUBLES)]
        if kind == "divide":
            halves = mesh.living[::2], mesh.living[1::2]
            world.part(*halves)
        else:
            begin_trouble(kind, mesh, house.rng)
        for wave in (0.0, ROUND / 6, ROUND / 3):
            for _ in range(NEWCOMERS):
                time = world.now + wave + house.rng.random() * 2.0
                world.at(time, partial(house.add, house.rng.choice(names)))
        world.run(ROUND / 3)
        mend(mesh)
        world.run(ROUND * 2 / 3)
        present = house.present()
        pairs += sum(one.room == other.room for one, other in combinations(present, 2))
        outcome.faults += [
            f"{one.name} and {other.name} in {one.room} have not met at {world.now:.2f}, {kind}"
            for one, other in house.strangers()
        ][:EXAMPLES]
    outcome.figures["pairs"] = pairs
    outcome.figures["not met"] = len(outcome.faults)
    return outcome
