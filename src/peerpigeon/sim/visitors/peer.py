"""A virtual client of PeerJS: it has an id and a token, signals others, and remembers all it heard.

What it does is what npm ``peerjs`` 1.5.5 does on the wire, and what pages do with it: they connect
anew when the socket is lost, under the same token; are reloaded, and have another one then; and try
again when their id is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.sim.visitors.visitor import Visitor

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

HEARTBEAT = 5.0
"""Seconds from one heartbeat to the next. Reference: ``pingInterval``."""

TAKEN_AGAIN = 1.0
"""Seconds after which a page tries again whose id is taken."""

RELAYED = ("OFFER", "CANDIDATE", "CANDIDATE", "ANSWER", "LEAVE")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to another peer."""

    serial: str
    kind: str
    target: str
    time: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of another peer, or that one is not there (``EXPIRE``)."""

    serial: str
    source: str
    time: float


@dataclass(slots=True, eq=False)
class PeerSocket:
    """One socket of a peer, from its request on. Times are seconds."""

    owner: int
    """The number of its client."""
    peer: str
    token: str
    connection: Connection
    asked: float
    since: float | None = None
    """When ``OPEN`` came."""
    refused: float | None = None
    """When ``ID-TAKEN`` came."""
    until: float | None = None
    """When the client knew that it was over."""
    closed_by: int = 0
    """The code with which the hub closed it; 0 if the client has ended it."""
    sent: list[Sent] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    expired: list[Heard] = field(default_factory=list)


class Peer(Visitor):
    """One client of PeerJS."""

    def __init__(self, number: int, rng: Random, scheduler: Scheduler) -> None:
        super().__init__(number, rng, scheduler)
        self.peer = ""
        """Its id."""
        self.token = self._new_token()
        self.sockets: list[PeerSocket] = []
        self.surprises: list[str] = []
        self.gives_up = False
        """Whether it stays away once its id is taken."""
        self._serials = 0

    def _new_token(self) -> str:
        return f"{self.line_rng.getrandbits(52):x}"

    @property
    def target(self) -> str:
        """That of its request."""
        return f"/peerjs?key=peerjs&id={self.peer}&token={self.token}&version=1.5.5"

    @property
    def socket(self) -> PeerSocket | None:
        """The present one, if it is open and has the id."""
        last = self.sockets[-1] if self.sockets else None
        return None if last is None or last.since is None or last.until is not None else last

    # What it does

    def send(self, target: str, kind: str) -> None:
        """Send a message to another peer, if it has its id."""
        socket = self.socket
        if socket is not None:
            self._serials += 1
            serial = f"{self.number}.{self._serials}"
            socket.sent.append(Sent(serial, kind, target, self._scheduler.now))
            self._say({"type": kind, "payload": {"serial": serial}, "dst": target})

    def reload(self) -> None:
        """Close the socket and come again at once, with another token."""
        self.close()
        self.token = self._new_token()
        self._connect()

    def change_network(self, *, reloads: bool = False) -> None:
        """Come again at once, without an end of the old socket that its hub could notice."""
        if self._connection is not None:
            self._connection.fall_silent()
            self._end(ABNORMAL_CLOSURE)
        if reloads:
            self.token = self._new_token()
        self._connect()

    # What it hears

    def _on_connecting(self, connection: Connection) -> None:
        asked = self._scheduler.now
        self.sockets.append(PeerSocket(self.number, self.peer, self.token, connection, asked))

    def _on_open(self, connection: Connection) -> None:
        self.reconnect_delay = 0.05 + 0.5 * self.line_rng.random()
        self._scheduler.at(self._scheduler.now + HEARTBEAT, partial(self._beat, connection))

    def _beat(self, connection: Connection) -> None:
        if connection is not self._connection:
            return
        if self._is_dead(connection):
            self._lose(ABNORMAL_CLOSURE)
            return
        self._say({"type": "HEARTBEAT"})
        self._scheduler.at(self._scheduler.now + HEARTBEAT, partial(self._beat, connection))

    def _on_end(self, code: int) -> None:
        socket = self.sockets[-1]
        socket.until, socket.closed_by = self._scheduler.now, code

    def _hear(self, message: dict[str, Any]) -> None:
        now, socket = self._scheduler.now, self.sockets[-1]
        match message:
            case {"type": "OPEN"} if socket.since is None and socket.refused is None:
                socket.since = now
            case {"type": "ID-TAKEN"} if socket.since is None:
                socket.refused = now
                self.reconnect_delay = TAKEN_AGAIN
                self.stays = self.stays and not self.gives_up
            case {"type": "EXPIRE", "src": str(source), "dst": self.peer} if socket.since:
                # What waits is given up by the hub; one that a peer has sent has a serial.
                socket.expired.append(Heard("", source, now))
            case {"src": str(source), "dst": self.peer, "payload": {"serial": str(serial)}} if (
                socket.since
            ):
                socket.heard.append(Heard(serial, source, now))
            case _:
                self.surprises.append(f"peer {self.peer} got {message} at {now:.2f}")
