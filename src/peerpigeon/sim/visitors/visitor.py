"""What all foreign clients of a world have in common: a socket, and another one after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, NORMAL_CLOSURE
from peerpigeon.sim.websocket import Accepted, Close, Frame, Ping, Pong, Request, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

HANDSHAKE_TIMEOUT = 10.0
"""Seconds after which a socket that has not opened is given up."""

NOTICED = 15.0
"""Seconds after which the system of a client gives a connection up over which nothing passes."""

NOWHERE_TO_GO = 1.0
"""Seconds until it is tried again where there is no hub to connect to."""


class Visitor(ABC):
    """One foreign client of a world, which connects anew when its connection is lost.

    Each kind says at which ``target``, and what it makes of what it hears (``_hear``). What it does
    when a connection begins, opens and ends (``_on_connecting``, ``_on_open``, ``_on_end``) is
    nothing if it does not say otherwise.
    """

    reconnect_delay = 0.05
    """Seconds from a lost connection to the next one."""

    def __init__(self, number: int, rng: Random, scheduler: Scheduler) -> None:
        self.number = number
        self.line_rng = rng
        self.stays = True
        """Whether it connects again."""
        self._scheduler = scheduler
        self._way: Callable[[Visitor], Connection | None] = lambda _: None
        self._connection: Connection | None = None
        self._is_open = False

    @property
    @abstractmethod
    def target(self) -> str:
        """That of its request, with the query."""

    def connect(self, way: Callable[[Visitor], Connection | None] | None = None) -> None:
        """Open a socket by ``way``, or as before, and so again whenever it is lost."""
        self._way = way or self._way
        self._connect()

    def _connect(self) -> None:
        if not self.stays or self._connection is not None:
            return
        now, self._connection = self._scheduler.now, self._way(self)
        if self._connection is None:
            self._scheduler.at(now + NOWHERE_TO_GO, self._connect)
            return
        self._on_connecting(self._connection)
        self._connection.send(self, Request(self.target.encode()))
        timeout = partial(self._give_up_waiting, self._connection)
        self._scheduler.alarm(now + HANDSHAKE_TIMEOUT, timeout)

    def _give_up_waiting(self, connection: Connection) -> None:
        if connection is self._connection and not self._is_open:
            self._lose(ABNORMAL_CLOSURE)

    def leave(self) -> None:
        """Close the socket, and stay away."""
        self.stays = False
        self.close()

    def close(self) -> None:
        """Close the socket, if there is one."""
        if self._connection is not None:
            self._connection.close(self, NORMAL_CLOSURE)
            self._end(0)

    def _lose(self, code: int) -> None:
        """Take that the socket has ended, and connect anew."""
        if self._connection is not None:
            self._connection.close(self, ABNORMAL_CLOSURE)
            self._end(code)
        self._scheduler.at(self._scheduler.now + self.reconnect_delay, self._connect)

    def _end(self, code: int) -> None:
        self._connection, self._is_open = None, False
        self._on_end(code)

    def _is_dead(self, connection: Connection) -> bool:
        since = connection.silent_since
        return since is not None and since + NOTICED <= self._scheduler.now

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
                self._is_open = True
                self._on_open(connection)
            case Close(code=code):
                self._end(code)
                self._scheduler.at(self._scheduler.now + self.reconnect_delay, self._connect)
            case _:
                raise AssertionError(f"a visitor was sent {frame}")

    def _say(self, message: object) -> None:
        if self._connection is not None:
            self._connection.send(self, Text(msgspec.json.encode(message)))

    # What each kind does

    @abstractmethod
    def _hear(self, message: dict[str, Any]) -> None:
        """Take a message."""

    def _on_connecting(self, connection: Connection) -> None:  # noqa: B027
        """Take that a request is under way."""

    def _on_open(self, connection: Connection) -> None:  # noqa: B027
        """Take that the socket is open."""

    def _on_end(self, code: int) -> None:  # noqa: B027
        """Take that it is not, or never came to be; ``code`` is 0 if the client has closed it."""
