"""The simulator's shell of one hub: feeds it what arrives, performs what it asks for."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, assert_never

import msgspec

from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import (
    Action,
    CloseLink,
    ClosePeer,
    DismissPeer,
    Drained,
    PassOn,
    PausePeer,
    PingPeer,
    ResumePeer,
    SendToLink,
    SendToPeers,
    Tell,
    TrustLink,
)
from peerpigeon.core.interface.close_codes import (
    GOING_AWAY,
    HUB_STOPPING,
    NORMAL_CLOSURE,
    PASSED_ON,
)
from peerpigeon.core.interface.events import (
    Event,
    PeerLost,
    Stopping,
    Tick,
)
from peerpigeon.core.interface.notices import name_of
from peerpigeon.core.interface.spans import Traced
from peerpigeon.core.interface.timing import LEAVE_TIMEOUT
from peerpigeon.sim.client_sockets import ClientSockets
from peerpigeon.sim.connecting import open_way
from peerpigeon.sim.history import Lapse
from peerpigeon.sim.pace import Pace
from peerpigeon.sim.websocket import Connection, Frame, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.core import Hub
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.sim.connecting import Connector
    from peerpigeon.sim.links import LinkEnd
    from peerpigeon.sim.openings import Dialing, Opening
    from peerpigeon.sim.scheduler import Callback
    from peerpigeon.sim.stage import Stage

READ_BY_HALF = 0.05
"""How often a connection cannot be handed to another worker, because half a message is read."""

_json = msgspec.json.Encoder().encode

_TICKED = 16
_TOLD = 17
_TICK = Tick()
_MAX_TICKS_AT_ONCE = 10_000
"""A crowd that comes at one moment is introduced in one tick for eight of them."""


class Host:
    """One machine and the process of a hub on it, or one of several processes: a worker.

    The process may die and be started again (``start``); then it has a new life, and nothing that
    belonged to the one before reaches it. It may also stop for a while, or be slow.
    """

    def __init__(
        self, number: int, config: ServerConfig, chances: tuple[Random, Random], stage: Stage
    ) -> None:
        self.number = number
        self.config = config
        self.rng, self.line_rng = chances
        """The hub's own chance, and that of the lines it opens."""
        self.life = 0
        """How often it was started."""
        self.identity: Identity | None = None
        self.is_alive = False
        self.is_stopping = False
        """Whether it takes nobody in any more, and ends when the other hubs have left it."""
        self.pace = Pace(stage.scheduler)
        """How quickly it gets round to what comes."""
        self.skew = 0.0
        """Seconds by which its clock is fast."""
        self.lapses: list[Lapse] = []
        """When it may have been out of the others' reach, though it lived."""
        self.notices: Counter[str] = Counter()
        """How often it told each thing, by the documented name."""
        self.spans: list[Traced] = []
        """What it told of the signals that are traced."""
        self.on_notice: Callable[[Host, Notice], object] | None = None
        self.workers: list[Host] = [self]
        """All that listen at its address, by their numbers."""
        self.hub: Hub
        self.own: PeerId
        """Its id in this life."""
        self._stage = stage
        self._scheduler, self._trace = stage.scheduler, stage.trace
        self._connector: Connector
        self._forget_everything()

    def _forget_everything(self) -> None:
        self._clients = ClientSockets(self, self._scheduler)
        self._links: dict[LinkId, LinkEnd] = {}
        self._last_link = 0
        self._openings: dict[int, Opening] = {}
        self._tick_at: float | None = None
        self._is_tick_waiting = False
        self._ticks_at_once = 0

    # The process

    def start(self, hub: Hub, own: PeerId, connector: Connector) -> None:
        """Begin a new life."""
        self.hub, self.own, self._connector = hub, own, connector
        self.life += 1
        self.is_alive, self.is_stopping = True, False
        self._arm()

    def die(self) -> None:
        """End the process without a word; the world sees to its lines."""
        self.is_alive = False
        self.pace.end()
        self._forget_everything()

    def stop(self) -> None:
        """End the process in good order: let clients go, then the other hubs leave."""
        self.is_stopping = True
        self._clients.close_all()
        self.feed(Stopping())
        self._scheduler.alarm(self._scheduler.now + LEAVE_TIMEOUT, partial(self._end, self.life))
        self._end_if_left()

    def _end_if_left(self) -> None:
        if self.is_stopping and not self._links:
            self._end(self.life)

    def _end(self, life: int) -> None:
        if life != self.life or not self.is_alive:
            return
        for end in self.links:
            end.close(GOING_AWAY, HUB_STOPPING)
        self.die()

    def wake_up(self) -> None:
        """Go on after it was asleep, first of all with what has come meanwhile."""
        self.pace.wake_up()
        if self.is_alive:
            self._arm()

    def when_awake(self, callback: Callback) -> None:
        """Carry ``callback`` out now, or when the process goes on."""
        self.pace.when_awake(callback)

    def begin_lapse(self, *, is_cut: bool = False) -> None:
        """Note that from now on others may not reach it."""
        self.lapses.append(Lapse(self._scheduler.now, is_cut))

    def end_lapses(self, *, is_cut: bool = False) -> None:
        """Note that what kept others from reaching it is over."""
        for lapse in self.lapses:
            if lapse.until is None and lapse.is_cut == is_cut:
                lapse.until = self._scheduler.now

    # What comes in

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Turn one frame of a client into the event it means for the hub."""
        is_shut = self.is_stopping or (self.is_alive and self.hub.status.is_draining)
        if not self.is_alive or (is_shut and isinstance(frame, Request)):
            connection.break_off()
            return
        if self.pace.is_asleep:
            self.pace.when_awake(partial(self.receive, connection, frame))
            return
        self._clients.receive(connection, frame)

    def answer(self, dialing: Dialing) -> None:
        """Take a WebSocket that another hub has dialled."""
        dialing.open_link(self)

    def expect_greeting(self, connection: Connection, dialing: Dialing) -> None:
        """Wait for the text by which a hub of the npm package shows what it is."""
        self._clients.expect_greeting(connection, dialing)

    def feed(self, event: Event) -> None:
        """Have the hub handle one event, now or as soon as it gets round to it."""
        self.pace.handle(self._handle, event)

    def _handle(self, event: Event) -> None:
        for action in self.hub.handle(event, self._scheduler.now):
            if type(action) is SendToLink:  # the most frequent by far
                end = self._links.get(action.link)
                if end is not None:
                    end.send(action.frame)
            elif type(action) is Tell:  # in large meshes, of each hub to each other one
                self._tell(action.notice)
            else:
                self.perform(action)
        self._end_if_left()
        if self.is_alive:
            self._arm()

    # What goes out

    def perform(self, action: Action) -> None:
        """Do what the hub asks for."""
        match action:
            case SendToPeers():
                self._clients.send(action)
            case PingPeer() | PausePeer() | ResumePeer() | ClosePeer() | DismissPeer():
                self._clients.perform(action)
            case Drained():
                self.stop()
            case PassOn():
                self._pass_on(action)
            case SendToLink() | TrustLink() | CloseLink():
                if action.link in self._links:
                    self._perform_on_link(action)
            case Tell(notice=notice):
                self._tell(notice)
            case Traced():
                self.spans.append(action)
            case _:
                open_way(action, self, self._openings, self._connector)

    def _pass_on(self, action: PassOn) -> None:
        session, life = action.opened.session, self.life
        self._clients.halt(session)

        def let_go(lost: Event) -> None:
            self._handle(lost)
            if self.is_alive and not self.is_stopping:
                self._clients.hand_over(action, self._takers_of(action.worker))

        def lose() -> None:  # not at once, as this is one of several actions of the hub
            if self.is_alive and life == self.life:
                self.pace.handle(let_go, PeerLost(session, NORMAL_CLOSURE, PASSED_ON))

        self._scheduler.at(self._scheduler.now, lose)

    def _takers_of(self, worker: int) -> ClientSockets | None:
        """Return what takes a client over; ``None`` if it has to stay."""
        to = self.workers[worker]
        if not to.is_alive or to.is_stopping or self.line_rng.random() < READ_BY_HALF:
            return None
        return to._clients

    def _perform_on_link(self, action: SendToLink | TrustLink | CloseLink) -> None:
        match action:
            case SendToLink(link=link, frame=frame):
                self._links[link].send(frame)
            case TrustLink(link=link):
                self._links[link].trust()
            case CloseLink(link=link, code=code, reason=reason):
                self._links.pop(link).close(code, reason)
            case _:
                assert_never(action)

    def _tell(self, notice: Notice) -> None:
        self.notices[name_of(notice)] += 1
        content = _json(notice)
        self._trace.note(self._scheduler.now, self.number, 0, _TOLD, content)
        if self.on_notice is not None:
            self.on_notice(self, notice)

    # Links

    def add_link(self, end: LinkEnd) -> LinkId:
        """Take an open link into the list and return its number."""
        self._last_link += 1
        link = LinkId(self._last_link)
        self._links[link] = end
        return link

    def remove_link(self, end: LinkEnd) -> None:
        """Drop a link that has ended."""
        self._links.pop(end.id, None)

    def forget_opening(self, number: int) -> None:
        """Drop an opening that has come to its end."""
        self._openings.pop(number, None)

    @property
    def links(self) -> list[LinkEnd]:
        """The links that this hub believes to be open, oldest first."""
        return list(self._links.values())

    # Time

    def _arm(self) -> None:
        deadline = self.hub.deadline()
        if deadline is None or self._is_tick_waiting:
            return
        if self._tick_at is None or deadline < self._tick_at:
            self._tick_at = max(deadline, self._scheduler.now)
            self._scheduler.alarm(self._tick_at, partial(self._on_alarm, self.life))

    def _on_alarm(self, life: int) -> None:
        now = self._scheduler.now
        if now != self._tick_at or life != self.life:
            return  # An earlier alarm was set after this one, and has taken its place.
        self._tick_at = None
        deadline = self.hub.deadline()
        if deadline is None or deadline > now:
            self._arm()
            return
        self._trace.note(now, self.number, 0, _TICKED, b"")
        self._is_tick_waiting = True
        self.pace.handle(self._tick, _TICK)

    def _tick(self, tick: Event) -> None:
        self._is_tick_waiting = False
        self._handle(tick)
        now = self._scheduler.now
        self._ticks_at_once = self._ticks_at_once + 1 if self._tick_at == now else 0
        if self._ticks_at_once > _MAX_TICKS_AT_ONCE:
            raise RuntimeError(f"the hub wants tick after tick at {now}, time stands still")
