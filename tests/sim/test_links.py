"""Frames cross links in order, whatever lies between."""

from functools import partial

import pytest

from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import CloseLink
from peerpigeon.core.interface.events import LinkLost, LinkOpened, LinkReceived
from peerpigeon.core.wire.hub_frames import Ack, Bye, Heartbeat, Routed, Segment
from peerpigeon.core.wire.hub_news import Relay
from peerpigeon.sim.network import Network
from peerpigeon.sim.tally import Share, Tally
from tests.sim.puppets import Stage, puppet

A, B = PeerId("a" * 40), PeerId("b" * 40)


def test_a_frame_arrives_after_the_latency_as_the_object_it_was() -> None:
    stage = Stage()
    _near, far = stage.connect()
    frame = Heartbeat(5)
    stage.hubs[0].links[0].send(frame)
    stage.world.run(9.0)
    ((time, received),) = stage.happened(1, LinkReceived)
    assert (time, received.link) == (2.5, far)
    assert received.frame is frame


def test_what_the_called_hub_sends_at_once_arrives_after_the_opening() -> None:
    stage = Stage(network=Network(latency=0.1, jitter=0.5))
    stage.dial(0, "ws://hub-1:3000")
    assert stage.world.run_until_met(lambda: bool(stage.happened(1, LinkOpened)), limit=3.0)
    stage.beat(1, stage.last_link(1))
    stage.world.run(9.0)
    (opened, _), (heard, _) = stage.happened(0, LinkOpened)[0], stage.happened(0, LinkReceived)[0]
    assert opened <= heard


@pytest.mark.parametrize("network", [Network(0.01, 0.2), Network(0.01, 0.0, loss=0.3)])
def test_jitter_and_loss_delay_frames_but_never_lose_or_reorder_them(network: Network) -> None:
    stage = Stage(network=network)
    link, _ = stage.connect()
    start = stage.world.now
    for count in range(200):
        stage.world.at(start + count / 10, partial(stage.beat, 0, link, count))
    stage.world.run(60.0)
    heard = stage.heard(1)
    assert [digest for _, digest in heard] == list(range(200))
    delays = [time - start - digest / 10 for time, digest in heard]
    assert min(delays) < 0.05
    assert max(delays) > 0.15


def test_what_is_held_up_for_seconds_is_noted_when_it_is_sent() -> None:
    stage = Stage(network=Network(0.01, 0.0, loss=0.4))
    link, _ = stage.connect()
    start = stage.world.now
    for count in range(200):
        stage.world.at(start + count, partial(stage.beat, 0, link, count))
    stage.world.run(300.0)
    late = [start + digest for time, digest in stage.heard(1) if time - start - digest > 3.0]
    assert 0 < len(late) < 100
    assert [time for time in stage.world.tally.delays if time >= start] == late


def test_bandwidth_spaces_frames_out() -> None:
    stage = Stage(network=Network(latency=0.5, jitter=0.0, bandwidth=100.0))
    _link, _ = stage.connect()
    reason = "x" * 46  # 50 bytes on the wire, with the header of a message
    for _ in range(3):
        stage.hubs[0].links[0].send(Bye(reason))
    stage.world.run(9.0)
    times = [time for time, _ in stage.happened(1, LinkReceived)]
    assert times == pytest.approx([3.01, 3.52, 4.03])


KILOBYTE = 1000
NARROW = Network(latency=0.5, jitter=0.0, bandwidth=10.0 * KILOBYTE)


OVERHEAD = 200
"""Bytes of a frame that carries a signal, about, without the signal."""


def large(number: int, size: int) -> Routed:
    """Return a signal that takes about so many bytes."""
    relay = Relay("n", A, B, 0, "offer", b"1" * (size - OVERHEAD))
    return Routed(A, 1, B, 1, 5, Segment(1, number, 0, relay))


def send_kilobytes(stage: Stage, count: int, size: int = KILOBYTE) -> None:
    for number in range(count):
        stage.hubs[0].links[0].send(large(number, size))


def arrived(stage: Stage) -> list[int]:
    """Return the numbers that the second hub has got of what ``send_kilobytes`` sent."""
    frames = [event.frame for _, event in stage.happened(1, LinkReceived)]
    bodies = [frame.body for frame in frames if isinstance(frame, Routed)]
    return [body.sequence for body in bodies if isinstance(body, Segment)]


def test_what_finds_the_outbox_of_a_link_full_is_dropped_whole() -> None:
    stage = Stage(network=NARROW, max_link_outbox_size=64 * 1024)
    stage.connect()
    send_kilobytes(stage, 100)
    stage.world.run(60.0)
    assert arrived(stage) == list(range(65))
    assert stage.world.tally.dropped == 35


def test_a_link_has_room_again_when_bytes_have_left() -> None:
    stage = Stage(network=NARROW, max_link_outbox_size=64 * 1024)
    stage.connect()
    send_kilobytes(stage, 65)
    stage.world.run(1.0)
    send_kilobytes(stage, 20)
    stage.world.run(60.0)
    assert arrived(stage)[65:] == list(range(10))


def test_a_frame_larger_than_the_outbox_is_sent_when_nothing_waits() -> None:
    stage = Stage(network=NARROW, max_link_outbox_size=64 * 1024)
    stage.connect()
    send_kilobytes(stage, 2, size=100 * KILOBYTE)
    stage.world.run(60.0)
    assert arrived(stage) == [0]


def test_a_large_frame_ends_a_link_whose_other_end_is_not_trusted() -> None:
    stage = Stage()
    puppet(stage.hubs[1]).is_trusting = False
    stage.connect()
    send_kilobytes(stage, 1, size=3 * KILOBYTE)
    send_kilobytes(stage, 1, size=5 * KILOBYTE)
    send_kilobytes(stage, 1)
    stage.world.run(9.0)
    assert len(arrived(stage)) == 1
    assert [[lost.code for _, lost in stage.happened(one, LinkLost)] for one in (0, 1)] == [
        [1007]
    ] * 2


def test_each_way_of_a_link_has_an_outbox_of_its_own() -> None:
    stage = Stage(network=NARROW, max_link_outbox_size=64 * 1024)
    _, far = stage.connect()
    send_kilobytes(stage, 100)
    stage.beat(1, far, 7)
    stage.world.run(1.0)
    assert [digest for _, digest in stage.heard(0)] == [7]


def test_during_a_brief_cut_all_that_is_sent_waits_in_the_outbox() -> None:
    stage = Stage(max_link_outbox_size=64 * 1024)
    stage.connect()
    stage.world.part([stage.hubs[0]], [stage.hubs[1]], brief=True)
    send_kilobytes(stage, 100)
    stage.world.run(5.0)
    stage.world.heal()
    stage.world.run(1.0)
    assert arrived(stage) == list(range(65))
    send_kilobytes(stage, 1)
    stage.world.run(1.0)
    assert arrived(stage)[65:] == [0]


def test_a_heartbeat_waits_for_what_is_ahead_of_it_and_not_for_all_that_waits() -> None:
    stage = Stage(network=Network(latency=0.5, jitter=0.0, bandwidth=64.0 * 1024))
    near, _ = stage.connect()
    begun = stage.world.now
    send_kilobytes(stage, 1, size=900 * KILOBYTE)
    stage.beat(0, near, 7)
    stage.world.run(20.0)
    ((heard_at, _),) = stage.heard(1)
    assert heard_at - begun == pytest.approx(0.5 + 1.0, abs=0.01), "64 KiB are ahead"
    assert arrived(stage) == [0]


def test_both_ways_of_a_link_are_open() -> None:
    stage = Stage()
    near, far = stage.pair()
    stage.beat(0, near, 1)
    stage.beat(1, far, 2)
    stage.world.run(1.0)
    assert [digest for _, digest in stage.heard(1)] == [1]
    assert [digest for _, digest in stage.heard(0)] == [2]


def test_a_closed_link_ends_after_what_was_sent_before() -> None:
    stage = Stage(network=Network(latency=0.1, jitter=0.4))
    near, far = stage.connect()
    for count in range(20):
        stage.beat(0, near, count)
    stage.hubs[0].perform(CloseLink(near, 4000, "enough"))
    stage.beat(0, near, 20)
    stage.beat(1, far, 21)
    stage.world.run(9.0)
    assert [digest for _, digest in stage.heard(1)] == list(range(20))
    assert [event for _, event in stage.happened(1, LinkLost)] == [LinkLost(far, 4000, "enough")]
    assert not stage.happened(0, LinkLost)
    assert not stage.heard(0)
    assert not stage.hubs[0].links + stage.hubs[1].links


def test_a_data_channel_has_no_close_code() -> None:
    stage = Stage()
    near, far = stage.pair()
    stage.hubs[0].perform(CloseLink(near, 4000, "enough"))
    stage.world.run(9.0)
    assert [event for _, event in stage.happened(1, LinkLost)] == [LinkLost(far, 1000, "")]


def test_a_link_that_both_ends_closed_is_forgotten() -> None:
    stage = Stage()
    near, far = stage.connect()
    stage.hubs[0].perform(CloseLink(near, 1000, ""))
    stage.hubs[1].perform(CloseLink(far, 1000, ""))
    stage.world.run(9.0)
    assert not stage.world.network.lines_of(stage.hubs[0])
    assert not stage.happened(0, LinkLost) + stage.happened(1, LinkLost)


def test_numbers_of_links_are_never_used_twice() -> None:
    stage = Stage()
    first, _ = stage.connect()
    stage.hubs[0].perform(CloseLink(first, 1000, ""))
    second, _ = stage.connect()
    assert second > first
    stage.hubs[0].perform(CloseLink(LinkId(99), 1000, ""))
    stage.beat(0, LinkId(99))
    assert len(stage.hubs[0].links) == 1


def test_what_crosses_a_link_is_in_the_trace() -> None:
    digests = set()
    for digest in (1, 2):
        stage = Stage()
        near, _ = stage.connect()
        stage.beat(0, near, digest)
        stage.world.run(1.0)
        digests.add(stage.world.trace.digest())
    assert len(digests) == 2


def test_frames_are_counted_by_what_they_are_about() -> None:
    tally = Tally()
    relay = Relay("net", A, B, 0, "offer", b"{}")
    tally.note(Routed(A, 1, B, 1, 9, Segment(1, 1, 1, relay)), 100)
    tally.note(Routed(A, 1, B, 1, 8, Segment(1, 1, 1, relay)), 100)
    tally.note(Routed(B, 1, A, 1, 9, Ack(1, 2)), 50)
    tally.note(Heartbeat(7), 3)
    assert tally.signals() == Share(2, 200)
    assert tally.acknowledgements() == Share(1, 50)
    assert tally.control() == Share(1, 3)
    assert tally.shares() == {
        "Ack": Share(1, 50),
        "Heartbeat": Share(1, 3),
        "Relay": Share(2, 200),
    }


def test_each_crossing_of_a_link_is_counted() -> None:
    stage = Stage()
    near, far = stage.connect()
    stage.beat(0, near)
    stage.beat(1, far)
    stage.world.run(1.0)
    assert stage.world.tally.shares() == {"Heartbeat": Share(2, 6)}
