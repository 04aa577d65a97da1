"""A hub of the npm package as a party of a world: its process, its sockets, the hubs it dials.

It does not ping, and gives a hub up after ten attempts. ``reference_service.py`` says the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.sim import reference_messages as messages
from peerpigeon.sim.reference_service import ReferenceService
from peerpigeon.sim.websocket import (
    Accepted,
    Close,
    Connection,
    Endpoint,
    Frame,
    Ping,
    Pong,
    Request,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.sim.connecting import Connector
    from peerpigeon.sim.openings import Dialing
    from peerpigeon.sim.reference_messages import Message
    from peerpigeon.sim.scheduler import Callback
    from peerpigeon.sim.stage import Stage

RECONNECT_INTERVAL = 5.0
"""Seconds from the end of the socket to a bootstrap hub to the next attempt."""

MAX_RECONNECTS = 10
"""Attempts that it makes in its whole life, for each bootstrap hub."""

CONNECT_TIMEOUT = 127.0
"""Seconds after which Linux gives up a connection that nobody answers."""

MESH_START = 1.0
"""Seconds from its start until it dials, and its own mesh begins, by which it tells who it is."""


@dataclass(slots=True, eq=False)
class _Uplink:
    """A bootstrap hub that it dials."""

    uri: str
    connection: Connection | None = None
    attempts: int = 0


class ReferenceHub:
    """The process of one hub of the npm package.

    ``bootstraps`` are the addresses of the hubs that it dials.
    """

    is_stopping = False

    def __init__(
        self,
        number: int,
        own: PeerId,
        address: tuple[str, int],
        bootstraps: tuple[str, ...],
        rng: Random,
        stage: Stage,
    ) -> None:
        self.number = number
        self.own = own
        self.line_rng = rng
        self.is_alive = False
        self._address = address
        self._bootstraps = bootstraps
        self._stage = stage
        self._life = 0
        self._forget_everything()

    def _forget_everything(self) -> None:
        self._accepted: dict[int, PeerId] = {}  # by the connection's number, until it closes
        self._uplinks: list[_Uplink] = []
        self._open_uplinks: list[Connection] = []
        self._service = ReferenceService(self.own, self._send, self._open_uplinks)

    # The process

    def start(self, connector: Connector) -> None:
        """Begin a new life."""
        self._connector = connector
        self._life += 1
        self.is_alive = True
        self._uplinks = [_Uplink(uri) for uri in self._bootstraps]
        self._later(MESH_START, self._service.begin_mesh)
        for uplink in self._uplinks:
            self._later(MESH_START, partial(self._dial, uplink))

    def die(self) -> None:
        """End the process without a word; the world sees to its lines."""
        self.is_alive = False
        self._forget_everything()

    def when_awake(self, callback: Callback) -> None:
        """Carry ``callback`` out: this process never sleeps."""
        callback()

    def answer(self, dialing: Dialing) -> None:
        """Take a WebSocket that a hub of ours has dialled; it will be greeted in text."""
        dialing.open_connection(self)

    def _later(self, delay: float, callback: Callable[[], None]) -> None:
        def act(life: int) -> None:
            if self.is_alive and self._life == life:
                callback()

        scheduler = self._stage.scheduler
        scheduler.at(scheduler.now + delay, partial(act, self._life))

    # Sockets

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Take one frame."""
        if not self.is_alive:
            connection.break_off()
            return
        match frame:
            case Request(content=content):
                self._accept(connection, PeerId(content.decode()))
            case Accepted():
                self._on_uplink_open(connection)
            case Text(content=content):
                self._hear(connection, messages.decode(content))
            case Ping(content=content):
                connection.send(self, Pong(content))
            case Close():
                self._on_close(connection)
            case Pong():
                pass

    def _send(self, connection: Connection, message: Message) -> None:
        message = msgspec.structs.replace(message, timestamp=int(self._stage.scheduler.now * 1000))
        connection.send(self, Text(message.encode()))
        network = self._stage.network
        if connection.silent_since is not None and network.can_reach(*connection.ends):
            # The other end has given the connection up, and answers with a reset.
            self._later(2 * network.latency, partial(self._reset, connection))

    def _reset(self, connection: Connection) -> None:
        connection.close(self, ABNORMAL_CLOSURE)
        self._on_close(connection)

    def _accept(self, connection: Connection, peer_id: PeerId) -> None:
        if not self._service.connect(peer_id, connection):
            connection.close(self, POLICY_VIOLATION, "Peer already connected")
            return
        self._accepted[connection.number] = peer_id
        connection.send(self, Accepted())
        self._send(connection, messages.connected(peer_id))

    def _hear(self, connection: Connection, message: Message) -> None:
        peer_id = self._accepted.get(connection.number)
        if peer_id is not None:
            self._service.hear(peer_id, message)
        elif connection in self._open_uplinks:
            self._service.hear_from_uplink(message)

    def _on_close(self, connection: Connection) -> None:
        peer_id = self._accepted.pop(connection.number, None)
        if peer_id is not None:
            self._service.disconnect(peer_id)
            return
        if connection in self._open_uplinks:
            self._open_uplinks.remove(connection)
        for uplink in self._uplinks:
            if uplink.connection is connection:
                uplink.connection = None
                self._dial_again(uplink)

    # Hubs that it dials

    def _dial(self, uplink: _Uplink) -> None:
        host, stage = self._connector.find_host(uplink.uri, self.line_rng), self._stage
        if host is None:
            self._dial_again(uplink)
            return
        ends: tuple[Endpoint, Endpoint] = (self, host)
        uplink.connection = Connection(stage.network, stage.scheduler, stage.trace, ends)
        uplink.connection.send(self, Request(self.own.encode()))
        self._later(CONNECT_TIMEOUT, partial(self._give_up, uplink.connection))

    def _give_up(self, connection: Connection) -> None:
        if connection not in self._open_uplinks:
            self._on_close(connection)

    def _dial_again(self, uplink: _Uplink) -> None:
        if uplink.attempts < MAX_RECONNECTS:
            uplink.attempts += 1
            self._later(RECONNECT_INTERVAL, partial(self._dial, uplink))

    def _on_uplink_open(self, connection: Connection) -> None:
        self._open_uplinks.append(connection)
        self._service.introduce(connection, *self._address)
