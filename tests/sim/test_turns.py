"""Events that a hub takes together come to the same as one by one.

The server hands a hub all that it has read in one turn of its loop, the simulator one event at a
time. What hubs of a world went through is played to them again, in turns of several events.
"""

from __future__ import annotations

import copy
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.events import (
    ChannelDescribed,
    LinkLost,
    LinkOpened,
    LinkReceived,
    OpeningFailed,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    ReferenceOpened,
    Tick,
)
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.population import Population
from tests.sim.mutants import one_by_one

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.interface.events import Event


class Recording(Hub):
    """Remembers all that happened to it, and what it answered."""

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float, now: float
    ) -> None:
        self._birth = own, config, copy.deepcopy(rng), epoch, now
        self.happened: list[tuple[Event, float]] = []
        self.answered: list[Action] = []
        super().__init__(own, config, rng, epoch, now)

    def handle(self, event: Event, now: float) -> list[Action]:
        self.happened.append((event, now))
        actions = list(one_by_one(super().handle(event, now)))
        self.answered += actions
        return actions

    def anew(self) -> Hub:
        """Return a hub to which nothing has happened yet, with the same chance."""
        own, config, rng, epoch, now = self._birth
        return Hub(own, config, copy.deepcopy(rng), epoch, now)


@pytest.fixture(scope="module")
def hubs() -> list[Recording]:
    """Return hubs that have formed a mesh, served clients, and lost one of them."""
    common = ServerConfig(
        reference_hubs="yes",
        bootstrap_hubs=("ws://reference:3000", "ws://nowhere:3000"),
        cleanup_interval=2.0,
        peer_timeout=10.0,
    )
    mesh = Mesh.begin(1, Layout(hubs=6, common=common, kind=Recording))
    world = mesh.world
    reference = world.add_reference_hub("reference")
    recorded = []
    assert mesh.settle(60.0) is not None
    population = Population.of(mesh)
    population.arrive(18, ["north", "south"], 3.0)
    for _ in range(3):
        population.add_at(reference, "north")
    world.run(5.0)
    population.signal_steadily(200, 20.0)
    population.say_farewell()
    world.run(5.0)
    world.kill(mesh.hubs[0])
    world.run(20.0)
    for hub in mesh.hubs:
        assert isinstance(hub.hub, Recording)
        recorded.append(hub.hub)
    return recorded


def test_the_hubs_have_met_events_of_all_kinds(hubs: list[Recording]) -> None:
    """Candidates are missing: the simulated engine has them all in its descriptions."""
    met = {type(event) for hub in hubs for event, _ in hub.happened}
    assert met == {
        *(PeerOpened, PeerSent, PeerPonged, PeerLost, ReferenceOpened, Tick),
        *(LinkOpened, LinkReceived, LinkLost, OpeningFailed, ChannelDescribed),
    }


def test_the_same_events_call_for_the_same_actions_again(hubs: list[Recording]) -> None:
    for hub in hubs:
        again = hub.anew()
        actions: list[Action] = []
        for event, now in hub.happened:
            actions += one_by_one(again.handle(event, now))
        assert actions == hub.answered


@pytest.mark.parametrize("longest", [2, 10, 1000])
def test_events_of_one_turn_call_for_the_same_actions_as_singly(
    hubs: list[Recording], longest: int
) -> None:
    rng = Random(longest)
    for hub in hubs:
        again = hub.anew()
        actions: list[Action] = []
        left = 0
        for event, now in hub.happened:
            again.take(event, now)
            left = left - 1 if left else rng.randrange(longest)
            if not left:
                actions += one_by_one(again.act())
        actions += one_by_one(again.act())
        assert actions == hub.answered
