from functools import partial
from random import Random

import pytest

from peerpigeon.sim.network import Network
from peerpigeon.sim.scheduler import Scheduler
from peerpigeon.sim.trace import Trace
from peerpigeon.sim.websocket import Close, Connection, Frame, Text


class Ear:
    """A party that only listens."""

    def __init__(self, number: int, scheduler: Scheduler) -> None:
        self.number = number
        self.line_rng = Random(number)
        self.heard: list[tuple[float, Frame]] = []
        self._scheduler = scheduler

    def receive(self, connection: Connection, frame: Frame) -> None:
        self.heard.append((self._scheduler.now, frame))


class Line:
    """Two parties and what lies between them."""

    def __init__(self, latency: float = 0.5, jitter: float = 0.0) -> None:
        self.scheduler = Scheduler()
        self.network = Network(latency, jitter)
        self.near, self.far = Ear(1, self.scheduler), Ear(2, self.scheduler)
        self.connection = self.connect()

    def connect(self) -> Connection:
        return Connection(self.network, self.scheduler, Trace(), (self.near, self.far))


def test_a_frame_arrives_after_the_latency() -> None:
    line = Line(latency=0.5)
    line.connection.send(line.near, Text(b"hello"))
    line.scheduler.run_until(1.0)
    assert line.far.heard == [(0.5, Text(b"hello"))]


def test_jitter_delays_but_never_reorders() -> None:
    line = Line(latency=0.5, jitter=0.25)
    frames = [Text(b"%d" % count) for count in range(100)]
    for index, frame in enumerate(frames):
        line.scheduler.at(index / 100, partial(line.connection.send, line.near, frame))
    line.scheduler.run_until(2.0)
    assert [frame for _, frame in line.far.heard] == frames
    delays = [time - index / 100 for index, (time, _) in enumerate(line.far.heard)]
    assert 0.5 <= min(delays) < 0.55
    assert 0.7 < max(delays) <= line.network.longest_way


def test_bytes_of_a_frozen_party_vanish_both_ways_also_those_under_way() -> None:
    line = Line(latency=0.5)
    line.connection.send(line.near, Text(b"under way"))
    line.network.freeze(line.near)
    line.connection.send(line.near, Text(b"there"))
    line.connection.send(line.far, Text(b"back"))
    line.scheduler.run_until(9.0)
    assert line.far.heard == line.near.heard == []


def test_a_frozen_party_cannot_connect_until_it_is_thawed() -> None:
    line = Line(latency=0.5)
    line.network.freeze(line.near)
    line.connect().send(line.near, Text(b"frozen"))
    line.network.thaw(line.near)
    line.connection.send(line.near, Text(b"dead for good"))
    line.connect().send(line.near, Text(b"thawed"))
    line.scheduler.run_until(9.0)
    assert [frame for _, frame in line.far.heard] == [Text(b"thawed")]


def test_both_ends_notice_a_cut_after_the_latency() -> None:
    line = Line(latency=0.5)
    line.connection.send(line.near, Text(b"under way"))
    line.network.cut(line.near)
    line.scheduler.run_until(9.0)
    assert line.near.heard == line.far.heard == [(0.5, Close(1006))]


def test_nothing_reaches_the_end_that_closed() -> None:
    line = Line(latency=0.5)
    line.connection.send(line.near, Text(b"last words"))
    line.connection.close(line.near, 1000)
    line.connection.send(line.far, Text(b"too late"))
    line.scheduler.run_until(9.0)
    assert line.near.heard == []
    assert [frame for _, frame in line.far.heard] == [Text(b"last words"), Close(1000)]


def test_a_connection_that_both_ends_have_given_up_is_forgotten() -> None:
    line = Line()
    line.connection.close(line.near, 1000)
    line.scheduler.run_until(9.0)
    line.network.cut(line.near)
    line.scheduler.run_until(10.0)
    assert line.connection.silent_since is None


@pytest.mark.parametrize(
    ("loss", "longest"),
    # One frame in so many is lost so often: 0.02 ** 4, 0.1 ** 7, and 0.9 ** 9 is not rare yet.
    [(0.0, 0.0), (0.02, 1.4), (0.1, 12.6), (0.9, 102.2)],
)
def test_lost_packets_hold_up_all_but_one_frame_in_a_million_for_no_longer(
    loss: float, longest: float
) -> None:
    network = Network(latency=0.0, jitter=0.0, loss=loss)
    assert network.longest_delay == pytest.approx(longest)
    rng = Random(1)
    assert max(network.arrival(0.0, rng) for _ in range(10_000)) <= longest + 1e-9
