"""What programs of their own measure, as scenes of the suite: a crowd, and the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import scale
from benchmarks.figures import Asked, Row, Sample
from benchmarks.stampede import of_mesh, of_servers

if TYPE_CHECKING:
    from benchmarks.settings import Settings

WITHIN = 2.0
PAIRS, RATE = 20, 200
ROOM = 50
"""Clients of a namespace in a crowd."""

FORMED = {1000: Asked("ours", "most", 60), 3000: Asked("ours", "most", 300)}


class Crowd:
    """All clients of a server that dies come to another, which knows nothing of it."""

    name = "crowd"
    contenders = ("ours", "reference")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return what it costs."""
        title = f"{self._settings.crowds[0]} come back"
        return [
            Row("crowd-refused", f"{title}: refused", ""),
            Row("crowd-cpu", f"{title}: CPU of the server", "s"),
            Row("crowd-introduced", f"{title}: until all are introduced", "s"),
            Row("crowd-p99", f"{title}: signals of others, p99", "ms"),
        ]

    def play(self, contender: str) -> Sample:
        """Kill one of two."""
        outcome = of_servers(contender, self._settings.crowds[0], ROOM, **_options(self._settings))
        return {
            "crowd-refused": sum(outcome.refused.values()),
            "crowd-cpu": outcome.cpu,
            "crowd-introduced": outcome.introduced,
            "crowd-p99": outcome.stormy["p99"],
        }


class Stampede:
    """All clients of one of three linked hubs come back to the others."""

    name = "stampede"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return what it costs, and what others see of it."""
        title = f"{self._settings.crowds[1]} of a hub come back to two"
        asked = Asked("ours", "most", 100)
        return [
            Row("stampede-refused", f"{title}: refused", "", Asked("ours", "most", 0)),
            Row("stampede-cpu", f"{title}: CPU of both", "s"),
            Row("stampede-introduced", f"{title}: until all are introduced", "s"),
            Row("stampede-p99", f"{title}: signals of others, p99", "ms", asked),
        ]

    def play(self, _: str) -> Sample:
        """Kill one of three."""
        outcome = of_mesh(3, self._settings.crowds[1], ROOM, **_options(self._settings))
        return {
            "stampede-refused": sum(outcome.refused.values()),
            "stampede-cpu": outcome.cpu,
            "stampede-introduced": outcome.introduced,
            "stampede-p99": outcome.stormy["p99"],
        }


def _options(settings: Settings) -> dict[str, float]:
    return {"within": WITHIN, "pairs": PAIRS, "rate": RATE, "priority": settings.priority}


class Scale:
    """Meshes of very many hubs that form in the simulator."""

    name = "simulator"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return what each takes."""
        rows = []
        for hubs in self._settings.simulated:
            title = f"{hubs:,} hubs form in the simulator"
            rows.append(Row(f"simulator-{hubs}-cpu", f"{title}: CPU", "s", FORMED.get(hubs)))
            rows.append(Row(f"simulator-{hubs}-memory", f"{title}: memory", "MB"))
        return rows

    def play(self, _: str) -> Sample:
        """Form each in a process of its own."""
        sample: Sample = {}
        for hubs in self._settings.simulated:
            row = scale.measured(hubs)
            sample[f"simulator-{hubs}-cpu"] = float(row[1])
            sample[f"simulator-{hubs}-memory"] = float(row[5])
        return sample
