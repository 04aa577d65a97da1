"""A virtual client of a tracker announces itself as often as it is told to, or more often."""

from __future__ import annotations

from random import Random
from typing import cast

import msgspec
import pytest

from peerpigeon.sim.scheduler import Scheduler
from peerpigeon.sim.visitors.downloader import PACE, UNTOLD, Downloader
from peerpigeon.sim.websocket import Accepted, Connection, Frame, Text

SWARM = "one"


class Socket:
    """A connection that notes when something is announced over it."""

    silent_since = broken_at = None

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.announced: list[float] = []

    def send(self, sender: Downloader, frame: Frame) -> None:
        if isinstance(frame, Text) and b'"offers"' in frame.content:
            self.announced.append(self._scheduler.now)

    def close(self, sender: Downloader, code: int) -> None:
        """Take that it is over."""


class Client:
    """A downloader in one swarm, and its socket."""

    def __init__(self, number: int) -> None:
        self.scheduler = Scheduler()
        self.downloader = Downloader(number, Random(number), self.scheduler)
        self.downloader.wanted.add(SWARM)
        self.socket = Socket(self.scheduler)
        self.downloader.connect(lambda _: cast("Connection", self.socket))
        self._hear(Accepted())

    def _hear(self, frame: Frame) -> None:
        self.downloader.receive(cast("Connection", self.socket), frame)

    def tell(self, interval: int) -> None:
        counts = {"complete": 0, "incomplete": 1, "interval": interval}
        told = {"action": "announce", "info_hash": SWARM.ljust(20)} | counts
        self._hear(Text(msgspec.json.encode(told)))


@pytest.mark.parametrize("interval", [15, 120])
def test_it_announces_itself_again_when_it_was_told_to(interval: int) -> None:
    client = Client(1)
    client.scheduler.run_until(1.0)
    client.tell(interval)
    client.scheduler.run_until(1.0 + interval)
    assert client.socket.announced == [0.0, 1.0 + interval]


def test_until_it_is_told_it_does_so_at_an_interval_of_its_own() -> None:
    client = Client(1)
    client.scheduler.run_until(2 * UNTOLD)
    assert client.socket.announced == [0.0, UNTOLD, 2 * UNTOLD]


def test_it_announces_itself_no_more_where_it_has_left() -> None:
    client = Client(1)
    client.downloader.stop(SWARM)
    client.scheduler.run_until(2 * UNTOLD)
    assert client.socket.announced == [0.0]


def test_most_announce_themselves_often_whatever_they_are_told() -> None:
    client = Client(2)
    client.tell(120)
    client.scheduler.run_until(120.0)
    assert len(client.socket.announced) > 120.0 / PACE / 1.5
