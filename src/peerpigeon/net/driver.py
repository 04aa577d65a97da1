"""Feeds one hub with what its sockets report, and performs the actions it answers with."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Protocol, assert_never

import msgspec

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import (
    Action,
    ClosePeer,
    DismissPeer,
    Drained,
    PassOn,
    PausePeer,
    PingPeer,
    ResumePeer,
    SendToPeers,
    Tell,
    Warn,
)
from peerpigeon.core.interface.close_codes import INTERNAL_ERROR, NORMAL_CLOSURE, PASSED_ON
from peerpigeon.core.interface.events import (
    ClockSet,
    DrainRequested,
    Event,
    LinkLost,
    LinkReceived,
    PeerBehind,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    PingSent,
    ReferenceOpened,
    Stopping,
    Tick,
    VisitorOpened,
)
from peerpigeon.core.interface.pings import ping_number, ping_payload
from peerpigeon.core.interface.reading import MUCH_UNREAD, ReadProgress
from peerpigeon.core.interface.spans import Traced
from peerpigeon.net.alarm import Alarm
from peerpigeon.net.faults import FaultLog
from peerpigeon.net.links.carriers import Carriers
from peerpigeon.net.memory import Holders
from peerpigeon.net.moments import shared
from peerpigeon.net.refusals import BEHIND, BROKEN, CLOSED, IN_ORDER
from peerpigeon.net.seldom import SeldomWarnings
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.peer_socket import PeerSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core import Hub
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.actions import OtherAction
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.otlp import SpanSender
    from peerpigeon.net.websocket.connection import WebSocket
    from peerpigeon.net.websocket.outgoing import Dialing
    from peerpigeon.rtc.interface import Engine

logger = logging.getLogger(__name__)

LOOK_AT_CLOCK = 0.5
"""Seconds between looks at the wall clock, while there is something to do anyway: a hub has
heartbeats, and who has nothing to do tells nobody what time it is."""

CLOCK_TOLERANCE = 0.05
"""Seconds by which the wall clock may leave the hub's own before that counts as a step. Clocks
that are kept right by slewing drift apart by half a millisecond a second at most."""

REST = 1.0
"""Seconds from a fault of ours to the next tick: one that comes back with each tick may not take
all of the processor."""

_OF_SOCKETS = (PeerOpened, VisitorOpened, ReferenceOpened, PeerSent, PeerPonged, PeerLost)

TICK = Tick()
STOPPING = Stopping()


class Passer(Protocol):
    """What passes clients on to other workers."""

    def send(self, socket: PeerSocket, action: PassOn) -> bool:
        """Pass a client on, at once or soon; ``False`` if it has to stay here."""


class Driver:
    """Drives one ``Hub`` on one event loop.

    ``feed`` is synchronous: events are handled whole, one after another, so there is no lock.
    ``carriers`` looks after the links to other hubs, with channels that ``engine`` makes if there
    is one; ``clients`` are all sockets that carry text, of which it is the listener.
    """

    def __init__(
        self,
        hub: Hub,
        config: ServerConfig,
        tell: Callable[[Notice], None],
        engine: Engine | None = None,
        warnings: SeldomWarnings | None = None,
        spans: SpanSender | None = None,
    ) -> None:
        self._hub = hub
        self._spans = spans
        self._warnings = warnings = warnings or SeldomWarnings()
        self._look_at_clock_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._time = shared(self._loop.time)
        self._tell = tell
        self.holders = Holders(hub.memory, warnings)
        """Which connections keep how much."""
        self.clients = SocketGroup(
            self,
            PeerSocket.accepted,
            max_message_size=config.max_message_size,
            max_outbox_size=config.max_outbox_size,
            close_timeout=config.close_timeout,
            holders=self.holders,
        )
        """The sockets of clients, and of hubs of the npm package."""
        self.clients.on_pace = self._socket_paced
        self.clients.on_fault = self._socket_failed
        self.carriers = Carriers(
            hub.id, self.feed, self._meet, engine, config, self.holders, warnings
        )
        """The links to other hubs."""
        self.carriers.sockets.on_fault = self._socket_failed
        self.passing: Passer | None = None
        """What passes clients on to other workers, if there are any."""
        self.drained = asyncio.Event()
        """Whether the hub has let all its clients go, as ``drain`` asks it to."""
        self._sockets: dict[SessionId, PeerSocket] = {}
        self._last_session = 0
        self._alarm = Alarm(self._loop, hub.deadline, partial(self.feed, TICK))
        self._is_over = False
        self._faults = FaultLog(logger)

    @property
    def faults(self) -> int:
        """How many faults of ours there were since the start."""
        return self._faults.count

    def start(self) -> None:
        """Begin to give the hub its ticks: it may want to do something before anything happens."""
        self.feed(TICK)

    def feed(self, event: Event) -> None:
        """Let the hub handle one event now, and perform what it asks for."""
        if self._is_over:
            return
        now = self._time()
        if now >= self._look_at_clock_at:
            self.look_at_clock()
        try:
            self._hub.take(event, now)
        except Exception as error:
            self._give_up(event, error)
        self.perform(self._hub.act())

    def look_at_clock(self) -> None:
        """Let the hub know if the wall clock was set, for one who is about to read the time."""
        now = self._time()
        self._look_at_clock_at = now + LOOK_AT_CLOCK
        epoch = time.time() - now
        if abs(epoch - self._hub.epoch) > CLOCK_TOLERANCE:
            self.feed(ClockSet(epoch))

    def perform(self, actions: list[Action]) -> None:
        """Do what the hub has asked for."""
        for action in actions:
            if isinstance(action, SendToPeers):  # as most are
                self.clients.send_each(map(self._sockets.get, action.sessions), action.payloads)
            else:
                try:
                    self._perform(action)
                except Exception as error:  # the others have to be done all the same
                    self._note_fault(f"performing {type(action).__name__}", error)
        if not (self._hub.is_deadline_known or self._alarm.will_look):
            self._alarm.look_soon()

    def drain(self, over: float) -> None:
        """Have the hub let its clients go within ``over`` seconds; then ``drained`` is set."""
        self.clients.max_closing = inf
        self.feed(DrainRequested(over))

    def stop(self, code: int, reason: str) -> None:
        """Close every client's socket, and have the other hubs leave this one."""
        self.clients.max_closing = self.carriers.sockets.max_closing = inf  # all of them, at once
        sockets, self._sockets = self._sockets, {}
        for session, socket in sockets.items():
            socket.close(code, reason)
            self.feed(PeerLost(session, code, reason))
        self.feed(STOPPING)

    def close(self) -> None:
        """Take no more events."""
        self._is_over = True
        self._alarm.stop()

    def socket_opened(self, socket: PeerSocket, request: UpgradeRequest) -> None:
        """Take over a socket whose handshake is done."""
        self._take(socket)
        if request.dialect:
            target = f"{request.path}?{request.query}"
            address, permits = socket.address, request.permits
            self.feed(VisitorOpened(socket.session, request.dialect, target, address, permits))
            return
        self.feed(
            PeerOpened(
                socket.session,
                request.parameter("peerId"),
                socket.address,
                request.permits,
                is_page=request.origin is not None,
                resume_key=request.parameter("resumeKey"),
            )
        )

    def _meet(self, dial: Dialing) -> None:
        """Take over a socket that we dialled and a hub of the npm package has answered."""
        socket = dial.become(PeerSocket, self.clients)
        self._take(socket)
        self.feed(ReferenceOpened(socket.session, dial.opening))

    def _take(self, socket: PeerSocket) -> None:
        self._last_session += 1
        socket.session = SessionId(self._last_session)
        self._sockets[socket.session] = socket

    def _pass_on(self, action: PassOn) -> None:
        """Hand a client to another worker, or have the hub serve it after all."""
        self.clients.deliver()  # what it has said meanwhile goes with it
        session = action.opened.session
        socket = self._sockets.pop(session, None)
        is_there = socket is not None and socket.is_open
        self.feed(PeerLost(session, NORMAL_CLOSURE, PASSED_ON))
        if socket is None or not is_there:
            return
        if self.passing is None or not self.passing.send(socket, action):
            self.settle(socket, action.opened, action.texts)

    def settle(self, socket: PeerSocket, opened: PeerOpened, texts: list[str]) -> None:
        """Serve a client that has been greeted, by whichever worker, and what it has said."""
        self._take(socket)
        socket.address = opened.address
        self.feed(msgspec.structs.replace(opened, session=socket.session))
        self.sockets_received([(socket, text) for text in texts])

    def sockets_received(self, received: list[tuple[PeerSocket, str]]) -> None:
        """Take messages that came together."""
        if self._is_over:
            return
        take, now = self._hub.take, self._time()
        if now >= self._look_at_clock_at:
            self.look_at_clock()
        for socket, text in received:
            event = PeerSent(socket.session, text)
            try:
                take(event, now)
            except Exception as error:
                self._give_up(event, error)
        self.perform(self._hub.act())

    def socket_ponged(self, socket: PeerSocket, payload: bytes) -> None:
        """Take a sign of life."""
        number = ping_number(payload)
        if socket.progress is not None:
            socket.progress.ponged(number)
        self.feed(PeerPonged(socket.session, number))

    def _socket_paced(self, socket: PeerSocket) -> None:
        """Take that a client reads more slowly than it is sent to, or that it has caught up."""
        if socket.is_behind:
            self._warnings.add(BEHIND, socket.address)
        self.feed(PeerBehind(socket.session, socket.is_behind))

    def _socket_failed(self, socket: WebSocket, reason: str) -> None:
        """Take that a socket is closed from this end for what came, or for what waits."""
        text = CLOSED.get(reason)
        if text is not None:
            self._warnings.add(text, socket.address)
        else:
            self._warnings.add(BROKEN, socket.address, kind=reason, reason=reason)

    def socket_closed(self, socket: PeerSocket, code: int, reason: str) -> None:
        """Take the end of a socket that the hub did not close."""
        if self._sockets.pop(socket.session, None) is not None:
            self.feed(PeerLost(socket.session, code, reason))

    def _perform(self, action: OtherAction) -> None:
        match action:
            case PingPeer() | PausePeer() | ResumePeer() | DismissPeer():
                if (socket := self._sockets.get(action.session)) is not None:
                    self._perform_for_client(action, socket)
            case ClosePeer():
                self._close(action)
            case Drained():
                self.drained.set()
            case PassOn():
                # Not at once, as this is one of several actions of the hub.
                self._loop.call_soon(self._pass_on, action)
            case Tell(notice):
                self._tell(notice)
            case Warn():
                self._warnings.take(action)
            case Traced():
                if self._spans is not None:
                    self._spans.send(action, self._hub.epoch)
            case _:
                self.carriers.perform(action)

    def _perform_for_client(
        self, action: PingPeer | PausePeer | ResumePeer | DismissPeer, socket: PeerSocket
    ) -> None:
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
            self._loop.call_soon(self.feed, PingSent(socket.session, number, unread))

    def _close(self, action: ClosePeer) -> None:
        socket = self._sockets.pop(action.session, None)
        if socket is not None:
            reason = action.reason
            if reason not in IN_ORDER:
                self._warnings.add(CLOSED.get(reason, reason), socket.address)
            socket.close(action.code, reason)

    def _give_up(self, event: Event, error: Exception) -> None:
        # A fault of ours, which tests should have found: it costs one connection, no more.
        self._note_fault(f"handling {type(event).__name__}", error)
        if isinstance(event, LinkReceived):
            if self.carriers.give_up(event.link, INTERNAL_ERROR, "internal error"):
                self.feed(LinkLost(event.link, INTERNAL_ERROR, "internal error"))
            return
        if not isinstance(event, _OF_SOCKETS):
            return
        socket = self._sockets.pop(event.session, None)
        if socket is not None:
            socket.close(INTERNAL_ERROR, "internal error")
            self.feed(PeerLost(event.session, INTERNAL_ERROR, "internal error"))

    def _note_fault(self, doing: str, error: Exception) -> None:
        now = self._time()
        self._faults.add(doing, error, now)
        self._alarm.rest_until(now + REST)
