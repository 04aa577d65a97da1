"""What becomes of news that does not reach another hub."""

import pytest

from peerpigeon.core.interface.events import Tick
from peerpigeon.core.wire.hub_frames import Routed
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, SECOND, linked, told_again


def test_more_signals_for_one_hub_than_it_can_hold_are_refused() -> None:
    hubs = linked(FIRST, SECOND)
    a, _ = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    for _ in range(9):  # four on the way, four that wait
        hubs.signal(a, B, "x" * 1_000_000)
        hubs.lose_frames()
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["overloaded"]


def test_when_control_news_is_given_up_all_of_it_is_told_anew() -> None:
    hubs = linked(FIRST, SECOND, max_announce_size=1_000_000)
    a, b = hubs.join(0, A), hubs.open(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    for number in range(36):  # what waits for one hub may have 32 MiB
        hubs.announce(b, number=number, text="x" * 950_000)
        hubs.lose_frames()
    hubs.feed(1, Tick())
    # Not only what was lost, which the stream would repeat anyway.
    assert told_again(hubs, 1) == [[B]]
    hubs.pass_time(2.0)
    assert hubs.take_types(a) == ["peer-discovered"]


@pytest.mark.parametrize("giver", [0, 1])
def test_what_a_rendezvous_hub_has_said_is_told_anew_when_it_is_given_up(giver: int) -> None:
    hubs = linked(FIRST, SECOND, max_announce_size=1_000_000)
    asker = 1 - giver
    a, b = hubs.open(giver, A), hubs.join(asker, B)
    c = hubs.open(asker, C)
    hubs.announce(c)
    asked = [frame for frame in hubs.frames if isinstance(frame, Routed)]
    hubs.lose_frames()
    for frame in asked:  # it is heard, and the grant of its id, if that is said, is lost
        hubs.receive(giver, frame)
    hubs.lose_frames()
    for number in range(36):  # what waits for one hub may have 32 MiB
        hubs.announce(a, number=number, text="x" * 950_000)
        hubs.lose_frames()
    hubs.pass_time(3.0)
    assert sorted(hubs.take_types(c)) == ["connected", "peer-discovered", "peer-discovered"]
    hubs.signal(b, C)
    hubs.run()
    assert "offer" in hubs.take_types(c)
