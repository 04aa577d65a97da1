"""News between two hubs arrives once and in order, or is reported as failed (S20, S22 to S24).

A stream is named by its source and destination, the incarnation of the latter, and an epoch that
the source never uses twice: those of each of its lives count from a random number. Under which
incarnation it speaks may change meanwhile. Here are the streams of one hub: ``senders.py`` has all
that begin here, ``receivers.py`` all that end here; ``sender.py`` and ``receiver.py`` have the two
ends of one.

A destination that was told a later epoch by somebody who is not the source does not take what the
source says. It answers where it stands, and the source goes on in an epoch later than that: epochs
go round (``ranges.is_later``), so that none is the last one.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.lagging import Lagging
from peerpigeon.core.shares import Shares
from peerpigeon.core.streams.fair_queue import Queued
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Failure, Outgoing, failed, routed
from peerpigeon.core.streams.receivers import Receivers
from peerpigeon.core.streams.senders import Senders
from peerpigeon.core.wire.hub_frames import SIGNALS, Ack, Segment
from peerpigeon.core.wire.hub_news import CARRIED, Relay
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.ranges import EPOCHS, is_later_life, next_on_circle
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from peerpigeon.core.counts import Histogram
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.streams.sender import Sender
    from peerpigeon.core.wire.hub_news import News


EARLIER_EPOCHS = 2**32
"""Epochs before the present one of a stream that this hub may have used itself. It opens a stream
a minute to each other hub at most, and would have to live for ages to open more."""


def itself(sender: PeerId) -> Hashable:
    """Return the flow of a client that shares its part of the room with nobody."""
    return sender


class Streams:
    """The streams of one hub, to all others and from all others.

    The caller gives to ``on_segment`` and ``on_ack`` only what was addressed to this hub's own
    incarnation (or to 0, if the sender did not know it): what was meant for an earlier one may
    have been delivered by that one.

    All of them are of one ``lane``; a hub has such an object for each (``delivery.py``).
    Where clients send more than can leave at once they have turns, and ``flow_of`` says, by the
    sender, whose turn it is. Publications have turns by their topics.
    """

    def __init__(
        self,
        limits: StreamLimits | None = None,
        lane: int = SIGNALS,
        *,
        first_epoch: int = 0,
        flow_of: Callable[[PeerId], Hashable] = itself,
        lagging: Lagging | None = None,
    ) -> None:
        """``lagging``: where it is noted which hubs do not keep up with control news."""
        self._limits = limits or StreamLimits()
        self._flow_of = flow_of
        self._lagging = lagging or Lagging()
        self._queued: Shares[Hashable] = Shares(self._limits.queued_everywhere)
        self._senders = Senders(self._limits, lane, first_epoch)
        self._receivers = Receivers(self._limits)
        self._keeps_all_until = -inf
        self._failures: list[Failure] = []
        self._failed_at: float | None = None
        self.sent = 0
        """How many pieces of news were sent, each counted once."""
        self.repeated = 0
        """How many times one was sent again."""

    @property
    def round_trips(self) -> Histogram:
        """Seconds until a piece of news was acknowledged, of one in each stream at a time."""
        return self._senders.round_trips

    def __len__(self) -> int:
        """Return how many pieces of news are unacknowledged or not yet sent; costs O(hubs)."""
        return self.queued + self._senders.unacknowledged

    @property
    def queued(self) -> int:
        """How many signals wait until they may be sent; costs O(hubs)."""
        return self._senders.queued

    @property
    def size(self) -> int:
        """About how many bytes are kept, to send again or until it is their turn; O(hubs)."""
        return self._senders.size + self._receivers.size

    # Sending

    def send(
        self, to: PeerId, incarnation: int, news: News, now: float, lifetime: float | None
    ) -> Outgoing | Failure | None:
        """Send a signal, or control news, which has no ``lifetime``.

        Returns ``None`` for a signal that has to wait; ``on_ack`` or ``expire`` will return it.

        An ``incarnation`` of 0 is not known yet; one that is older than what is known of the hub
        is corrected. If it is newer, what is unacknowledged to the old one fails, as by
        ``restarted``, at the next ``expire``. Control news is never refused: if too much
        of it waits for one hub, all that waits is given up at the next ``expire``, and its
        source has to publish it again.
        """
        if lifetime is not None and lifetime <= 0.0:
            return Failure(to, news, Reason.EXPIRED)
        sender = self._senders.get(to)
        if sender is None or (
            sender.incarnation != incarnation and is_later_life(incarnation, sender.incarnation)
        ):
            sender = self._sender(to, incarnation, now)
        size = size_of(news)
        expires_at = inf
        if lifetime is None or not isinstance(news, CARRIED):
            if not sender.control.has_room(size):
                self._fail(failed(to, sender.give_up_control(now), Reason.OVERLOADED), now)
        else:
            expires_at = now + lifetime
            if sender.queue is not None or not sender.signals.has_room(size):
                flow = self._flow_of(news.sender) if isinstance(news, Relay) else news.namespace
                return self._wait(sender, Queued(news, size, expires_at, flow))
        segment = sender.push(news, size, expires_at, now)
        if expires_at == inf:
            self._lagging.told(to, sender.control.size, now)
        self.sent += 1
        self._senders.arm(sender, min(sender.resend_at, expires_at))
        return Outgoing(to, sender.incarnation, segment)

    def _wait(self, sender: Sender, item: Queued) -> Failure | None:
        if not sender.wait(item, self._queued):
            return Failure(sender.hub, item.news, Reason.OVERLOADED)
        self._senders.arm(sender, item.expires_at - self._limits.answer_time)
        return None

    def _release(self, sender: Sender, now: float) -> list[Outgoing]:
        """Return what has waited and can be sent now."""
        queue = sender.queue
        if queue is None:
            return []
        segments, late = sender.release(queue, now)
        self._fail(failed(sender.hub, late, Reason.EXPIRED), now)
        self._senders.arm(sender, sender.due())
        self.sent += len(segments)
        return routed(sender, segments)

    def _sender(self, to: PeerId, incarnation: int, now: float) -> Sender:
        """Return a stream to a hub that may have been restarted or have none yet."""
        self._restart_if_later(to, incarnation, now)
        return self._senders.get(to) or self._open(to, incarnation, now)

    def _open(self, to: PeerId, incarnation: int, now: float) -> Sender:
        victim = self._senders.surplus()
        if victim is not None:
            self._close(victim)
            control = victim.give_up_control(now)
            self._fail(failed(victim.hub, control + victim.unsent(), Reason.OVERLOADED), now)
        receiver = self._receivers.get(to)
        if receiver is not None and is_later_life(receiver.incarnation, incarnation):
            incarnation = receiver.incarnation
        return self._senders.open(to, incarnation, now)

    def _again(self, sender: Sender, segments: list[Segment]) -> list[Outgoing]:
        """Return segments that are sent once more, each with its way."""
        self.repeated += len(segments)
        return routed(sender, segments)

    def _close(self, sender: Sender) -> None:
        self._senders.close(sender)
        self._lagging.forget(sender.hub)

    def _fail(self, failures: list[Failure], now: float) -> None:
        if failures:
            self._failures.extend(failures)
            self._failed_at = now

    def on_ack(self, source: PeerId, incarnation: int, ack: Ack, now: float) -> list[Outgoing]:
        """Drop what is acknowledged; return what it is now time to send again."""
        sender = self._senders.get(source)
        if sender is not None and sender.epoch == ack.epoch:
            self._follow(sender, incarnation)  # only the life that we wrote to knows of the epoch
        else:
            self._restart_if_later(source, incarnation, now)
            sender = self._senders.get(source)
        if sender is None or sender.incarnation != incarnation:
            return []
        if sender.epoch != ack.epoch or ack.next_sequence > sender.next:
            return self._contradict(sender, ack, now)
        if sender.floor >= ack.next_sequence:
            return []
        again = sender.acknowledge(ack.next_sequence, now)
        self._lagging.heard(source, sender.control.size, now)
        return self._again(sender, again) + self._release(sender, now)

    def _contradict(self, sender: Sender, ack: Ack, now: float) -> list[Outgoing]:
        """Go on in a later stream if the destination has one from somebody else under our id."""
        if sender.epoch != ack.epoch and (sender.epoch - ack.epoch) % EPOCHS < EARLIER_EPOCHS:
            return []  # one that we have had before; what acknowledges it is late
        segments = sender.begin_anew(next_on_circle(ack.epoch), now)
        self._senders.arm(sender, sender.due())
        return self._again(sender, segments)

    def resend(self, to: PeerId, now: float) -> list[Outgoing]:
        """Return what to send again at once, because the route to a hub has just changed."""
        sender = self._senders.get(to)
        if sender is None or not sender.pending:
            return []
        segments = sender.reroute(now)
        self._senders.arm(sender, sender.resend_at)
        return self._again(sender, segments)

    def resend_all(self, now: float) -> list[Outgoing]:
        """Return what to send again at once, because a link has broken; costs O(hubs)."""
        waiting = [sender.hub for sender in self._senders if sender.pending]
        return [outgoing for hub in waiting for outgoing in self.resend(hub, now)]

    def forget(self, hub: PeerId, now: float) -> None:
        """Give up control news to a hub that is gone; signals are tried until they expire."""
        sender = self._senders.get(hub)
        if sender is not None:
            sender.give_up_control(now)
            self._lagging.forget(hub)
            self._senders.arm(sender, sender.resend_at)

    def forget_source(self, hub: PeerId, now: float) -> None:
        """Forget what came of a hub that is gone for good, once none of it can come again."""
        self._receivers.forget(hub, now)

    def keep_all_until(self, time: float) -> None:
        """Let no signal's lifetime end before a time."""
        self._keeps_all_until = time

    def renew(self, renewed: Callable[[News], News]) -> None:
        """Have all that is not acknowledged say what ``renewed`` makes of it, of the same size.

        Which of the two forms has arrived does not matter: it is delivered once.
        """
        for sender in self._senders:
            sender.renew(renewed)

    def rose(self, hub: PeerId, incarnation: int) -> None:
        """Note the incarnation of a hub, as its advert has it, that was sent to under another one.

        It has risen, or was heard of before its advert came.
        """
        self._receivers.disbelieve(hub, incarnation)
        sender = self._senders.get(hub)
        if sender is not None:
            sender.incarnation = incarnation

    def _follow(self, sender: Sender, incarnation: int) -> None:
        if sender.incarnation != incarnation and is_later_life(incarnation, sender.incarnation):
            sender.incarnation = incarnation

    def restarted(self, hub: PeerId, incarnation: int) -> list[Failure]:
        """Note the incarnation of a hub; return the signals that were on the way to another one.

        Control news to the other one is dropped: there is nobody left whom it concerned.
        """
        self._receivers.disbelieve(hub, incarnation)
        sender = self._senders.get(hub)
        if sender is None or sender.incarnation == incarnation:
            return []
        if sender.incarnation == 0:
            sender.incarnation = incarnation
            return []
        self._close(sender)
        return failed(hub, sender.unsent(), Reason.RESTARTED)

    def _restart_if_later(self, hub: PeerId, incarnation: int, now: float) -> None:
        sender = self._senders.get(hub)
        if sender is not None and is_later_life(incarnation, sender.incarnation):
            self._fail(self.restarted(hub, incarnation), now)

    # Receiving

    def on_segment(
        self, source: PeerId, incarnation: int, segment: Segment, now: float, known: int = 0
    ) -> tuple[list[News], list[Outgoing]]:
        """Return the news whose turn it is, in order, and the acknowledgement to send now if any.

        What is out of the row is acknowledged at once, so that the source learns where it stands,
        but the same is not said twice within ``ack_delay``. ``known`` is the incarnation that the
        source has by its advert, 0 if there is none.
        """
        receiver = self._receivers.get(source)
        if receiver is None or receiver.epoch != segment.epoch:
            if receiver is not None and not receiver.is_replaced_by(
                incarnation, segment.epoch, known
            ):
                return [], self._receivers.contest(source, receiver, incarnation, now)
            self._restart_if_later(source, incarnation, now)
            receiver = self._receivers.open(source, incarnation, segment)
        elif receiver.incarnation != incarnation and receiver.is_outdated(
            incarnation, known
        ):  # the source has risen
            if (sender := self._senders.get(source)) is not None:
                self._follow(sender, incarnation)
            receiver.incarnation = incarnation
        return self._receivers.take(source, receiver, segment, now)

    def drain(self, now: float) -> list[Outgoing]:
        """Return all acknowledgements that are owed; from now on each segment has its own at once.

        For a hub that is about to stop: it cannot know whether it will live to the next alarm.
        """
        return self._receivers.drain(now)

    # Time

    def expire(self, now: float) -> tuple[list[Outgoing], list[Failure]]:
        """Return the acknowledgements and repeats that are due, and what has been given up."""
        outgoing = self._receivers.expire(now)
        failures = []
        for sender in self._senders.due(now):
            if now >= self._keeps_all_until:
                failures.extend(failed(sender.hub, sender.expire(now), Reason.EXPIRED))
            outgoing.extend(self._again(sender, sender.lose_patience(now)))
            outgoing.extend(self._release(sender, now))
            if sender.is_idle(now):
                self._close(sender)
            else:
                self._senders.arm(sender, max(sender.due(), self._keeps_all_until))
        failures, self._failures, self._failed_at = self._failures + failures, [], None
        return outgoing, failures

    def deadline(self) -> float | None:
        """Return when to call ``expire``; may be earlier than anything is due."""
        return earliest(self._senders.deadline(), self._receivers.deadline(), self._failed_at)
