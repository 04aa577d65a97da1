"""Open links between hubs, over WebSockets and data channels.

Frames cross them as objects. What is counted and goes into the trace are their bytes on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, INVALID_PAYLOAD, NORMAL_CLOSURE
from peerpigeon.core.interface.events import LinkLost, LinkOpened, LinkReceived
from peerpigeon.core.interface.link_outbox import AHEAD, LinkOutbox
from peerpigeon.core.interface.link_pieces import MAX_MESSAGE, STRANGER_MESSAGE, Joiner
from peerpigeon.core.wire.hub_codec import decode
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.network import WITHIN_A_MACHINE, Party
from peerpigeon.sim.tally import LONG_DELAY

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.events import Event
    from peerpigeon.core.wire.hub_frames import Frame
    from peerpigeon.sim.stage import Stage

_OPENED = 32
_FRAME = 33
_LOST = 34

_MOMENT = 1e-6
"""Seconds that sums of floats may be off."""


class LinkOwner(Party, Protocol):
    """A hub, as its links need it."""

    own: PeerId
    """Its id in this life."""

    config: ServerConfig

    def add_link(self, end: LinkEnd) -> LinkId:
        """Take an open link into the list and return its number."""

    def remove_link(self, end: LinkEnd) -> None:
        """Drop a link that has ended."""

    def feed(self, event: Event) -> None:
        """Have the hub handle one event."""


class Awaited(Protocol):
    """A link that is still to come, as one of its hubs has it."""

    number: int
    """What the hub calls it."""

    def conclude(self) -> bool:
        """End the waiting, because the link is open; return whether the hub still waited."""


class Link:
    """One connection between two hubs: frames arrive in the order sent, or not at all.

    A process that dies takes its WebSockets with it, and the other ends notice; of a data channel
    they notice nothing. ``LinkEnd.begin`` says when each end has come to be.
    """

    __slots__ = ("carrier", "carries", "ends", "is_held", "number", "sides", "stage")

    def __init__(self, stage: Stage, carrier: Carrier, opener: LinkOwner, other: LinkOwner) -> None:
        self.stage = stage
        self.carrier = carrier
        self.ends: tuple[Party, Party] = (opener, other)
        self.carries = True
        self.is_held = False
        self.sides = (LinkEnd(self, opener), LinkEnd(self, other))
        self.sides[0].face(self.sides[1])
        self.sides[1].face(self.sides[0])
        self.number = stage.network.register(self)

    def open(self, first: int, opening: Awaited, others: Awaited) -> None:
        """Let the end ``first`` open now, and the other when it hears of it."""
        self.sides[first].announce(others)
        self.sides[first].begin(opening)

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, also those under way, without a word to either end."""
        self.carries = False

    def break_off(self, dead: Party | None = None) -> None:
        """Lose the bytes under way; the ends notice, but for one that is ``dead``.

        The end of a data channel whose other end is dead does not notice either.
        """
        if not self.carries:
            return
        self.carries = False
        network, scheduler = self.stage.network, self.stage.scheduler
        for end in self.sides:
            if end.owner is dead:
                end.is_open = False
            elif dead is None or self.carrier is not Carrier.P2P:
                scheduler.hand(scheduler.now + network.latency, end.lose, (ABNORMAL_CLOSURE, ""))
        self.forget_if_over()

    def hold(self) -> None:
        """Keep the bytes that arrive from now on, until ``release``."""
        self.is_held = True

    def release(self) -> None:
        """Deliver what was kept."""
        self.is_held = False
        for end in self.sides:
            end.catch_up()

    def forget_if_over(self) -> None:
        """Leave the network's lists once neither end counts on this link any more."""
        if not self.sides[0].is_open and not self.sides[1].is_open:
            self.stage.network.forget(self)


class LinkEnd:
    """One end of a link, as its hub has it."""

    __slots__ = (
        "_busy_until",
        "_free_at",
        "_inbox",
        "_is_pumping",
        "_is_trusted",
        "_kept",
        "_other",
        "_outbox",
        "_stage",
        "_take_there",
        "id",
        "is_open",
        "link",
        "owner",
    )

    def __init__(self, link: Link, owner: LinkOwner) -> None:
        self.link = link
        self.owner = owner
        self.id = LinkId(0)
        self.is_open = False
        self._stage = link.stage
        self._busy_until = self._free_at = 0.0
        self._kept: list[Frame] = []
        self._outbox = LinkOutbox(owner.config.max_link_outbox_size)
        self._inbox = Joiner(MAX_MESSAGE)
        self._is_pumping = False
        self._is_trusted = False

    def face(self, other: LinkEnd) -> None:
        """Take note of the other end."""
        self._other = other
        self._take_there = other.take

    @property
    def partner(self) -> LinkOwner:
        """The hub at the other end."""
        return self._other.owner

    @property
    def works(self) -> bool:
        """Whether both ends count on the link and it carries bytes."""
        return self.is_open and self._other.is_open and self.link.carries

    def announce(self, opening: Awaited) -> None:
        """Let the other end begin, before anything that is sent from here arrives."""
        self._stage.scheduler.hand(self._next_arrival(), self._other.begin, opening)

    def begin(self, opening: Awaited) -> None:
        """Tell the hub that the link is open, if it still wants it."""
        if not self.link.carries:
            return
        if not opening.conclude():
            self._stage.scheduler.hand(
                self._next_arrival(), self._other.lose, (ABNORMAL_CLOSURE, "")
            )
            return
        self.is_open = True
        self.id = self.owner.add_link(self)
        self._note(_OPENED, bytes((self.link.carrier,)))
        self.owner.feed(LinkOpened(self.id, self.link.carrier, opening.number))

    def send(self, frame: Frame) -> None:
        """Put ``frame`` on the way to the other end, or drop it if too much waits here already."""
        link, stage = self.link, self._stage
        if not self.is_open or not link.carries:
            return
        if stage.network.bandwidth is None and not link.is_held and not self._outbox.size:
            stage.scheduler.hand(self._arrival_of_frame(), self._take_there, frame)
        elif not self._outbox.add(frame, self._ahead()):
            stage.tally.note_dropped()
        elif not self._is_pumping:
            self._pump()

    def close(self, code: int, reason: str) -> None:
        """End the link after all that was sent before; its hub hears nothing any more."""
        if not self.is_open:
            return
        self.is_open = False
        if self.link.carries:
            if self.link.carrier is Carrier.P2P:
                code, reason = NORMAL_CLOSURE, ""
            while (message := self._outbox.next()) is not None:
                self._hand_on(message)
            self._stage.scheduler.hand(self._next_arrival(), self._other.lose, (code, reason))
        self.link.forget_if_over()

    def trust(self) -> None:
        """Take large frames from now on: the other end has proved itself."""
        self._is_trusted = True

    def take(self, frame: Frame) -> None:
        """Hand the hub a frame that has arrived."""
        link = self.link
        if not self.is_open or not link.carries:
            return
        if link.is_held:
            self._kept.append(frame)
            return
        stage = self._stage
        size, content = stage.encoding.describe(frame)
        if not self._is_trusted and size > STRANGER_MESSAGE:
            self._other.lose((INVALID_PAYLOAD, "not a message of frames"))
            self.lose((INVALID_PAYLOAD, "not a message of frames"))
            return
        stage.tally.note(frame, size)
        stage.trace.note(stage.scheduler.now, self.owner.number, link.number, _FRAME, content)
        self.owner.feed(LinkReceived(self.id, frame))

    def catch_up(self) -> None:
        """Take what was kept, and let go what waited at this end."""
        kept, self._kept = self._kept, []
        for frame in kept:
            self.take(frame)
        self._pump()

    def lose(self, ending: tuple[int, str]) -> None:
        """Tell the hub that the link has ended."""
        if not self.is_open:
            return
        code, reason = ending
        self.is_open = False
        self.owner.remove_link(self)
        self._note(_LOST, code.to_bytes(2, "big") + reason.encode())
        self.link.forget_if_over()
        self.owner.feed(LinkLost(self.id, code, reason))

    def _ahead(self) -> float:
        """Return how many bytes the carrier has and has not sent."""
        stage = self._stage
        return max(0.0, self._free_at - stage.scheduler.now) * (stage.network.bandwidth or 0.0)

    def _pump(self, _: None = None) -> None:
        """Hand what waits to the carrier, as far as that takes it, and go on when it takes more."""
        stage = self._stage
        scheduler, bandwidth = stage.scheduler, stage.network.bandwidth
        self._is_pumping = False
        while not self.link.is_held and self.link.carries:
            excess = self._ahead() - AHEAD
            if bandwidth is not None and excess >= 0.0:
                self._is_pumping = True
                again_at = scheduler.now + excess / bandwidth + _MOMENT
                scheduler.hand(again_at, self._pump, None)
                return
            message = self._outbox.next()
            if message is None:
                return
            self._hand_on(message)

    def _hand_on(self, message: bytes) -> None:
        scheduler, bandwidth = self._stage.scheduler, self._stage.network.bandwidth
        if bandwidth is not None:
            self._free_at = max(self._free_at, scheduler.now) + len(message) / bandwidth
        delay = max(0.0, self._free_at - scheduler.now)
        scheduler.hand(self._arrival_of_frame(delay), self._other.take_message, message)

    def take_message(self, message: bytes) -> None:
        """Take a message, which may be a piece of one."""
        whole = self._inbox.take(message)
        if whole is not None:
            for frame in decode(whole):
                self.take(frame)

    def _arrival_of_frame(self, delay: float = 0.0) -> float:
        time, now = self._next_arrival(delay), self._stage.scheduler.now
        if time - now > LONG_DELAY:
            self._stage.tally.note_delay(now)
        return time

    def _next_arrival(self, delay: float = 0.0) -> float:
        now = self._stage.scheduler.now
        if self.link.carrier is Carrier.LOCAL:
            arrival = now + WITHIN_A_MACHINE
        else:
            arrival = self._stage.network.arrival(now, self.owner.line_rng)
        # What was sent later never overtakes.
        self._busy_until = max(arrival + delay, self._busy_until)
        return self._busy_until

    def _note(self, kind: int, content: bytes) -> None:
        stage = self._stage
        stage.trace.note(stage.scheduler.now, self.owner.number, self.link.number, kind, content)
