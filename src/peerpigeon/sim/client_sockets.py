"""The sockets of one hub's clients: what comes of them, and what the hub does to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

from msgspec.structs import replace

from peerpigeon.core.interface.actions import (
    ClosePeer,
    DismissPeer,
    PausePeer,
    PingPeer,
    ResumePeer,
    SendToPeers,
)
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, GOING_AWAY, SERVER_STOPPING
from peerpigeon.core.interface.events import (
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    PingSent,
    ReferenceOpened,
    VisitorOpened,
)
from peerpigeon.core.interface.pings import ping_number, ping_payload
from peerpigeon.core.interface.reading import MUCH_UNREAD
from peerpigeon.sim.network import WITHIN_A_MACHINE
from peerpigeon.sim.sessions import Sessions
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
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.interface.actions import ClientAction, PassOn
    from peerpigeon.core.interface.events import Event
    from peerpigeon.sim.openings import Dialing
    from peerpigeon.sim.scheduler import Scheduler


class Process(Endpoint, Protocol):
    """A hub's process, as the sockets of its clients need it."""

    config: ServerConfig
    is_alive: bool
    life: int
    """How often it was started."""

    def feed(self, event: Event) -> None:
        """Have the hub handle one event, now or as soon as it gets round to it."""


class ClientSockets:
    """Those of one life of a hub, and of hubs of the npm package, which speak as clients do."""

    def __init__(self, process: Process, scheduler: Scheduler) -> None:
        self._process = process
        self._scheduler = scheduler
        self._sessions = Sessions()
        self._ungreeted: dict[int, Dialing] = {}  # by the connection's number

    # What comes in

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Turn one frame into the event it means for the hub."""
        if connection.number in self._ungreeted:
            self._take_first(connection, frame)
            return
        session = self._sessions.of(connection)
        if self._sessions.keep(session, frame):  # it is not read for now
            return
        feed = self._process.feed
        match frame:
            case Text(content=content):
                feed(PeerSent(session, content.decode()))
            case Pong(content=content):
                self._sessions.ponged(session, ping_number(content))
                feed(PeerPonged(session, ping_number(content)))
            case Ping():
                feed(PeerPonged(session, 0))
            case Request(content=content):
                self._accept(connection, content.decode())
            case Close(code=code, reason=reason):
                self._sessions.end(session)
                feed(PeerLost(session, code, reason))
            case _:
                raise AssertionError(f"a hub was sent {frame}")

    def _read_on(self, session: SessionId) -> None:
        """Read what has come of a client that was not read for a while."""
        if (connection := self._sessions.connection(session)) is not None:
            for frame in self._sessions.take_unread(session):
                self._process.receive(connection, frame)

    def _accept(self, connection: Connection, query: str) -> None:
        if query.startswith("/"):
            session = self._sessions.begin(connection)
            connection.send(self._process, Accepted())
            dialect = query[1:].partition("?")[0]
            self._process.feed(VisitorOpened(session, dialect, query, "127.0.0.1"))
            return
        peer_id, _, resume_key = query.partition("&")
        session = self._sessions.begin(connection)
        connection.send(self._process, Accepted())
        number = connection.ends[0].number
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._process.feed(PeerOpened(session, peer_id, address, resume_key=resume_key))

    def expect_greeting(self, connection: Connection, dialing: Dialing) -> None:
        """Wait for the text by which a hub of the npm package shows what it is."""
        self._ungreeted[connection.number] = dialing

    def _take_first(self, connection: Connection, frame: Frame) -> None:
        """Take a frame of a hub of the npm package that has not greeted yet."""
        dialing = self._ungreeted[connection.number]
        match frame:
            case Text(content=content):
                del self._ungreeted[connection.number]
                if not dialing.conclude():
                    connection.close(self._process, ABNORMAL_CLOSURE)
                    return
                session = self._sessions.begin(connection)
                self._process.feed(ReferenceOpened(session, dialing.number))
                self._process.feed(PeerSent(session, content.decode()))
            case Close(reason=reason):
                del self._ungreeted[connection.number]
                dialing.fail(reason or "the connection closed at once")

    # What goes out

    def send(self, action: SendToPeers) -> None:
        """Send texts to clients."""
        for session, payload in zip(action.sessions, action.payloads, strict=True):
            self._sessions.note_sent(session, len(payload))
            self._send(session, Text(payload))

    def perform(self, action: ClientAction) -> None:
        """Do what the hub asks for."""
        session = action.session
        match action:
            case PingPeer(number=number):
                self._ping(session, number)
            case PausePeer():
                self._sessions.halt(session)
            case ResumePeer():
                self._sessions.go_on(session)
                self._scheduler.at(self._scheduler.now, partial(self._read_on, session))
            case ClosePeer(code=code, reason=reason):
                if (connection := self._sessions.end(session)) is not None:
                    connection.close(self._process, code, reason)
            case DismissPeer(code=code, reason=reason):
                self._send(session, Close(code, reason))
                timeout = self._scheduler.now + self._process.config.close_timeout
                life = self._process.life
                self._scheduler.alarm(timeout, partial(self._give_up, session, life))
            case _:
                assert_never(action)

    def halt(self, session: SessionId) -> None:
        """Read nothing more of a client that is to be handed over."""
        self._sessions.halt(session)

    def hand_over(self, action: PassOn, to: ClientSockets | None) -> None:
        """Give a connection and what is known of its client to another process, or keep both.

        Like the kernel, it gives what has come and was not read, too.
        """
        given = self._sessions.yield_up(action.opened.session)
        if given is None:  # the process has closed it meanwhile
            return
        connection, unread = given
        if to is not None:
            connection.hand_over(to._process)
        (to or self)._take_over(connection, unread, action)

    def _take_over(self, connection: Connection, unread: list[Frame], action: PassOn) -> None:
        session, life = self._sessions.adopt(connection, unread), self._process.life
        arrival = self._scheduler.now + WITHIN_A_MACHINE
        self._scheduler.at(arrival, partial(self._settle, session, action, life))

    def _settle(self, session: SessionId, action: PassOn, life: int) -> None:
        if not self._process.is_alive or life != self._process.life:
            return
        if self._sessions.connection(session) is None:  # it was closed by one that stops
            return
        self._process.feed(replace(action.opened, session=session))
        for text in action.texts:
            self._process.feed(PeerSent(session, text))
        self._sessions.go_on(session)
        self._read_on(session)

    def close_all(self) -> None:
        """Close all sockets, as a server that stops does."""
        for session in self._sessions:
            if (connection := self._sessions.end(session)) is not None:
                connection.close(self._process, GOING_AWAY, SERVER_STOPPING)
            self._process.feed(PeerLost(session, GOING_AWAY, SERVER_STOPPING))

    def _give_up(self, session: SessionId, life: int) -> None:
        """End the connection of a client that has not answered a close frame in time."""
        connection = self._sessions.end(session) if life == self._process.life else None
        if connection is not None:
            connection.close(self._process, ABNORMAL_CLOSURE)
            self._process.feed(PeerLost(session, ABNORMAL_CLOSURE, ""))

    def _send(self, session: SessionId, frame: Frame) -> None:
        if connection := self._sessions.connection(session):
            connection.send(self._process, frame)

    def _ping(self, session: SessionId, number: int) -> None:
        self._send(session, Ping(ping_payload(number)))
        unread = self._sessions.pinged(session, number)
        if unread > MUCH_UNREAD:
            sent = PingSent(session, number, unread)
            life = self._process.life
            self._scheduler.at(self._scheduler.now, partial(self._tell_of, sent, life))

    def _tell_of(self, sent: PingSent, life: int) -> None:
        if self._process.is_alive and life == self._process.life:
            self._process.feed(sent)
