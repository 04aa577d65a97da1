"""Feeds one hub with what its sockets report, and performs the actions it answers with."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from math import inf
from typing import TYPE_CHECKING

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
from peerpigeon.core.interface.close_codes import INTERNAL_ERROR
from peerpigeon.core.interface.events import (
    ClockSet,
    DrainRequested,
    Event,
    LinkLost,
    LinkReceived,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    ReferenceOpened,
    Stopping,
    Tick,
    VisitorOpened,
)
from peerpigeon.core.interface.spans import Traced
from peerpigeon.net.alarm import Alarm
from peerpigeon.net.client_sockets import ClientSockets
from peerpigeon.net.faults import FaultLog
from peerpigeon.net.links.carriers import Carriers
from peerpigeon.net.memory import Holders
from peerpigeon.net.moments import shared
from peerpigeon.net.refusals import BROKEN, CLOSED
from peerpigeon.net.seldom import SeldomWarnings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from peerpigeon.core import Hub
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.actions import OtherAction
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.net.otlp import SpanSender
    from peerpigeon.net.websocket.connection import WebSocket
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


class Driver:
    """Drives one ``Hub`` on one event loop.

    ``feed`` is synchronous: events are handled whole, one after another, so there is no lock.
    ``carriers`` looks after the links to other hubs, with channels that ``engine`` makes if there
    is one, and ``clients`` after all sockets that carry text.
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
        self.clients = ClientSockets(self.feed, self.feed_all, config, self.holders, warnings)
        """The sockets of clients, and of hubs of the npm package."""
        self.carriers = Carriers(
            hub.id, self.feed, self.clients.meet, engine, config, self.holders, warnings
        )
        """The links to other hubs."""
        for sockets in (self.clients.sockets, self.carriers.sockets):
            sockets.on_fault = self._socket_failed
        self.drained = asyncio.Event()
        """Whether the hub has let all its clients go, as ``drain`` asks it to."""
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
        self.feed_all((event,))

    def feed_all(self, events: Sequence[Event]) -> None:
        """Let the hub handle events that came together, and perform what it asks for then."""
        if self._is_over:
            return
        take, now = self._hub.take, self._time()
        if now >= self._look_at_clock_at:
            self.look_at_clock()
        for event in events:
            try:
                take(event, now)
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
                self.clients.send(action)
            else:
                try:
                    self._perform(action)
                except Exception as error:  # the others have to be done all the same
                    self._note_fault(f"performing {type(action).__name__}", error)
        if not (self._hub.is_deadline_known or self._alarm.will_look):
            self._alarm.look_soon()

    def drain(self, over: float) -> None:
        """Have the hub let its clients go within ``over`` seconds; then ``drained`` is set."""
        self.clients.sockets.max_closing = inf
        self.feed(DrainRequested(over))

    def stop(self, code: int, reason: str) -> None:
        """Close every client's socket, and have the other hubs leave this one."""
        for sockets in (self.clients.sockets, self.carriers.sockets):
            sockets.max_closing = inf  # all of them, at once
        self.clients.give_up_all(code, reason)
        self.feed(STOPPING)

    def close(self) -> None:
        """Take no more events."""
        self._is_over = True
        self._alarm.stop()

    def _socket_failed(self, socket: WebSocket, reason: str) -> None:
        """Take that a socket is closed from this end for what came, or for what waits."""
        text = CLOSED.get(reason)
        if text is not None:
            self._warnings.add(text, socket.address)
        else:
            self._warnings.add(BROKEN, socket.address, kind=reason, reason=reason)

    def _perform(self, action: OtherAction) -> None:
        match action:
            case PingPeer() | PausePeer() | ResumePeer() | DismissPeer() | ClosePeer() | PassOn():
                self.clients.perform(action)
            case Drained():
                self.drained.set()
            case Tell(notice):
                self._tell(notice)
            case Warn():
                self._warnings.take(action)
            case Traced():
                if self._spans is not None:
                    self._spans.send(action, self._hub.epoch)
            case _:
                self.carriers.perform(action)

    def _give_up(self, event: Event, error: Exception) -> None:
        # A fault of ours, which tests should have found: it costs one connection, no more.
        self._note_fault(f"handling {type(event).__name__}", error)
        if isinstance(event, LinkReceived):
            if self.carriers.give_up(event.link, INTERNAL_ERROR, "internal error"):
                self.feed(LinkLost(event.link, INTERNAL_ERROR, "internal error"))
            return
        if isinstance(event, _OF_SOCKETS):
            self.clients.give_up(event.session, INTERNAL_ERROR, "internal error")

    def _note_fault(self, doing: str, error: Exception) -> None:
        now = self._time()
        self._faults.add(doing, error, now)
        self._alarm.rest_until(now + REST)
