"""The WebSockets of a hub's clients, and of hubs of the npm package, by the hub's session."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.reading import ReadProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.sim.websocket import Connection, Frame


class Sessions:
    """The sessions of one life of a hub. None is ever used twice."""

    def __init__(self) -> None:
        self._connections: dict[SessionId, Connection] = {}
        self._sessions: dict[int, SessionId] = {}  # by the connection's number
        self._last = 0
        self._sent: dict[SessionId, int] = defaultdict(int)  # bytes
        self._progress: dict[SessionId, ReadProgress] = defaultdict(ReadProgress)
        # Clients that are not read for now, and what has come of those that were not.
        self._halted: set[SessionId] = set()
        self._unread: dict[SessionId, list[Frame]] = {}

    def __iter__(self) -> Iterator[SessionId]:
        """Return the open ones, oldest first; they may be removed meanwhile."""
        return iter(list(self._connections))

    def begin(self, connection: Connection) -> SessionId:
        """Return a new session for a connection."""
        self._last += 1
        session = SessionId(self._last)
        self._connections[session] = connection
        self._sessions[connection.number] = session
        return session

    def connection(self, session: SessionId) -> Connection | None:
        """Return the connection of a session that is open."""
        return self._connections.get(session)

    def of(self, connection: Connection) -> SessionId:
        """Return the session of a connection; 0 if it has none, or none any more."""
        return self._sessions.get(connection.number, SessionId(0))

    def halt(self, session: SessionId) -> None:
        """Let what comes of a client wait."""
        self._halted.add(session)
        self._unread.setdefault(session, [])

    def go_on(self, session: SessionId) -> None:
        """Let a client be read again; what has waited comes first."""
        self._halted.discard(session)

    def keep(self, session: SessionId, frame: Frame) -> bool:
        """Keep a frame if it has to wait."""
        unread = self._unread.get(session)
        if unread is None:
            return False
        unread.append(frame)
        return True

    def take_unread(self, session: SessionId) -> list[Frame]:
        """Return what has waited, if the client is read by now."""
        return [] if session in self._halted else self._unread.pop(session, [])

    def adopt(self, connection: Connection, unread: list[Frame]) -> SessionId:
        """Return a session for a connection that another has had; it is not read for now."""
        session = self.begin(connection)
        self.halt(session)
        self._unread[session] += unread
        return session

    def yield_up(self, session: SessionId) -> tuple[Connection, list[Frame]] | None:
        """Forget a session that is not read; return its connection and what has waited."""
        unread = self._unread.get(session, [])
        connection = self.end(session)
        return None if connection is None else (connection, unread)

    def end(self, session: SessionId) -> Connection | None:
        """Forget a session, and return the connection that it had."""
        connection = self._connections.pop(session, None)
        self._halted.discard(session)
        self._unread.pop(session, None)
        if connection is not None:
            del self._sessions[connection.number]
            self._sent.pop(session, None)
            self._progress.pop(session, None)
        return connection

    # What clients have read

    def note_sent(self, session: SessionId, size: int) -> None:
        """Note that a client was sent so many bytes."""
        if session in self._connections:
            self._sent[session] += size

    def pinged(self, session: SessionId, number: int) -> int:
        """Note that a client is sent a ping; return how many bytes before it may be unread."""
        if session not in self._connections:
            return 0
        return self._progress[session].pinged(number, self._sent[session])

    def ponged(self, session: SessionId, number: int) -> None:
        """Note that a client has answered a ping."""
        if session in self._connections:
            self._progress[session].ponged(number)
