"""WebSockets with clients, and with hubs of the npm package: frames, and the lines they cross."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

import msgspec

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.sim.network import Party

if TYPE_CHECKING:
    from peerpigeon.sim.network import Network
    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.trace import Trace


class Request(msgspec.Struct, frozen=True, gc=False):
    """The opening handshake of a client."""

    KIND: ClassVar[int] = 1
    content: bytes
    """Of its query the ``peerId`` and, after a ``&``, the ``resumeKey`` if it has one; of a foreign
    client its path."""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The answer to the handshake: the WebSocket is open."""

    KIND: ClassVar[int] = 2
    content: bytes = b""


class Text(msgspec.Struct, frozen=True, gc=False):
    """One text message."""

    KIND: ClassVar[int] = 3
    content: bytes


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket ping."""

    KIND: ClassVar[int] = 4
    content: bytes = b""


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The answer to a WebSocket ping."""

    KIND: ClassVar[int] = 5
    content: bytes = b""


class Close(msgspec.Struct, frozen=True, gc=False):
    """A close frame; with code 1006, the end of a connection that broke."""

    KIND: ClassVar[int] = 6
    code: int
    reason: str = ""

    @property
    def content(self) -> bytes:
        """Code and reason as in a real close frame."""
        return self.code.to_bytes(2, "big") + self.reason.encode()


Frame: TypeAlias = Request | Accepted | Text | Ping | Pong | Close


class Endpoint(Party, Protocol):
    """A party that speaks WebSocket."""

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Take one frame that came over ``connection``."""


class Connection:
    """One WebSocket between two parties: frames arrive in the order sent, or not at all.

    The jitter is drawn from the chance of the party that opened it, so that connections
    do not disturb each other.
    """

    __slots__ = (
        "_busy_until",
        "_carries",
        "_ended",
        "_network",
        "_scheduler",
        "_trace",
        "broken_at",
        "closed_at",
        "ends",
        "number",
        "silent_since",
    )

    def __init__(
        self, network: Network, scheduler: Scheduler, trace: Trace, ends: tuple[Endpoint, Endpoint]
    ) -> None:
        self.ends = ends
        """The party that opened the connection, and the other."""
        self.number = network.register(self)
        self.silent_since: float | None = None
        """When it stopped carrying bytes without anybody noticing."""
        self.broken_at: float | None = None
        """When it stopped carrying bytes so that both ends noticed."""
        self.closed_at: float | None = None
        """When the first close frame was sent."""
        self._network = network
        self._scheduler = scheduler
        self._trace = trace
        self._busy_until = [0.0, 0.0]
        self._carries = True
        self._ended = [False, False]
        if not network.can_reach(*ends):
            self.fall_silent()

    @property
    def carries(self) -> bool:
        """Whether bytes get through."""
        return self._carries

    def send(self, sender: Endpoint, frame: Frame) -> None:
        """Put ``frame`` on the way to the other end; never waits, never fails."""
        side = 0 if sender is self.ends[0] else 1
        if self._ended[side] or not self._carries:
            return
        if type(frame) is Close and self.closed_at is None:
            self.closed_at = self._scheduler.now
        time = self._network.arrival(self._scheduler.now, self.ends[0].line_rng)
        # TCP: what was sent later never overtakes.
        time = max(time, self._busy_until[side])
        self._busy_until[side] = time
        self._scheduler.at(time, partial(self._arrive, 1 - side, frame))

    def hand_over(self, to: Endpoint) -> None:
        """Have another process of the machine that was connected to go on with it."""
        before = self.ends[1]
        self.ends = (self.ends[0], to)
        self._network.move(self, before, to)

    def close(self, sender: Endpoint, code: int, reason: str = "") -> None:
        """Send a close frame after all that was sent before; ``sender`` hears nothing any more."""
        self.send(sender, Close(code, reason))
        self._end(0 if sender is self.ends[0] else 1)

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, also those under way, without a word to either end."""
        if self.silent_since is None:
            self.silent_since = self._scheduler.now
            self._carries = False

    def break_off(self, dead: Party | None = None) -> None:
        """Lose the bytes under way; both ends notice after the latency, if it was not silent.

        An end that is ``dead`` notices nothing any more.
        """
        if not self._carries:
            return
        self.broken_at = self._scheduler.now
        self._carries = False
        for side in (0, 1):
            if self.ends[side] is dead:
                self._end(side)
                continue
            time = self._scheduler.now + self._network.latency
            self._scheduler.at(time, partial(self._deliver, side, Close(ABNORMAL_CLOSURE)))

    def hold(self) -> None:
        """Fall silent: a client does not wait for a minute for bytes to come through."""
        self.fall_silent()

    def release(self) -> None:
        """Do nothing: it has fallen silent."""

    def _arrive(self, side: int, frame: Frame) -> None:
        if self._carries:
            self._deliver(side, frame)

    def _deliver(self, side: int, frame: Frame) -> None:
        if self._ended[side]:
            return
        party = self.ends[side]
        self._trace.note(self._scheduler.now, party.number, self.number, frame.KIND, frame.content)
        if type(frame) is Close:
            # RFC 6455, section 5.5.1: it is answered, if its sender waits for that.
            if not self._ended[1 - side] and frame.code != ABNORMAL_CLOSURE:
                self.send(party, Close(frame.code))
            self._end(side)
        party.receive(self, frame)

    def _end(self, side: int) -> None:
        self._ended[side] = True
        if all(self._ended):
            self._network.forget(self)
