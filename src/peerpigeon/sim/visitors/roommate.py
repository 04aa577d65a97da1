"""A virtual client of y-webrtc that finds the others of its room, as the real one does.

It greets when its socket opens. Who hears that makes it an offer, unless it has made one or got one
before; who gets an offer answers; with the answer the two are connected, and need no server. Of two
offers that cross, the one with the larger token counts. Nothing is ever said again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.sim.visitors.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

PING = 15.0
"""Seconds from one ping to the next; a socket over which nothing came for two of them is closed."""


@dataclass(slots=True)
class Peering:
    """A connection to another one of the room, which is there or is to be."""

    token: float | None
    """Of the offer that it has made, until it is answered or given up."""
    is_open: bool = False


class Roommate(Visitor):
    """One client of y-webrtc in one room; ``others`` has all there are, by name."""

    def __init__(
        self,
        number: int,
        rng: Random,
        scheduler: Scheduler,
        *,
        room: str,
        others: Mapping[str, Roommate],
    ) -> None:
        super().__init__(number, rng, scheduler)
        self.room = room
        self.others = others
        self.name = str(number)
        self.since: float | None = None
        """When its present socket was opened."""
        self.connection: Connection | None = None
        self.peerings: dict[str, Peering] = {}
        self._heard_at = 0.0

    @property
    def target(self) -> str:
        """That of its request."""
        return "/y-webrtc"

    def is_with(self, other: Roommate) -> bool:
        """Tell whether it is connected to another one."""
        peering = self.peerings.get(other.name)
        return peering is not None and peering.is_open

    def leave(self) -> None:
        """Close the page: those that it was connected to notice, and greet again."""
        super().leave()
        for name, peering in self.peerings.items():
            if peering.is_open:
                self.others[name].part(self.name)

    def part(self, name: str) -> None:
        """Take that a connection has ended."""
        if self.peerings.pop(name, None) is not None and self.stays:
            self._publish({"type": "announce", "from": self.name})

    def _on_open(self, connection: Connection) -> None:
        self.since = self._heard_at = self._scheduler.now
        self.connection = connection
        self._say({"type": "subscribe", "topics": [self.room]})
        self._publish({"type": "announce", "from": self.name})
        self._scheduler.at(self._scheduler.now + PING, partial(self._ping, connection))

    def _ping(self, connection: Connection) -> None:
        if connection is not self._connection:
            return
        if self._heard_at + 2 * PING <= self._scheduler.now:
            self._lose(ABNORMAL_CLOSURE)
            return
        self._say({"type": "ping"})
        self._scheduler.at(self._scheduler.now + PING, partial(self._ping, connection))

    def _on_end(self, code: int) -> None:
        self.since = self.connection = None

    def _publish(self, data: dict[str, object]) -> None:
        self._say({"type": "publish", "topic": self.room, "data": data})

    def _hear(self, message: dict[str, Any]) -> None:
        self._heard_at = self._scheduler.now
        match message.get("data"):
            case {"type": "announce", "from": str(name)}:
                if name != self.name and name not in self.peerings:
                    token = self._scheduler.now + self.line_rng.random() / 1000
                    self.peerings[name] = Peering(token)
                    self._signal(name, "offer", token)
            case {"to": self.name, "from": str(name), "signal": "offer", "token": float(token)}:
                self._answer(name, token)
            case {"to": self.name, "from": str(name), "signal": "answer"}:
                peering = self.peerings.get(name)
                if peering is not None and self.others[name].stays:
                    peering.token, peering.is_open = None, True
                    self.others[name].peerings[self.name] = Peering(None, is_open=True)

    def _answer(self, name: str, token: float) -> None:
        peering = self.peerings.setdefault(name, Peering(None))
        if peering.token is not None and peering.token > token:
            return
        peering.token = None
        self._signal(name, "answer", token)

    def _signal(self, name: str, kind: str, token: float) -> None:
        self._publish({"to": name, "from": self.name, "signal": kind, "token": token})
