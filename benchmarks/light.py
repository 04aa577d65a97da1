"""What a hub takes before anybody has come: disk, packages, time, memory; beside one with aiortc.

So it was with aiortc before there was an engine of our own; the report has that as second column.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from tests.test_install_size import needed, own_size, size

from benchmarks.figures import Asked, Row, Sample
from benchmarks.start import measure

if TYPE_CHECKING:
    from benchmarks.settings import Settings

ROOT = Path(__file__).parent.parent
MB = 1e6
IDLE_MB = 75.9
"""An idle hub when aiortc was the engine: half of it is asked."""
ENGINES = {"ours": "builtin", "reference": "aiortc"}


class Installation:
    """The files of this package and of all that it requires, as they are installed here."""

    name = "installation"
    contenders = tuple(ENGINES)

    def __init__(self, _: Settings) -> None:
        """Nothing is to be chosen."""

    def rows(self) -> list[Row]:
        """Return size and number."""
        return [
            Row(
                "install-size", "installation, second with aiortc", "MB", Asked("ours", "most", 60)
            ),
            Row("install-packages", "installation: packages", ""),
        ]

    def play(self, contender: str) -> Sample:
        """Count them."""
        extras = frozenset({"aiortc"} if contender == "reference" else ())
        names = _closure(extras)
        total = own_size() + sum(size(distribution(name)) for name in names)
        return {"install-size": total / MB, "install-packages": len(names) + 1}


def _closure(extras: frozenset[str]) -> set[str]:
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = list(needed("peerpigeon", extras))
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += needed(*each)
    return {name for name, _ in found}


class Start:
    """A hub that knows no other."""

    name = "start"
    contenders = tuple(ENGINES)

    def __init__(self, _: Settings) -> None:
        """Nothing is to be chosen."""

    def rows(self) -> list[Row]:
        """Return time and memory."""
        half = Asked("ratio", "most", 0.5)
        return [
            Row("start-open", "start of a hub, second with aiortc: port open", "s", half),
            Row("start-idle", "start of a hub: memory", "MB", Asked("ours", "most", IDLE_MB / 2)),
            Row("start-pages", "start of a hub: memory after 51 pages", "MB"),
        ]

    def play(self, contender: str) -> Sample:
        """Start one."""
        engine = ENGINES[contender]
        opened, _, idle, _, _, after = measure(
            str(ROOT / "src"), "hub", f"--webrtc-engine={engine}"
        )
        return {"start-open": opened, "start-idle": idle, "start-pages": after}
