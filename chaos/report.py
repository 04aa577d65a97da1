"""What a run comes to, in words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from chaos.history import Answered, Began, Discovered, Healed, Heard, Sent, Stalled, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.history import AnyRecord
    from chaos.lives import Finding

AROUND = 1.0
"""Seconds of history shown before and after a fault."""

MOST_LINES = 24
LATEST_FAULTS = 3
EXAMPLES = 2
"""Findings of one invariant that are shown with what happened around them."""

_SIGNAL = re.compile(r"\bsignal (\d+)")
_SOCKET = re.compile(r"\bsocket (\d+)")


def summary(seed: int, records: Sequence[AnyRecord], found: Sequence[Finding]) -> str:
    """Return one line for a run."""
    counts = Counter(type(record) for record in records)
    healed = of_kind(records, Healed)
    parts = [
        f"seed {seed}: {counts[Began]} faults",
        f"{counts[Sent]} signals sent, {counts[Heard]} arrived, {counts[Answered]} answered",
        f"healed in {healed[-1].seconds:.1f} s" if len(healed) > 1 else "not healed",
    ]
    if stalls := of_kind(records, Stalled):
        parts.append(f"driver stalled {len(stalls)} times")
    kinds = Counter(finding.invariant for finding in found)
    verdict = ", ".join(f"{kind}: {count}" for kind, count in kinds.items())
    return f"{'; '.join(parts)}; {'BROKEN ' + verdict if found else 'all holds'}"


def details(records: Sequence[AnyRecord], found: Sequence[Finding]) -> Iterator[str]:
    """Yield lines: the findings of each invariant, the first of them with what was around them."""
    by_invariant: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        by_invariant[finding.invariant].append(finding)
    for invariant, findings in by_invariant.items():
        yield f"{invariant}: {len(findings)}"
        for finding in findings[:EXAMPLES]:
            yield f"  at {finding.at:.3f}: {finding.what}"
            yield from _around(records, finding)


def _around(records: Sequence[AnyRecord], finding: Finding) -> Iterator[str]:
    """Yield the latest faults before a finding, what its signals met with, and what was near it."""
    signals = {int(number) for number in _SIGNAL.findall(finding.what)}
    sockets = {int(number) for number in _SOCKET.findall(finding.what)}
    begun = [each for each in of_kind(records, Began) if each.at <= finding.at]
    shown: list[AnyRecord] = [*begun[-LATEST_FAULTS:]]
    shown += [
        record
        for record in records
        if not isinstance(record, Began | Discovered)
        if _is_of(record, signals, sockets, finding.at)
    ]
    for record in sorted(shown, key=lambda each: each.at)[-MOST_LINES:]:
        yield f"      {record}"


def _is_of(record: AnyRecord, signals: set[int], sockets: set[int], at: float) -> bool:
    if isinstance(record, Sent | Heard | Answered):
        return record.serial in signals
    return abs(record.at - at) <= AROUND and getattr(record, "socket", None) in {None, *sockets}
