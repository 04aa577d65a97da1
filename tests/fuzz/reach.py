"""Which of many inputs are needed to reach all lines that all of them reach."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FrameType
    from typing import Any

    Step = tuple[CodeType, int, int]


def needed(target: Callable[[bytes], None], inputs: Iterable[bytes]) -> list[bytes]:
    """Return the inputs that reach what no shorter one reaches."""
    reached: set[Step] = set()
    kept: list[bytes] = []
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        steps = steps_of(target, data)
        if not steps <= reached:
            reached |= steps
            kept.append(data)
    return kept


def steps_of(target: Callable[[bytes], None], data: bytes) -> set[Step]:
    """Return each step from one line of ours to the next that a run takes."""
    steps: set[Step] = set()
    last: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if "peerpigeon" not in frame.f_code.co_filename:
            return None
        line = frame.f_lineno or 0
        steps.add((frame.f_code, last.get(frame, 0), line))
        last[frame] = line
        if event == "return":
            del last[frame]
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        target(data)
    finally:
        sys.settrace(before)
    return steps
