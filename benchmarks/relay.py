"""Signals between clients of one server: how many a second, and how long each is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from benchmarks.contenders import serving
from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import BenchmarkError, play
from benchmarks.machine import generator_core, started_on

if TYPE_CHECKING:
    from typing import Any

    from benchmarks.contenders import Contender, Server
    from benchmarks.settings import Settings

ASKED = {
    (1000, 1): Asked("ratio", "least", 2),
    (1000, 16): Asked("ratio", "least", 3),
    (6900, 1): Asked("ratio", "least", 3),
    (6900, 16): Asked("ratio", "least", 3),
}


def all_came(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result of the scene ``signals``; raise if any signal was lost."""
    if result["received"] != result["sent"]:
        raise BenchmarkError(f"{result['received']} of {result['sent']} signals arrived")
    return result


def _signals(
    server: Server, settings: Settings, priority: int = 0, **options: float
) -> dict[str, Any]:
    with started_on(generator_core(), priority):
        pairs, warmup = settings.pairs, settings.warmup
        return all_came(
            play("signals", [server.pid], port=server.port, pairs=pairs, warmup=warmup, **options)
        )


class Relay:
    """As many signals as the server's core can take."""

    name = "relay"
    contenders = ("ours", "reference", "floor")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cases = [(size, window) for window in settings.windows for size in settings.sizes]

    def rows(self) -> list[Row]:
        """Return the rates, and what shows that the generator did not set them."""
        rows = []
        for size, window in self._cases:
            key, title = f"relay-{size}-{window}", f"{size} B, {window} outstanding"
            asked = ASKED.get((size, window))
            rows += [
                Row(key, f"relay, {title}", "signals/s of a core", asked),
                Row(f"{key}-wall", f"{title}: by the clock", "signals/s", is_check=True),
                Row(f"{key}-busy", f"{title}: server's share of its core", "%", is_check=True),
                Row(f"{key}-load", f"{title}: generator's share of its own", "%", is_check=True),
            ]
        return rows

    def play(self, contender: str) -> Sample:
        """Play all cases on one server."""
        sample: Sample = {}
        with serving(cast("Contender", contender)) as server:
            for size, window in self._cases:
                result = _signals(
                    server,
                    self._settings,
                    size=size,
                    window=window,
                    seconds=self._settings.seconds,
                    blind=int(contender == "floor"),
                )
                key, seconds, used = f"relay-{size}-{window}", result["seconds"], result["cpu"][0]
                sample[key] = result["measured"] / used
                sample[f"{key}-wall"] = result["measured"] / seconds
                sample[f"{key}-busy"] = 100 * used / seconds
                sample[f"{key}-load"] = 100 * result["own_cpu"] / seconds
        return sample


class Latency:
    """A rate that both take easily, the same for both."""

    name = "latency"
    contenders = ("ours", "reference")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return the median and the tail."""
        title = f"latency at {self._settings.rate} signals/s of 1000 B"
        return [
            Row("latency-p50", f"{title}, p50", "µs"),
            Row("latency-p99", f"{title}, p99", "µs", Asked("ratio", "most", 1)),
            Row("latency-cpu", f"{title}: CPU of the server", "µs a signal", is_check=True),
        ]

    def play(self, contender: str) -> Sample:
        """Send signals at the rate."""
        priority = self._settings.priority
        with serving(cast("Contender", contender), priority=priority) as server:
            result = _signals(
                server,
                self._settings,
                priority,
                size=1000,
                rate=self._settings.rate,
                seconds=2 * self._settings.seconds,
            )
            return {
                "latency-p50": result["p50"],
                "latency-p99": result["p99"],
                "latency-cpu": 1e6 * result["cpu"][0] / result["measured"],
            }
