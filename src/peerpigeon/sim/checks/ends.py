"""One signal has one end: it arrives once, or one error answers it, and nothing comes after that.

An error names the type of a signal and its target, and not which signal it was. So what one client
sends another under one type is judged together; where each signal has a type of its own, each is
judged alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.checks.naps import Nap
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.history import HeardSignal, SentSignal


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why the hub of a sender may not have learned in time that a signal has arrived.

    Its target's hub died or fell asleep before it could say so, or the network was cut. A hub that
    stops in good order can say so.
    """

    cuts: Sequence[float] = ()
    """When the network was cut."""
    naps: Sequence[Nap] = ()
    guests: Collection[PeerId] = ()
    """Targets whose hub of ours one does not see here."""
    lateness: float = 0.0
    """Seconds that packets which are lost may cost an acknowledgement."""

    def holds(self, sent: SentSignal, heard: HeardSignal, answers: Iterable[float]) -> bool:
        """Tell whether a signal that has arrived may be answered by an error all the same."""
        line, hub = heard.stay.connection, heard.stay.connection.ends[1]
        ends = [time for time in (line.broken_at, line.silent_since) if time is not None]
        return (
            sent.target in self.guests
            or any(time <= heard.time + LIFETIME for time in ends)
            or any(sent.time <= cut <= sent.time + LIFETIME for cut in self.cuts)
            or any(abs(answer - heard.time) < self.lateness for answer in answers)
            or any(
                nap.hub is hub and sent.time <= nap.since <= heard.time + _ACKNOWLEDGED
                for nap in self.naps
            )
        )


_ACKNOWLEDGED = 0.5
"""Seconds after which the sender's hub knows of an arrival, if nothing is lost on the way."""


def broken_ends(clients: Iterable[Client], excuse: Excuse | None = None) -> Iterator[str]:
    """Yield a sentence for each signal of ``clients`` that has more ends than one."""
    clients, excuse = list(clients), excuse or Excuse()
    heard: dict[str, list[HeardSignal]] = defaultdict(list)
    for client in clients:
        for signal in client.signals:
            heard[signal.serial].append(signal)
    for client in clients:
        sent: dict[tuple[str, str], list[SentSignal]] = defaultdict(list)
        for one in client.sent:
            sent[one.kind, one.target].append(one)
            if len(heard[one.serial]) > 1:
                yield f"signal {one.serial} arrived {len(heard[one.serial])} times"
        answers: dict[tuple[str, str], list[float]] = defaultdict(list)
        for error in client.errors:
            if error.kind:
                answers[error.kind, error.target].append(error.time)
        for (kind, target), times in answers.items():
            alike = sent[kind, target]
            arrived = [one for one in alike if heard[one.serial]]
            unsure = sum(excuse.holds(one, heard[one.serial][0], times) for one in arrived)
            if len(times) > len(alike) - len(arrived) + unsure:
                yield (
                    f"{kind} of client {client.number} to {target[:8]}: {len(alike)} sent,"
                    f" {len(arrived)} arrived, {len(times)} answered"
                )
