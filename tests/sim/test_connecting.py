"""How links come to be, and how they fail to."""

import pytest

from peerpigeon.core.interface.actions import Dial, DropChannel, MakeAnswer, MakeOffer, TakeAnswer
from peerpigeon.core.interface.events import ChannelDescribed, LinkLost, LinkOpened, OpeningFailed
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.network import Network
from tests.sim.puppets import Stage


def test_a_dial_takes_two_round_trips_and_the_called_hub_is_half_a_one_ahead() -> None:
    stage = Stage()
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(1, LinkOpened) == [(1.5, LinkOpened(stage.last_link(1), Carrier(1), 0))]
    assert stage.happened(0, LinkOpened) == [(2.0, LinkOpened(stage.last_link(0), Carrier(1), 7))]


def test_a_hub_may_dial_itself() -> None:
    stage = Stage(hubs=1)
    stage.dial(0, "ws://hub-0:3000/", opening=7)
    stage.world.run(9.0)
    assert [event.opening for _, event in stage.happened(0, LinkOpened)] == [0, 7]


def test_a_dead_process_refuses_after_one_round_trip() -> None:
    stage = Stage()
    stage.world.kill(stage.hubs[1])
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(1.0, OpeningFailed(7, "refused"))]


def test_nobody_has_an_unknown_address() -> None:
    stage = Stage()
    stage.dial(0, "ws://hub-9:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(1.0, OpeningFailed(7, "no such host"))]


def test_a_dead_machine_lets_a_dial_time_out() -> None:
    stage = Stage()
    stage.world.kill(stage.hubs[1], machine=True)
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(5.0, OpeningFailed(7, "timed out"))]


def test_across_a_cut_a_dial_times_out() -> None:
    stage = Stage()
    stage.world.part([stage.hubs[0]], [stage.hubs[1]])
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(5.0, OpeningFailed(7, "timed out"))]


@pytest.mark.parametrize("moment", [0.75, 1.25, 1.75])
def test_a_cut_in_the_midst_of_a_dial_lets_it_time_out(moment: float) -> None:
    stage = Stage()
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(moment)
    stage.world.part([stage.hubs[0]], [stage.hubs[1]])
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(5.0, OpeningFailed(7, "timed out"))]


def test_a_hub_that_dies_in_the_midst_of_a_dial_accepts_nothing() -> None:
    stage = Stage()
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(1.0)
    stage.world.kill(stage.hubs[1])
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(5.0, OpeningFailed(7, "timed out"))]


def test_a_suspended_hub_accepts_when_it_goes_on() -> None:
    stage = Stage()
    stage.world.suspend(stage.hubs[1])
    stage.dial(0, "ws://hub-1:3000")
    stage.world.run(2.25)
    stage.world.resume(stage.hubs[1])
    stage.world.run(9.0)
    assert [time for time, _ in stage.happened(1, LinkOpened)] == [2.25]
    assert [time for time, _ in stage.happened(0, LinkOpened)] == [2.75]


def test_a_dial_that_was_given_up_leads_to_nothing() -> None:
    stage = Stage()
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.hubs[0].perform(DropChannel(7))
    stage.world.run(9.0)
    assert not stage.happened(0, LinkOpened)
    assert not stage.happened(0, OpeningFailed)
    assert not stage.happened(1, LinkOpened)


def test_a_socket_that_comes_too_late_is_closed_again() -> None:
    stage = Stage(network=Network(latency=1.5, jitter=0.0))
    stage.dial(0, "ws://hub-1:3000", opening=7)
    stage.world.run(9.0)
    assert stage.happened(0, OpeningFailed) == [(5.0, OpeningFailed(7, "timed out"))]
    assert [time for time, _ in stage.happened(1, LinkOpened)] == [pytest.approx(4.5)]
    assert [time for time, _ in stage.happened(1, LinkLost)] == [pytest.approx(7.5)]


def test_an_engine_takes_20_milliseconds_for_an_offer() -> None:
    stage = Stage()
    stage.hubs[0].perform(MakeOffer(7))
    stage.world.run(1.0)
    ((time, described),) = stage.happened(0, ChannelDescribed)
    assert (time, described.opening) == (0.02, 7)
    assert len(described.sdp) > 500


def test_a_channel_opens_three_round_trips_after_the_answer_was_taken() -> None:
    stage = Stage()
    stage.negotiate()
    stage.world.run(9.0)
    assert [time for time, _ in stage.happened(1, LinkOpened)] == [pytest.approx(3.04)]
    assert [time for time, _ in stage.happened(0, LinkOpened)] == [pytest.approx(3.54)]
    assert stage.carrier(0) is stage.carrier(1) is Carrier.P2P


def test_loss_makes_ice_take_longer() -> None:
    stage = Stage(network=Network(latency=0.5, jitter=0.0, loss=0.5))
    stage.negotiate()
    stage.world.run(60.0)
    assert stage.happened(0, LinkOpened)[0][0] > 3.6


def test_where_p2p_is_impossible_nothing_happens() -> None:
    stage = Stage()
    stage.world.block_p2p(1.0)
    stage.negotiate()
    stage.world.run(60.0)
    for number in (0, 1):
        assert not stage.happened(number, LinkOpened)
        assert not stage.happened(number, OpeningFailed)


def test_p2p_may_become_possible_again() -> None:
    stage = Stage()
    stage.world.block_p2p(1.0)
    stage.negotiate(opening=1)
    stage.world.run(9.0)
    stage.world.block_p2p(0.0)
    stage.negotiate(opening=2)
    stage.world.run(9.0)
    assert [event.opening for _, event in stage.happened(0, LinkOpened)] == [2]


def test_p2p_is_impossible_for_the_share_of_pairs_asked_for_and_grows_with_it() -> None:
    stage = Stage(hubs=60)
    pairs = [(a, b) for a in stage.hubs for b in stage.hubs if a.number < b.number]
    blocked = {}
    for share in (0.0, 0.3, 0.6, 1.0):
        stage.world.block_p2p(share)
        blocked[share] = {
            (a.number, b.number) for a, b in pairs if not stage.world.network.can_have_p2p(a, b)
        }
        assert len(blocked[share]) == pytest.approx(share * len(pairs), abs=60)
    assert blocked[0.0] < blocked[0.3] < blocked[0.6] < blocked[1.0]
    one, other = pairs[0]
    network = stage.world.network
    assert network.can_have_p2p(one, other) == network.can_have_p2p(other, one)


@pytest.mark.parametrize("dropper", [0, 1])
def test_a_channel_that_one_end_gave_up_does_not_come_to_be(dropper: int) -> None:
    stage = Stage()
    stage.negotiate()
    stage.hubs[dropper].perform(DropChannel(1))
    stage.world.run(9.0)
    assert not stage.happened(0, LinkOpened)
    assert not stage.happened(1, LinkOpened)


def test_a_channel_given_up_at_the_last_moment_ends_at_the_other_end() -> None:
    stage = Stage()
    stage.negotiate()
    stage.world.run(3.1)
    stage.hubs[0].perform(DropChannel(1))
    stage.world.run(9.0)
    assert not stage.happened(0, LinkOpened)
    assert len(stage.happened(1, LinkOpened)) == len(stage.happened(1, LinkLost)) == 1


def test_garbage_is_no_offer() -> None:
    stage = Stage()
    stage.hubs[0].perform(MakeAnswer(7, "v=0"))
    stage.world.run(1.0)
    assert stage.happened(0, OpeningFailed) == [(0.02, OpeningFailed(7, "not an offer"))]


def test_an_answer_to_another_offer_fails() -> None:
    stage = Stage()
    stage.negotiate(opening=1)
    answer = stage.happened(1, ChannelDescribed)[-1][1].sdp
    stage.hubs[0].perform(MakeOffer(2))
    stage.hubs[0].perform(TakeAnswer(2, answer))
    stage.world.run(9.0)
    failure = OpeningFailed(2, "not an answer to this offer")
    assert [event for _, event in stage.happened(0, OpeningFailed)] == [failure]
    assert [event.opening for _, event in stage.happened(0, LinkOpened)] == [1]


def test_what_belonged_to_an_earlier_life_comes_to_nothing() -> None:
    stage = Stage()
    stage.negotiate()
    stage.hubs[0].perform(Dial(2, "ws://hub-1:3000"))
    stage.world.kill(stage.hubs[0])
    stage.world.restart(stage.hubs[0])
    stage.world.run(9.0)
    assert not stage.happened(0, LinkOpened)
    assert not stage.happened(0, OpeningFailed)
    assert not stage.happened(1, LinkOpened)
