"""Links under way: data channels on offer, addresses being dialled, and when to try again.

For each wanted hub a data channel is tried first. Both ends usually want the link: the one with
the larger id offers at once, the other waits a moment for that offer. If both offer all the same
(glare), the larger id's offer stands. When a channel cannot be had, a WebSocket takes its place
and the channel is tried again from time to time, ever more rarely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.back_off import BackOff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from peerpigeon.core.mesh.limits import MeshLimits


class ChannelAttempt(msgspec.Struct):
    """A data channel that is not open yet. Only ``Attempts`` changes it."""

    opening: int
    """The number by which the shell knows it."""
    hub: PeerId
    exchange: int
    """The number by which both hubs know the exchange: that of the one who offered."""
    is_answer: bool = False
    """Whether the other hub has offered."""
    has_offered: bool = False
    """Whether our offer has left; before that one from the other side is welcome."""
    is_agreed: bool = False
    """Whether offer and answer are exchanged, so that only the way between is in question."""
    stage: str = "ICE"
    """What is being done once they are exchanged."""
    way: str = ""
    """Between which addresses."""


class DialAttempt(msgspec.Struct, frozen=True):
    """A WebSocket that is not open yet."""

    opening: int
    """The number by which the shell knows it."""
    uri: str
    hub: PeerId | None
    """Whom it is to lead to; ``None`` if that is not known."""


Attempt: TypeAlias = ChannelAttempt | DialAttempt


class WantedHub(msgspec.Struct, frozen=True):
    """A hub that is wanted as a neighbour and has no data channel yet."""

    hub: PeerId
    addresses: tuple[str, ...]
    is_linked: bool
    """Whether it is a neighbour by WebSocket."""


class Room(msgspec.Struct, frozen=True):
    """How much may be under way at once."""

    links: int
    """Channels and dials, if they lead to hubs that are not linked."""
    channels: int
    """Channels, whether their hubs are linked or not."""


class Attempts:
    """The attempts of one hub, and when it tries again to reach each other hub."""

    def __init__(self, own: PeerId, rng: Random, limits: MeshLimits) -> None:
        self._own = own
        self._rng = rng
        self._limits = limits
        self._last_opening = 0
        self._attempts: dict[int, Attempt] = {}
        self._channels: dict[PeerId, ChannelAttempt] = {}
        self._dials: dict[PeerId, DialAttempt] = {}
        self._back_offs: dict[PeerId, BackOff] = {}
        self._timeouts: TimerQueue[int] = TimerQueue()
        self._retry_at: float | None = None

    # Questions

    @property
    def channels(self) -> int:
        """How many channels are under way."""
        return len(self._channels)

    def get(self, opening: int) -> Attempt | None:
        """Return an attempt under way."""
        return self._attempts.get(opening)

    def channel(self, opening: int) -> ChannelAttempt | None:
        """Return an attempt under way, if it is for a channel."""
        attempt = self._attempts.get(opening)
        return attempt if isinstance(attempt, ChannelAttempt) else None

    def channel_to(self, hub: PeerId) -> ChannelAttempt | None:
        """Return the channel to ``hub`` under way."""
        return self._channels.get(hub)

    def find(self, hub: PeerId, exchange: int, *, is_answer: bool) -> ChannelAttempt | None:
        """Return the channel to ``hub`` that an exchange is about, if it is still under way."""
        channel = self._channels.get(hub)
        if channel is None or (channel.exchange, channel.is_answer) != (exchange, is_answer):
            return None
        return channel

    def is_dialling(self, uri: str) -> bool:
        """Tell whether an address is being dialled."""
        attempts = self._attempts.values()
        return any(isinstance(one, DialAttempt) and one.uri == uri for one in attempts)

    def has_failed(self, hub: PeerId) -> bool:
        """Tell whether a data channel to a hub that is wanted could not be had recently."""
        back_off = self._back_offs.get(hub)
        return back_off is not None and back_off.has_failed

    # Beginning

    def begin_due(self, wanted: Iterable[WantedHub], room: Room, now: float) -> list[Attempt]:
        """Begin what is due for the hubs that are wanted, and return it in their order.

        Whoever is not among them is forgotten.
        """
        begun: list[Attempt] = []
        self._retry_at = None
        back_offs: dict[PeerId, BackOff] = {}
        for one in wanted:
            back_off = self._back_offs.get(one.hub)
            if back_off is None:
                delay = 0.0 if self._own > one.hub else self._limits.glare_delay
                back_off = BackOff(self._rng, self._limits, now + delay)
            back_offs[one.hub] = back_off
            if one.is_linked:
                back_off.linked()
            if one.hub not in self._channels and one.hub not in self._dials:
                attempt = self._begin(one, back_off, room, now)
                begun += [] if attempt is None else [attempt]
        self._back_offs = back_offs
        return begun

    def _begin(
        self, wanted: WantedHub, back_off: BackOff, room: Room, now: float
    ) -> Attempt | None:
        # A link that only changes its carrier takes no place.
        under_way = len(self._channels) + len(self._dials)
        is_full = not wanted.is_linked and under_way >= room.links
        is_time = now >= back_off.channel_at
        if is_full or (is_time and len(self._channels) >= room.channels):
            self._look_again(now + self._limits.declined_pause)
            return None
        if is_time:
            return self._offer(wanted.hub, now)
        may_dial = back_off.needs_socket and not wanted.is_linked and bool(wanted.addresses)
        if may_dial and now >= back_off.dial_at:
            uri = wanted.addresses[self._rng.randrange(len(wanted.addresses))]
            back_off.dialled(now)
            return self.dial(uri, wanted.hub, now)
        self._look_again(back_off.channel_at)
        if may_dial:
            self._look_again(back_off.dial_at)
        return None

    def _look_again(self, when: float) -> None:
        if self._retry_at is None or when < self._retry_at:
            self._retry_at = when

    def _offer(self, hub: PeerId, now: float) -> ChannelAttempt:
        opening, until = self._number(), now + self._limits.offer_timeout
        return self._add_channel(ChannelAttempt(opening, hub, opening), until)

    def dial(self, uri: str, hub: PeerId | None, now: float) -> DialAttempt:
        """Begin to dial an address, for the hub that is wanted there if there is one."""
        dial = DialAttempt(self._number(), uri, hub)
        self._add(dial, now + self._limits.dial_timeout)
        if hub is not None:
            self._dials[hub] = dial
        return dial

    def _number(self) -> int:
        self._last_opening += 1
        return self._last_opening

    def _add_channel(self, channel: ChannelAttempt, until: float) -> ChannelAttempt:
        self._add(channel, until)
        self._channels[channel.hub] = channel
        return channel

    def _add(self, attempt: Attempt, until: float) -> None:
        self._attempts[attempt.opening] = attempt
        self._timeouts.set(attempt.opening, until)

    # The exchange of offer and answer

    def offered(self, channel: ChannelAttempt) -> None:
        """Note that our offer has left."""
        channel.has_offered = True

    def yields_to(self, hub: PeerId) -> bool:
        """Tell whether an offer from ``hub`` goes before a channel to it that is under way.

        Both hubs compare the same ids, so that one of two crossing offers is answered (glare).
        """
        mine = self._channels.get(hub)
        return mine is None or mine.is_answer or not mine.has_offered or hub > self._own

    def answer(self, hub: PeerId, exchange: int, now: float) -> ChannelAttempt:
        """Begin the answering end of a channel; one under way to ``hub`` must be ended first."""
        channel = ChannelAttempt(self._number(), hub, exchange, is_answer=True, is_agreed=True)
        return self._add_channel(channel, now + self._limits.channel_timeout)

    def agree(self, channel: ChannelAttempt, now: float) -> None:
        """Note that our offer was answered."""
        channel.is_agreed = True
        self._timeouts.set(channel.opening, now + self._limits.channel_timeout)

    def advance(self, opening: int, stage: str, way: str) -> None:
        """Note how far the opening of a channel has come."""
        channel = self.channel(opening)
        if channel is not None:
            channel.stage, channel.way = stage, way or channel.way

    # Ends

    def end(self, attempt: Attempt) -> None:
        """Forget an attempt that has led to a link, or is given up without blame."""
        del self._attempts[attempt.opening]
        self._timeouts.drop(attempt.opening)
        match attempt:
            case ChannelAttempt(hub=hub):
                if self._channels.get(hub) is attempt:
                    del self._channels[hub]
            case DialAttempt(hub=str(hub)):
                if self._dials.get(hub) is attempt:
                    del self._dials[hub]

    def succeed(self, attempt: Attempt) -> None:
        """Forget an attempt that has led to a link, and with a channel all that failed before."""
        self.end(attempt)
        if isinstance(attempt, ChannelAttempt):
            self._back_offs.pop(attempt.hub, None)

    def decline(self, channel: ChannelAttempt, now: float) -> None:
        """Note that the other hub had no place for us."""
        self.end(channel)
        if (back_off := self._back_offs.get(channel.hub)) is not None:
            back_off.declined(now)
            self._look_again(back_off.channel_at)

    def fail(self, attempt: Attempt, now: float, *, is_final: bool = False) -> None:
        """Note that a channel or dial has come to nothing in time.

        Before offer and answer are exchanged that says nothing of a channel, unless it is final:
        then we cannot make one ourselves.
        """
        self.end(attempt)
        back_off = None if attempt.hub is None else self._back_offs.get(attempt.hub)
        if back_off is None:
            return
        if isinstance(attempt, DialAttempt):
            back_off.dial_failed(now)
        elif attempt.is_agreed or is_final:
            back_off.channel_failed(now)
        else:
            back_off.declined(now)
        self._look_again(now)

    def expire(self, now: float) -> list[Attempt]:
        """Return the attempts whose time is up; each is still to be failed."""
        return [self._attempts[opening] for opening in self._timeouts.expire(now)]

    # Time

    @property
    def retry_at(self) -> float | None:
        """When ``begin_due`` may have something to begin."""
        return self._retry_at

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return self._timeouts.deadline()
