"""News from hub to hub: numbered by streams, carried by the mesh, taken off again in order.

To each hub there are two streams, so that what hubs say about namespaces never waits for signals,
which may be large and many: one for signals, one for all else (``CONTROL``). Nothing relies on an
order between the two. There was none before in most cases, for what concerns a signal's sender or
target comes from their namespace's rendezvous hub, and the signal from its sender's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.figures import (
    LANES,
    MeshFigures,
    StreamFigures,
    distribution,
    mesh_figures,
)
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Failure, Outgoing
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import CONTROL, SIGNALS, Segment
from peerpigeon.core.wire.hub_news import CARRIED, News, Undelivered
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.ranges import is_later_life
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from peerpigeon.core.changes import Arrived
    from peerpigeon.core.counts import Counts
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.mesh import Mesh


ANSWER_TIME = 1.0
"""Seconds in which an acknowledgement is to come back (``StreamLimits.answer_time``)."""

HEARING = 1.0
"""Seconds that a hub has to read what came while it was asleep."""


class Delivery:
    """The streams of one hub over its mesh.

    What was given up is returned; whoever said it has to know.
    """

    def __init__(
        self,
        mesh: Mesh,
        signal_lifetime: float,
        effects: Effects,
        flow_of: Callable[[PeerId], Hashable],
    ) -> None:
        """``flow_of``: whose turn it is when a client's signals have to wait."""
        self._mesh = mesh
        self._memory = memory = effects.memory.signals
        self._signal_lifetime = signal_lifetime
        # A tenth, because lifetimes can be set.
        answer_time = min(ANSWER_TIME, signal_lifetime / 10)
        limits = StreamLimits(answer_time=answer_time, queued_everywhere=memory.limit // 2)
        # Of a random number of this life, so that no other has the same; those that follow fit too.
        first_epoch = mesh.advert.life >> 2
        self._signals = Streams(limits, SIGNALS, first_epoch=first_epoch, flow_of=flow_of)
        self._control = Streams(limits, CONTROL, first_epoch=first_epoch, lagging=effects.lagging)
        memory.gauges += [lambda: self._signals.size, lambda: self._control.size]

    def send(self, hub: PeerId, news: News, now: float) -> Failure | None:
        """Send a piece of news to another hub; a signal has a lifetime, the rest has none."""
        incarnation = self._mesh.incarnation_of(hub)
        if isinstance(news, CARRIED):
            if not self._memory.has_room(size_of(news)):
                return Failure(hub, news, Reason.OVERLOADED)
            sent = self._signals.send(hub, incarnation, news, now, self._signal_lifetime)
        elif isinstance(news, Undelivered) or not self._mesh.is_gone(hub):
            sent = self._control.send(hub, incarnation, news, now, None)
        else:  # if it returns it is told all anew
            return None
        if isinstance(sent, Failure):
            return sent
        if sent is not None:
            self._send([sent], now)
        return None

    def receive(self, arrived: Arrived, now: float) -> list[News]:
        """Take what came through the mesh; return the news whose turn it is, in order."""
        source, incarnation, body = arrived.source, arrived.incarnation, arrived.body
        known = self._mesh.incarnation_of(source)
        if known not in (0, incarnation) and is_later_life(incarnation, known):
            # Ahead of its advert, so that it comes again; or made up, and then nothing may follow
            # from it: what the hub really says would be taken for that of an earlier life.
            return []
        streams = self._signals if body.lane == SIGNALS else self._control
        if isinstance(body, Segment):
            ready, acks = streams.on_segment(source, incarnation, body, now, known)
            self._send(acks, now)
            return ready
        self._send(streams.on_ack(source, incarnation, body, now), now)
        return []

    def resend_all(self, now: float) -> None:
        """Send again what may be lost with a link that has broken."""
        self._send(self._control.resend_all(now), now)
        self._send(self._signals.resend_all(now), now)

    def resend(self, hub: PeerId, now: float) -> None:
        """Send again what may not have reached a hub that was away."""
        self._send(self._control.resend(hub, now), now)
        self._send(self._signals.resend(hub, now), now)

    def forget(self, hub: PeerId, now: float) -> None:
        """Give up what a hub that is gone was to hear, but for signals, which expire in time."""
        self._control.forget(hub, now)

    def forget_for_good(self, hub: PeerId, now: float) -> None:
        """Forget a hub that has been gone for so long that it is not remembered any more."""
        self.forget(hub, now)
        for streams in (self._control, self._signals):
            streams.forget_source(hub, now)

    def renew(self, renewed: Callable[[News], News]) -> None:
        """Let what is not acknowledged be sent again in another form, if it has to be."""
        self._signals.renew(renewed)

    def found(self, hub: PeerId) -> None:
        """Note the advert of a hub that may have been heard of before that came."""
        incarnation = self._mesh.incarnation_of(hub)
        self._control.rose(hub, incarnation)
        self._signals.rose(hub, incarnation)

    def rose(self, hub: PeerId, incarnation: int, now: float) -> None:
        """Send to a hub under another incarnation, what is under way once more."""
        for streams in (self._control, self._signals):
            streams.rose(hub, incarnation)
        self.resend(hub, now)

    def restarted(self, hub: PeerId, incarnation: int) -> list[Failure]:
        """Begin anew with a hub that was restarted; return the signals that it may not have got."""
        self._control.restarted(hub, incarnation)
        return self._signals.restarted(hub, incarnation)

    def drain(self, now: float) -> None:
        """Acknowledge what was delivered, and from now on each piece at once.

        Else its senders would be told that it was not, because this hub stops before it is due.
        """
        self._send(self._control.drain(now), now)
        self._send(self._signals.drain(now), now)

    def woke_up(self, now: float) -> None:
        """Give up nothing yet: this process was asleep, and acknowledgements wait to be read."""
        self._signals.keep_all_until(now + HEARING)

    def expire(self, now: float) -> list[Failure]:
        """Do what is due; return what was given up."""
        outgoing, failures = self._control.expire(now)
        more, failed = self._signals.expire(now)
        self._send(outgoing + more, now)
        return failures + failed

    def figures(self, counts: Counts) -> MeshFigures:
        """Return the numbers of what is between hubs; costs O(hubs)."""
        lanes = map(_figures, (self._signals, self._control))
        return mesh_figures(counts, dict(zip(LANES, lanes, strict=True)))

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return earliest(self._control.deadline(), self._signals.deadline())

    def _send(self, bodies: list[Outgoing], now: float) -> None:
        for out in bodies:
            self._mesh.send(out.destination, out.incarnation, out.body, now)


def _figures(streams: Streams) -> StreamFigures:
    queued, round_trips = streams.queued, distribution(streams.round_trips)
    unacknowledged = len(streams) - queued
    return StreamFigures(
        streams.sent, streams.repeated, unacknowledged, queued, streams.size, round_trips
    )
