"""A virtual client of y-webrtc: it subscribes, publishes, and remembers what it heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE
from peerpigeon.sim.websocket import Accepted, Close, Frame, Ping, Pong, Request, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

RECONNECT_DELAY = 0.05
"""Seconds from a lost connection to the next one. Reference: at once."""


@dataclass(slots=True, eq=False)
class Subscription:
    """The time for which a visitor was subscribed over one connection."""

    topics: tuple[str, ...]
    connection: Connection
    since: float
    until: float | None = None
    heard: list[str] = field(default_factory=list)
    """The serials of what came, in order."""
    times: dict[str, float] = field(default_factory=dict)
    """When each came first."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a visitor has published."""

    serial: str
    topic: str
    time: float
    subscription: Subscription


class Visitor:
    """One foreign client of a world; it comes back at once when its connection is lost."""

    def __init__(self, number: int, rng: Random, scheduler: Scheduler) -> None:
        self.number = number
        self.line_rng = rng
        self.topics: tuple[str, ...] = ()
        self.subscriptions: list[Subscription] = []
        self.published: list[Publication] = []
        self._scheduler = scheduler
        self._way: Callable[[Visitor], Connection | None] = lambda _: None
        self._connection: Connection | None = None
        self._stays = True

    @property
    def subscription(self) -> Subscription | None:
        """The present one; ``None`` while it is not connected."""
        last = self.subscriptions[-1] if self.subscriptions else None
        return None if last is None or last.until is not None else last

    def connect(self, way: Callable[[Visitor], Connection | None]) -> None:
        """Open a socket by ``way``, and so again whenever it is lost."""
        self._way = way
        self._connect()

    def _connect(self) -> None:
        if not self._stays:
            return
        self._connection = self._way(self)
        if self._connection is None:
            self._scheduler.at(self._scheduler.now + 1.0, self._connect)
        else:
            self._connection.send(self, Request(b"/y-webrtc"))

    def publish(self, topic: str) -> None:
        """Publish something to a topic, if it is subscribed."""
        subscription = self.subscription
        if subscription is not None:
            serial = f"{self.number}.{len(self.published)}"
            now = self._scheduler.now
            self.published.append(Publication(serial, topic, now, subscription))
            self._say({"type": "publish", "topic": topic, "serial": serial})

    def leave(self) -> None:
        """Close the socket, and stay away."""
        self._stays = False
        if self._connection is not None:
            self._connection.close(self, NORMAL_CLOSURE)
            self._end()

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Take one frame; what an old socket still brings is ignored."""
        if connection is not self._connection:
            return
        match frame:
            case Text(content=content):
                self._hear(msgspec.json.decode(content))
            case Ping(content=content):
                connection.send(self, Pong(content))
            case Accepted():
                now = self._scheduler.now
                self.subscriptions.append(Subscription(self.topics, connection, now))
                self._say({"type": "subscribe", "topics": self.topics})
            case Close():
                self._end()
                self._scheduler.at(self._scheduler.now + RECONNECT_DELAY, self._connect)
            case _:
                raise AssertionError(f"a visitor was sent {frame}")

    def _hear(self, message: dict[str, Any]) -> None:
        subscription = self.subscriptions[-1]
        subscription.heard.append(message["serial"])
        subscription.times.setdefault(message["serial"], self._scheduler.now)

    def _end(self) -> None:
        self._connection = None
        if (subscription := self.subscription) is not None:
            subscription.until = self._scheduler.now

    def _say(self, message: dict[str, object]) -> None:
        if self._connection is not None:
            self._connection.send(self, Text(msgspec.json.encode(message)))
