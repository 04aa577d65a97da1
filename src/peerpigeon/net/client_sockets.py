"""The sockets of clients, each by its session: what they bring, and what the hub has them do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

import msgspec

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import (
    ClosePeer,
    DismissPeer,
    PassOn,
    PausePeer,
    PingPeer,
    ResumePeer,
)
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, PASSED_ON
from peerpigeon.core.interface.events import (
    PeerBehind,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    PingSent,
    ReferenceOpened,
    VisitorOpened,
)
from peerpigeon.core.interface.pings import ping_number, ping_payload
from peerpigeon.core.interface.reading import MUCH_UNREAD, ReadProgress
from peerpigeon.net.refusals import BEHIND, CLOSED, IN_ORDER
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.peer_socket import PeerSocket

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.actions import SendToPeers
    from peerpigeon.core.interface.events import Event
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.seldom import SeldomWarnings
    from peerpigeon.net.websocket.outgoing import Dialing

    ClientAction: TypeAlias = PingPeer | PausePeer | ResumePeer | DismissPeer | ClosePeer | PassOn


class Passer(Protocol):
    """What passes clients on to other workers."""

    def send(self, socket: PeerSocket, action: PassOn) -> bool:
        """Pass a client on, at once or soon; ``False`` if it has to stay here."""


class ClientSockets:
    """The sockets that carry text: of clients, and of hubs of the npm package.

    A session is one socket, from when it is taken over until the hub closes it or it ends by
    itself; of the latter alone the hub is told. ``feed`` and ``feed_all`` take what happens.
    """

    def __init__(
        self,
        feed: Callable[[Event], None],
        feed_all: Callable[[list[Event]], None],
        config: ServerConfig,
        holders: Holders,
        warnings: SeldomWarnings,
    ) -> None:
        self._feed = feed
        self._feed_all = feed_all
        self._warnings = warnings
        self.sockets = SocketGroup(
            self,
            PeerSocket.accepted,
            max_message_size=config.max_message_size,
            max_outbox_size=config.max_outbox_size,
            close_timeout=config.close_timeout,
            holders=holders,
        )
        """The sockets themselves, those that are closing as well."""
        self.sockets.on_pace = self._socket_paced
        self.passing: Passer | None = None
        """What passes clients on to other workers, if there are any."""
        self._by_session: dict[SessionId, PeerSocket] = {}
        self._last_session = 0

    # What happens

    def socket_opened(self, socket: PeerSocket, request: UpgradeRequest) -> None:
        """Take over a socket whose handshake is done."""
        self._take(socket)
        if request.dialect:
            target = f"{request.path}?{request.query}"
            address, permits = socket.address, request.permits
            self._feed(VisitorOpened(socket.session, request.dialect, target, address, permits))
            return
        self._feed(
            PeerOpened(
                socket.session,
                request.parameter("peerId"),
                socket.address,
                request.permits,
                is_page=request.origin is not None,
                resume_key=request.parameter("resumeKey"),
            )
        )

    def meet(self, dial: Dialing) -> None:
        """Take over a socket that we dialled and a hub of the npm package has answered."""
        socket = dial.become(PeerSocket, self.sockets)
        self._take(socket)
        self._feed(ReferenceOpened(socket.session, dial.opening))

    def settle(self, socket: PeerSocket, opened: PeerOpened, texts: list[str]) -> None:
        """Serve a client that has been greeted, by whichever worker, and what it has said."""
        self._take(socket)
        socket.address = opened.address
        self._feed(msgspec.structs.replace(opened, session=socket.session))
        self.sockets_received([(socket, text) for text in texts])

    def _take(self, socket: PeerSocket) -> None:
        self._last_session += 1
        socket.session = SessionId(self._last_session)
        self._by_session[socket.session] = socket

    def sockets_received(self, received: list[tuple[PeerSocket, str]]) -> None:
        """Take messages that came together."""
        self._feed_all([PeerSent(socket.session, text) for socket, text in received])

    def socket_ponged(self, socket: PeerSocket, payload: bytes) -> None:
        """Take a sign of life."""
        number = ping_number(payload)
        if socket.progress is not None:
            socket.progress.ponged(number)
        self._feed(PeerPonged(socket.session, number))

    def _socket_paced(self, socket: PeerSocket) -> None:
        """Take that a client reads more slowly than it is sent to, or that it has caught up."""
        if socket.is_behind:
            self._warnings.add(BEHIND, socket.address)
        self._feed(PeerBehind(socket.session, socket.is_behind))

    def socket_closed(self, socket: PeerSocket, code: int, reason: str) -> None:
        """Take the end of a socket that the hub did not close."""
        if self._by_session.pop(socket.session, None) is not None:
            self._feed(PeerLost(socket.session, code, reason))

    def give_up(self, session: SessionId, code: int, reason: str) -> None:
        """Close a socket of which the hub does not know that it is to be closed."""
        socket = self._by_session.pop(session, None)
        if socket is not None:
            socket.close(code, reason)
            self._feed(PeerLost(session, code, reason))

    def give_up_all(self, code: int, reason: str) -> None:
        """Close all sockets, as the server stops: none of them is told of the end of another."""
        by_session, self._by_session = self._by_session, {}
        for session, socket in by_session.items():
            socket.close(code, reason)
            self._feed(PeerLost(session, code, reason))

    # What is to be done

    def send(self, action: SendToPeers) -> None:
        """Send to each session what is for it; nothing to those that have ended."""
        self.sockets.send_each(map(self._by_session.get, action.sessions), action.payloads)

    def perform(self, action: ClientAction) -> None:
        """Do what the hub has asked for; nothing if the session has ended."""
        if isinstance(action, PassOn):
            # Not at once, as this is one of several actions of the hub.
            self.sockets.loop.call_soon(self._pass_on, action)
        elif isinstance(action, ClosePeer):
            self._close(action)
        elif (socket := self._by_session.get(action.session)) is not None:
            match action:
                case PingPeer(number=number):
                    self._ping(socket, number)
                case PausePeer():
                    socket.halt()
                case ResumePeer():
                    socket.go_on()
                case DismissPeer(code=code, reason=reason):
                    socket.dismiss(code, reason)
                case _:
                    assert_never(action)

    def _ping(self, socket: PeerSocket, number: int) -> None:
        socket.ping(ping_payload(number))
        if socket.sent <= MUCH_UNREAD:  # as to all that are at rest
            return
        if socket.progress is None:
            socket.progress = ReadProgress()
        unread = socket.progress.pinged(number, socket.sent)
        if unread > MUCH_UNREAD:
            # Not at once, as this is one of several actions of the hub.
            self.sockets.loop.call_soon(self._feed, PingSent(socket.session, number, unread))

    def _close(self, action: ClosePeer) -> None:
        socket = self._by_session.pop(action.session, None)
        if socket is not None:
            reason = action.reason
            if reason not in IN_ORDER:
                self._warnings.add(CLOSED.get(reason, reason), socket.address)
            socket.close(action.code, reason)

    def _pass_on(self, action: PassOn) -> None:
        """Hand a client to another worker, or have the hub serve it after all."""
        self.sockets.deliver()  # what it has said meanwhile goes with it
        session = action.opened.session
        socket = self._by_session.pop(session, None)
        is_there = socket is not None and socket.is_open
        self._feed(PeerLost(session, NORMAL_CLOSURE, PASSED_ON))
        if socket is None or not is_there:
            return
        if self.passing is None or not self.passing.send(socket, action):
            self.settle(socket, action.opened, action.texts)
