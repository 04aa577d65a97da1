"""What became of the signals of a world: delivered, refused, lost, repeated, out of order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from peerpigeon.sim.checks.naps import Nap
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.history import HeardSignal, SentSignal, Stay

LIFETIME = 12.0
"""Seconds after which a sender must know that a signal was not delivered: ten for the signal
itself (S24), the rest for the news."""

FAREWELL = 0.5
"""Seconds within which a hub notices on any of our networks that a client has left."""


@dataclass(slots=True)
class Fates:
    """What became of the signals, counted."""

    sent: int = 0
    delivered: int = 0
    refused: int = 0
    """Not delivered, and the sender was told (S24)."""
    lost: int = 0
    """Neither, although sender and target were both there all the time."""
    cut_off: int = 0
    """Neither, and sender or target lost its own connection meanwhile."""
    repeated: int = 0
    """Arrivals of what had arrived already."""
    out_of_order: int = 0
    """Arrivals after something that was sent later by the same client to the same client."""
    refused_wrongly: int = 0
    """Errors in excess of what was not delivered and of what the sender's hub could not know."""
    examples: list[str] = field(default_factory=list)
    """Some sentences about what is wrong."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, repeated, out of order, or refused and yet delivered."""
        return not (self.lost or self.repeated or self.out_of_order or self.refused_wrongly)

    def complain(self, sentence: str) -> None:
        """Keep an example of what is wrong, unless there are many."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(sentence)


_EXAMPLES = 20

_EXPIRED = Reason.EXPIRED.text


@dataclass(frozen=True, slots=True)
class Guests:
    """The clients of hubs of the npm package. No error reaches them."""

    ids: Collection[PeerId] = ()
    apart: Collection[PeerId] = ()
    """Those of them whose hub no hub of ours served for a while."""
    since: float = 0.0
    until: float = 0.0

    def may_lose(self, sent: SentSignal) -> bool:
        """Tell whether a signal was to pass between those that were apart and others meanwhile."""
        is_meanwhile = self.since <= sent.time + LIFETIME and sent.time <= self.until
        return is_meanwhile and (sent.stay.peer_id in self.apart) != (sent.target in self.apart)


@dataclass(frozen=True, slots=True)
class Losses:
    """What the packets that a network loses explain."""

    delays: Sequence[float] = ()
    """When, in order, frames between hubs were sent that were held up for seconds. A signal that
    had arrived may be told as expired then, for its acknowledgement may have come too late."""
    slack: float = 0.0
    """Seconds by which anything may come later over the line of a client."""


def fates(
    clients: Iterable[Client],
    cuts: Iterable[float] = (),
    guests: Guests | None = None,
    losses: Losses | None = None,
    naps: Sequence[Nap] = (),
) -> Fates:
    """Judge all signals that ``clients`` have sent; all must be older than ``LIFETIME``.

    ``cuts``: when the network was cut. What had arrived just then may be refused all the same,
    for the sender's hub cannot know; so may what arrived at somebody whose line then broke.
    ``losses``: needed where packets are lost so often that answers are late. ``naps``: which hubs
    were asleep, and when; what was said to one meanwhile, it hears only afterwards.
    """
    clients, cuts, guests = list(clients), list(cuts), guests or Guests()
    losses = losses or Losses()
    result = Fates()
    heard: dict[str, list[HeardSignal]] = defaultdict(list)
    stays: dict[tuple[str, PeerId], list[Stay]] = defaultdict(list)
    for client in clients:
        _judge_order(client, result)
        for stay in client.stays:
            stays[stay.namespace, stay.peer_id].append(stay)
        for signal in client.signals:
            heard[signal.serial].append(signal)
    for client in clients:
        _Sender(client, stays, cuts, losses, result, guests, naps).judge(heard)
    return result


def _judge_order(client: Client, result: Fates) -> None:
    last: dict[str, int] = {}
    for heard in client.signals:
        sender, _, number = heard.serial.partition(".")
        count = int(number)
        if count < last.get(sender, -1):
            result.out_of_order += 1
            result.complain(f"signal {heard.serial} came at {heard.time:.3f} after {last[sender]}")
        else:
            last[sender] = count


@dataclass(frozen=True, slots=True)
class _Sender:
    """One client, and what is judged of its signals."""

    client: Client
    stays: dict[tuple[str, PeerId], list[Stay]]
    cuts: list[float]
    losses: Losses
    result: Fates
    guests: Guests
    naps: Sequence[Nap]

    def _end(self, sent: SentSignal) -> float:
        """Return by when a signal must have met its fate."""
        hub = sent.stay.connection.ends[1] if self.naps else None
        naps = (nap for nap in self.naps if nap.hub is hub and sent.time < nap.until)
        # It is under way for as long as news of a farewell.
        slept = (nap.until for nap in naps if nap.since <= sent.time + FAREWELL)
        return max(slept, default=sent.time) + LIFETIME + self.losses.slack

    def judge(self, heard: dict[str, list[HeardSignal]]) -> None:
        missing: dict[PeerId, list[SentSignal]] = defaultdict(list)
        doubtful: Counter[PeerId] = Counter()
        late: Counter[PeerId] = Counter()
        result = self.result
        for sent in self.client.sent:
            result.sent += 1
            arrivals = len(heard.get(sent.serial, ()))
            if not arrivals:
                missing[sent.target].append(sent)
                continue
            result.delivered += 1
            result.repeated += arrivals - 1
            if self._may_be_refused(sent):
                doubtful[sent.target] += 1
            elif self._was_held_up(sent):
                late[sent.target] += 1
            if arrivals > 1:
                result.complain(f"signal {sent.serial} arrived {arrivals} times")
        about = [error for error in self.client.errors if error.target]
        errors = Counter(PeerId(error.target) for error in about)
        expired = Counter(PeerId(error.target) for error in about if _EXPIRED in error.text)
        for target in sorted({*missing, *errors}):
            doubts = doubtful[target] + min(late[target], expired[target])
            self._judge_missing(missing.get(target, []), errors[target], doubts)

    def _judge_missing(self, missing: list[SentSignal], errors: int, doubtful: int) -> None:
        result = self.result
        refused = min(len(missing), errors)
        result.refused += refused
        excess = max(0, errors - len(missing) - doubtful)
        if excess:
            result.refused_wrongly += excess
            result.complain(f"client {self.client.number} got {excess} errors too many")
        # An error does not say which signal it is about: those that had to be answered come first.
        due = [sent for sent in missing if self._had_to_be_answered(sent)]
        lost = max(0, len(due) - errors)
        result.lost += lost
        result.cut_off += len(missing) - refused - lost
        for sent in due[len(due) - lost :]:
            result.complain(f"signal {sent.serial} to {sent.target[:8]} at {sent.time:.3f} is lost")

    def _may_be_refused(self, sent: SentSignal) -> bool:
        """Tell whether an arrival may have been unknown to the sender's hub."""
        end = self._end(sent)
        if any(sent.time <= cut <= end for cut in self.cuts):
            return True
        theirs = self.stays.get((sent.namespace, sent.target), [])
        return not any(stay.since <= sent.time and _lasts(stay, end) for stay in theirs)

    def _was_held_up(self, sent: SentSignal) -> bool:
        """Tell whether the acknowledgement of an arrival may have come too late."""
        delays = self.losses.delays
        first = bisect_left(delays, sent.time)
        return first < len(delays) and delays[first] <= self._end(sent)

    def _had_to_be_answered(self, sent: SentSignal) -> bool:
        end = self._end(sent)
        if not _lasts(sent.stay, end):
            return False
        theirs = self.stays.get((sent.namespace, sent.target), [])
        # Who has just left may still be believed to be there: its farewell is under way.
        left = sent.time - FAREWELL - self.losses.slack
        was_there = [stay for stay in theirs if stay.since <= end and _lasts(stay, left)]
        if self.guests.may_lose(sent):
            return False
        if not was_there:
            return self.client.peer_id not in self.guests.ids
        if any(not _lasts(stay, end) and not stay.was_closed for stay in was_there):
            return False  # it may have left, and come back, with the signal on its way
        return any(_lasts(stay, end) for stay in was_there)


def _lasts(stay: Stay, time: float) -> bool:
    return stay.end is None or stay.end > time


def last_trouble(clients: Iterable[Client], since: float, patience: float) -> float:
    """Return when the last signal was sent that did not arrive within ``patience`` seconds.

    Only signals count that were sent after ``since``, between clients that are still there;
    ``since`` is returned if there is none.
    """
    arrived: dict[str, float] = {}
    clients = list(clients)
    present = {client.peer_id for client in clients if client.stay and client.stay.end is None}
    for client in clients:
        for heard in client.signals:
            arrived.setdefault(heard.serial, heard.time)
    return max(
        (
            sent.time
            for client in clients
            for sent in client.sent
            if sent.time >= since
            and {client.peer_id, sent.target} <= present
            and arrived.get(sent.serial, _NEVER) > sent.time + patience
        ),
        default=since,
    )


_NEVER = float("inf")
