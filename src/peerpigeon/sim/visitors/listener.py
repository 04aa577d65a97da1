"""A virtual client of y-webrtc: it subscribes, publishes, and remembers what it heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from peerpigeon.sim.visitors.visitor import Visitor

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

_GREETING = "announce"
_SIGNAL = "what no client says by way of a greeting"
"""A text of another length: one as long as its greeting is a client's greeting again, and who
greets at the same time may not be told of it."""


@dataclass(slots=True, eq=False)
class Subscription:
    """The time for which a listener was subscribed over one connection."""

    topics: tuple[str, ...]
    connection: Connection
    since: float
    until: float | None = None
    heard: list[str] = field(default_factory=list)
    """The serials of what came, in order."""
    times: dict[str, float] = field(default_factory=dict)
    """When each came first."""
    greeted: set[str] = field(default_factory=set)
    """The topics in which something was said over it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What a listener has published."""

    serial: str
    topic: str
    time: float
    subscription: Subscription


class Listener(Visitor):
    """One client of y-webrtc. Reference: it connects again at once."""

    def __init__(self, number: int, rng: Random, scheduler: Scheduler) -> None:
        super().__init__(number, rng, scheduler)
        self.topics: tuple[str, ...] = ()
        self.subscriptions: list[Subscription] = []
        self.published: list[Publication] = []

    @property
    def target(self) -> str:
        """That of its request."""
        return "/y-webrtc"

    @property
    def subscription(self) -> Subscription | None:
        """The present one; ``None`` while it is not connected."""
        last = self.subscriptions[-1] if self.subscriptions else None
        return None if last is None or last.until is not None else last

    def publish(self, topic: str) -> None:
        """Publish something to a topic, if it is subscribed."""
        subscription = self.subscription
        if subscription is not None:
            serial = f"{self.number}.{len(self.published)}"
            now = self._scheduler.now
            self.published.append(Publication(serial, topic, now, subscription))
            data = _SIGNAL if topic in subscription.greeted else _GREETING
            subscription.greeted.add(topic)
            self._say({"type": "publish", "topic": topic, "serial": serial, "data": data})

    def _on_open(self, connection: Connection) -> None:
        self.subscriptions.append(Subscription(self.topics, connection, self._scheduler.now))
        self._say({"type": "subscribe", "topics": self.topics})

    def _on_end(self, code: int) -> None:
        if (subscription := self.subscription) is not None:
            subscription.until = self._scheduler.now

    def _hear(self, message: dict[str, Any]) -> None:
        subscription = self.subscriptions[-1]
        subscription.heard.append(message["serial"])
        subscription.times.setdefault(message["serial"], self._scheduler.now)
