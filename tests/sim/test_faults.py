"""Faults do what their names say, and no more than that."""

from collections.abc import Callable

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import Dial, SendToLink
from peerpigeon.core.interface.events import (
    ClockSet,
    LinkLost,
    LinkOpened,
    PeerLost,
    PeerOpened,
    PeerSent,
    Tick,
)
from peerpigeon.core.wire.hub_frames import Heartbeat
from peerpigeon.sim.world import EPOCH, World
from tests.sim.puppets import Puppet, Stage, puppet

OpenLink = Callable[..., tuple[LinkId, LinkId]]


def test_the_websocket_of_a_killed_process_is_reset() -> None:
    stage = Stage()
    _, far = stage.connect()
    stage.world.kill(stage.hubs[0])
    stage.world.run(9.0)
    assert stage.happened(1, LinkLost) == [(2.5, LinkLost(far, 1006, ""))]


def test_nobody_notices_that_the_process_behind_a_data_channel_was_killed() -> None:
    stage = Stage()
    _, far = stage.pair()
    stage.world.kill(stage.hubs[0])
    stage.beat(1, far)
    stage.world.run(60.0)
    assert not stage.happened(1, LinkLost)
    assert len(stage.hubs[1].links) == 1


@pytest.mark.parametrize("open_link", [Stage.connect, Stage.pair])
def test_what_was_under_way_from_and_to_a_killed_process_is_lost(open_link: OpenLink) -> None:
    stage = Stage()
    near, far = open_link(stage)
    stage.beat(0, near)
    stage.beat(1, far)
    stage.world.kill(stage.hubs[0])
    stage.world.restart(stage.hubs[0])
    stage.world.run(9.0)
    assert not stage.heard(0) + stage.heard(1)


def test_nobody_notices_that_a_machine_is_gone() -> None:
    stage = Stage()
    stage.connect()
    client = stage.world.add_client(stage.hubs[0])
    stage.world.run(2.0)
    stage.world.kill(stage.hubs[0], machine=True)
    stage.world.run(60.0)
    assert not stage.happened(1, LinkLost)
    assert not client.closures


def test_clients_of_a_killed_process_notice_and_are_refused_until_it_is_back() -> None:
    world = Stage(hubs=0).world
    hub = world.add_hub()
    client = world.add_client(hub)
    world.run_until(2.0)
    world.kill(hub)
    world.run_until(4.75)
    # Reset after half a second, refused one round trip after the first second's wait.
    assert [closure.time for closure in client.closures] == [2.5, 4.5]
    world.restart(hub)
    world.run_until(9.0)
    assert client.is_open


def test_a_killed_hub_that_is_restarted_begins_anew_with_its_old_id() -> None:
    stage = Stage()
    own, old = stage.hubs[0].own, stage.hubs[0].hub
    stage.connect()
    stage.world.kill(stage.hubs[0])
    stage.world.restart(stage.hubs[0])
    stage.world.run(9.0)
    assert stage.hubs[0].own == own
    assert stage.hubs[0].hub is not old
    assert not stage.hubs[0].links
    stage.connect(1, 0)
    assert stage.last_link(0) == 1


def test_a_hub_may_be_restarted_with_a_new_id() -> None:
    stage = Stage()
    own = stage.hubs[0].own
    stage.world.kill(stage.hubs[0])
    stage.world.restart(stage.hubs[0], same_id=False)
    assert stage.hubs[0].own != own


def test_a_restarted_machine_can_be_reached_again() -> None:
    stage = Stage()
    stage.world.kill(stage.hubs[1], machine=True)
    stage.world.restart(stage.hubs[1])
    stage.connect()
    assert len(stage.happened(0, LinkOpened)) == 1


def test_what_comes_to_a_suspended_hub_waits_in_order() -> None:
    stage = Stage()
    near, _far = stage.connect()
    client = stage.world.add_client(stage.hubs[1])
    stage.world.run(2.0)
    stage.world.suspend(stage.hubs[1])
    stage.beat(0, near, 1)
    client.send_text("coo")
    stage.beat(0, near, 2)
    newcomer = stage.world.add_client(stage.hubs[1])
    before = len(puppet(stage.hubs[1]).happened)
    stage.world.run(5.0)
    assert len(puppet(stage.hubs[1]).happened) == before
    stage.world.resume(stage.hubs[1])
    assert stage.heard(1) == [(9.0, 1), (9.0, 2)]
    kinds = [type(event).__name__ for _, event in puppet(stage.hubs[1]).happened[before:]]
    assert kinds == ["LinkReceived", "PeerSent", "LinkReceived", "PeerOpened"]
    stage.world.run(1.0)
    assert newcomer.is_open


def test_a_hub_killed_while_suspended_leaves_nothing_waiting() -> None:
    stage = Stage()
    near, _ = stage.connect()
    stage.world.suspend(stage.hubs[1])
    stage.beat(0, near)
    stage.world.run(1.0)
    stage.world.kill(stage.hubs[1])
    stage.world.restart(stage.hubs[1])
    stage.world.resume(stage.hubs[1])
    stage.world.run(9.0)
    assert not puppet(stage.hubs[1]).happened


def test_a_slow_hub_takes_its_time_for_each_event() -> None:
    stage = Stage()
    near, _ = stage.connect()
    stage.world.slow_down(stage.hubs[1], 0.25)
    for digest in (1, 2, 3):
        stage.beat(0, near, digest)
    stage.world.run(9.0)
    assert stage.heard(1) == [(2.75, 1), (3.0, 2), (3.25, 3)]


class Ticking(Puppet):
    """Wants a tick every second."""

    def deadline(self) -> float | None:
        ticks = [now for now, event in self.happened if isinstance(event, Tick)]
        return ticks[-1] + 1.0 if ticks else 1.0


def test_a_hub_is_woken_from_its_start_without_any_event() -> None:
    world = World(seed=1)
    hub = world.add_hub(kind=Ticking)
    world.run_until(3.5)
    assert puppet(hub).happened == [(1.0, Tick()), (2.0, Tick()), (3.0, Tick())]


def test_a_suspended_hub_gets_one_tick_late() -> None:
    world = World(seed=1)
    hub = world.add_hub(kind=Ticking)
    world.suspend(hub)
    world.run_until(3.5)
    world.resume(hub)
    world.run_until(5.0)
    assert [now for now, _ in puppet(hub).happened] == [3.5, 4.5]


def test_a_slow_hub_gets_its_ticks_late_and_singly() -> None:
    world = World(seed=1)
    hub = world.add_hub(kind=Ticking)
    world.slow_down(hub, 0.25)
    world.run_until(3.5)
    assert [now for now, _ in puppet(hub).happened] == [1.25, 2.5]


def test_no_tick_of_an_earlier_life_reaches_a_hub() -> None:
    world = World(seed=1)
    hub = world.add_hub(kind=Ticking)
    world.run_until(0.5)
    world.kill(hub)
    world.run_until(2.0)
    world.restart(hub)
    world.run_until(4.25)
    assert [now for now, _ in puppet(hub).happened] == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("open_link", [Stage.connect, Stage.pair])
def test_links_across_a_cut_are_dead_for_good_without_a_word(open_link: OpenLink) -> None:
    stage = Stage(hubs=3)
    near, _ = open_link(stage, 0, 1)
    inside, _ = open_link(stage, 0, 2)
    stage.beat(0, near)
    stage.world.part([stage.hubs[0], stage.hubs[2]], [stage.hubs[1]])
    stage.world.run(60.0)
    stage.world.heal()
    stage.beat(0, near)
    stage.beat(0, inside)
    stage.world.run(60.0)
    assert not stage.heard(1)
    assert len(stage.heard(2)) == 1
    assert not stage.happened(0, LinkLost) + stage.happened(1, LinkLost)


def test_after_a_brief_cut_links_deliver_late_and_in_order() -> None:
    stage = Stage()
    near, _ = stage.connect()
    stage.beat(0, near, 1)
    stage.world.part([stage.hubs[0]], [stage.hubs[1]], brief=True)
    stage.world.run(1.0)
    stage.beat(0, near, 2)
    stage.world.run(1.0)
    stage.beat(0, near, 3)
    stage.world.heal()
    stage.world.run(9.0)
    assert stage.heard(1) == [(4.0, 1), (4.5, 2), (4.5, 3)], "what was sent meanwhile leaves now"


def test_after_healing_hubs_can_connect_again() -> None:
    stage = Stage()
    stage.world.part([stage.hubs[0]], [stage.hubs[1]])
    stage.world.run(1.0)
    stage.world.heal()
    stage.connect()
    assert len(stage.happened(0, LinkOpened)) == 1


def test_clients_are_on_the_side_of_their_hub() -> None:
    stage = Stage()
    early = [stage.world.add_client(hub) for hub in stage.hubs]
    stage.world.run(2.0)
    stage.world.part([stage.hubs[0]], [stage.hubs[1]])
    late = [stage.world.add_client(hub) for hub in stage.hubs]
    stage.world.run(2.0)
    assert [client.is_open for client in early + late] == [True] * 4
    late[0].connect(stage.world.way_to(stage.hubs[1]))
    stage.world.run(9.0)
    assert not late[0].is_open


def test_a_hub_that_has_dialled_another_is_on_its_own_side() -> None:
    stage = Stage()
    reference = stage.world.add_reference_hub("reference")
    stage.dial(0, "ws://reference:3000")
    stage.world.run(3.0)
    stage.world.part([reference, stage.hubs[1]], [stage.hubs[0]])
    stage.dial(0, "ws://hub-1:3000", opening=2)
    stage.world.run(4.0)
    assert not stage.happened(1, LinkOpened)


def test_hubs_that_are_in_no_part_reach_all_parts() -> None:
    stage = Stage(hubs=3)
    stage.world.part([stage.hubs[0]], [stage.hubs[1]])
    stage.connect(0, 2)
    stage.connect(1, 2)
    assert len(stage.happened(2, LinkOpened)) == 2


def test_blocking_p2p_leaves_open_channels_alone_unless_told_otherwise() -> None:
    stage = Stage()
    near, _ = stage.pair()
    stage.world.block_p2p(1.0)
    stage.beat(0, near, 1)
    stage.world.run(1.0)
    stage.world.block_p2p(1.0, also_open=True)
    stage.beat(0, near, 2)
    stage.world.run(1.0)
    assert [digest for _, digest in stage.heard(1)] == [1]


def test_blocking_p2p_leaves_websockets_alone() -> None:
    stage = Stage()
    near, _ = stage.connect()
    stage.world.block_p2p(1.0, also_open=True)
    stage.beat(0, near)
    stage.world.run(1.0)
    assert len(stage.heard(1)) == 1


def test_clocks_may_differ() -> None:
    world = World(seed=1)
    fast = world.add_hub(ServerConfig(), Puppet, skew=90.0)
    assert puppet(fast).made_with == EPOCH + 90.0
    world.set_clock(fast, -5.0)
    assert puppet(fast).happened == [(0.0, ClockSet(EPOCH - 5.0))]
    world.kill(fast)
    world.set_clock(fast, 7.0)
    world.restart(fast)
    assert (puppet(fast).made_with, puppet(fast).happened) == (EPOCH + 7.0, [])


def test_events_of_clients_that_a_dead_hub_had_are_not_told_to_the_next_life() -> None:
    stage = Stage()
    client = stage.world.add_client(stage.hubs[0], reconnects=False)
    stage.world.run(2.0)
    assert [type(event) for _, event in puppet(stage.hubs[0]).happened] == [PeerOpened, PeerSent]
    client.send_text("coo")
    stage.world.kill(stage.hubs[0])
    stage.world.restart(stage.hubs[0])
    stage.world.run(9.0)
    assert not stage.happened(0, PeerSent) + stage.happened(0, PeerLost)


def test_a_hub_without_links_sends_into_nothing() -> None:
    stage = Stage()
    near, _ = stage.connect()
    stage.world.kill(stage.hubs[0])
    stage.hubs[0].perform(SendToLink(near, Heartbeat(1)))
    stage.hubs[0].perform(Dial(3, "ws://hub-1:3000"))
    stage.world.run(9.0)
    assert not stage.heard(1)
