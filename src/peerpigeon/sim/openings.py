"""Links that are still to come: WebSockets that are dialled, data channels that are negotiated."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.interface.events import ChannelDescribed, OpeningFailed
from peerpigeon.core.interface.timing import DIAL_TIMEOUT
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.links import Link, LinkOwner
from peerpigeon.sim.network import WITHIN_A_MACHINE
from peerpigeon.sim.websocket import Connection, Endpoint, Request

if TYPE_CHECKING:
    from peerpigeon.sim.scheduler import Callback
    from peerpigeon.sim.stage import Stage

DESCRIBING = 0.02
"""Seconds that a WebRTC engine takes to make an offer or an answer."""

ICE_WAYS = 6
"""Ways across the network, one after the other, that ICE and DTLS take together."""

_FAILED = 35
_DESCRIBED = 36

_FILLER = " " * 600
"""Makes a description as long as one with a handful of candidates."""


class Callee(Endpoint, Protocol):
    """A process that listens at an address."""

    is_alive: bool

    @property
    def is_stopping(self) -> bool:
        """Whether it takes nobody in any more."""

    def when_awake(self, callback: Callback) -> None:
        """Carry ``callback`` out now, or when the process goes on."""

    def answer(self, dialing: Dialing) -> None:
        """Take a WebSocket that another hub has dialled."""


class Opener(Callee, LinkOwner, Protocol):
    """A hub, as its openings need it."""

    life: int
    """How often it was started."""

    def forget_opening(self, number: int) -> None:
        """Drop an opening that has come to its end."""

    def expect_greeting(self, connection: Connection, dialing: Dialing) -> None:
        """Wait for the text by which a hub of the npm package shows what it is."""


class Opening:
    """One end of a link that is still to come."""

    def __init__(self, stage: Stage, owner: Opener, number: int) -> None:
        self.stage = stage
        self.owner = owner
        self.number = number
        """What the hub calls it; 0 for a socket that it accepts."""
        self._life = owner.life
        self._is_over = False

    @property
    def is_wanted(self) -> bool:
        """Whether the hub still waits for it."""
        return not self._is_over and self.owner.is_alive and self.owner.life == self._life

    def conclude(self) -> bool:
        """End this, because the link is open; return whether the hub still waited for it."""
        was_wanted = self.is_wanted
        self.drop()
        return was_wanted

    def drop(self) -> None:
        """End this without a word to the hub."""
        self._is_over = True
        if self.owner.life == self._life:
            self.owner.forget_opening(self.number)

    def fail(self, reason: str) -> None:
        """End this, and tell the hub."""
        if self.is_wanted:
            self.drop()
            self.note(_FAILED, reason.encode())
            self.owner.feed(OpeningFailed(self.number, reason))

    def note(self, kind: int, content: bytes) -> None:
        """Add to the world's trace what the hub is told of this."""
        now = self.stage.scheduler.now
        self.stage.trace.note(now, self.owner.number, self.number, kind, content)


class Dialing(Opening):
    """A WebSocket that a hub is opening: two round trips, if a process listens there."""

    def __init__(
        self,
        stage: Stage,
        owner: Opener,
        number: int,
        callee: Callee | None,
        carrier: Carrier = Carrier.WEBSOCKET,
    ) -> None:
        super().__init__(stage, owner, number)
        self._callee = callee
        self._carrier = carrier
        scheduler = stage.scheduler
        scheduler.alarm(scheduler.now + DIAL_TIMEOUT, partial(self.fail, "timed out"))
        scheduler.at(self._arrival(1), self._knock)

    def _arrival(self, ways: int) -> float:
        time = self.stage.scheduler.now
        if self._carrier is Carrier.LOCAL:
            return time + ways * WITHIN_A_MACHINE
        for _ in range(ways):
            time = self.stage.network.arrival(time, self.owner.line_rng)
        return time

    def _knock(self) -> None:
        callee, scheduler = self._callee, self.stage.scheduler
        if callee is None:
            scheduler.at(self._arrival(1), partial(self.fail, "no such host"))
        elif self.stage.network.can_reach(self.owner, callee):
            if callee.is_alive and not callee.is_stopping:
                scheduler.at(self._arrival(2), self._request)
            else:
                scheduler.at(self._arrival(1), partial(self.fail, "refused"))

    def _request(self) -> None:
        if self._callee is not None:
            self._callee.when_awake(self._accept)

    def _accept(self) -> None:
        callee = self._callee
        if callee is None or not self.is_wanted or not callee.is_alive:
            return
        if self.stage.network.can_reach(self.owner, callee):
            callee.answer(self)

    def open_link(self, callee: Opener) -> None:
        """Let the WebSocket be a link: a hub of ours has answered."""
        link = Link(self.stage, self._carrier, self.owner, callee)
        link.open(1, Opening(self.stage, callee, 0), self)

    def open_connection(self, callee: Callee) -> None:
        """Let the WebSocket carry text: a hub of the npm package has answered."""
        stage = self.stage
        connection = Connection(stage.network, stage.scheduler, stage.trace, (self.owner, callee))
        self.owner.expect_greeting(connection, self)
        callee.receive(connection, Request(self.owner.own.encode()))


class Channel(Opening):
    """One end of a data channel that hubs are negotiating."""

    def __init__(
        self, stage: Stage, owner: Opener, number: int, partner: Channel | None = None
    ) -> None:
        super().__init__(stage, owner, number)
        self.partner = partner
        """The end that offered, if this is the one that answers."""
        scheduler = stage.scheduler
        scheduler.at(scheduler.now + DESCRIBING, self._describe)

    @property
    def token(self) -> str:
        """What tells this end from all others of a world."""
        return f"{self.owner.number}.{self._life}.{self.number}"

    def take_answer(self, other: Channel | None) -> None:
        """Connect to the end that answered this one's offer."""
        if other is None or other.partner is not self:
            self.fail("not an answer to this offer")
            return
        time, network = self.stage.scheduler.now, self.stage.network
        for _ in range(ICE_WAYS):
            time = network.arrival(time, self.owner.line_rng)
        self.stage.scheduler.at(time, partial(self._connect, other))

    def _describe(self) -> None:
        if self.is_wanted:
            kind = "offer" if self.partner is None else "answer"
            self.note(_DESCRIBED, kind.encode())
            self.owner.feed(ChannelDescribed(self.number, f"{kind} {self.token}{_FILLER}"))

    def _connect(self, other: Channel) -> None:
        """Open the link. If it cannot be had, nothing happens until the hubs give it up."""
        network = self.stage.network
        if not self.is_wanted or not other.is_wanted:
            return
        if network.can_reach(self.owner, other.owner) and network.can_have_p2p(
            self.owner, other.owner
        ):
            link = Link(self.stage, Carrier.P2P, self.owner, other.owner)
            link.open(1, other, self)
