"""Plays the scenes of a mesh with many seeds and prints one line of figures for each.

python -m peerpigeon.sim.campaign --seeds 20 formation massacre
python -m peerpigeon.sim.campaign --size large --rough
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TextIO, TypeAlias

from peerpigeon.sim.scenes import (
    byzantine,
    congestion,
    days,
    disasters,
    full_hub,
    identities,
    lives,
    loss,
    mesh,
    peerjs,
    reference_hubs,
    rolling,
    rooms,
    thefts,
    topics,
    tracker,
    workers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from peerpigeon.sim.scenes.outcome import Outcome

Scene: TypeAlias = "Callable[..., Outcome]"
"""Takes a seed, and ``rough`` unless it is about a calm mesh."""

SMALL, LARGE = "small", "large"

BRIEF = {"restarts", "naps", "narrow", "client id twice", "full hub", *lives.SCENES}
"""Scenes that take a second or so and look for rare faults: each is played with five times
as many seeds."""

_MORE_SEEDS = 5

_CALM = {"steady"}
"""Scenes that are never played on a rough network."""


def catalogue(size: str) -> dict[str, Scene]:
    """Return the scenes by name, in a size that takes a second or in the size of the promise."""
    if size == SMALL:
        return {
            "formation of 20": partial(mesh.formation, hubs=20, max_links=4),
            "scale 60": partial(mesh.scale, hubs=60, max_links=4, signals=500),
            "meeting": partial(mesh.meeting, hubs=30, clients=12),
            "crowd of 400": partial(mesh.great_crowd, clients=400, hubs=10, limit=16),
            "streams": mesh.streams,
            "overflow": congestion.overflow,
            "narrow": congestion.narrow,
            "flooded": partial(congestion.flooded, duration=10.0),
            "flooded with large": partial(congestion.flooded, duration=10.0, **congestion.LARGE),
            "p2p impossible for 30 %": partial(mesh.without_p2p, share=0.3, hubs=15),
            "p2p impossible": partial(mesh.without_p2p, share=1.0, hubs=15),
            "massacre of 30 %": partial(disasters.massacre, hubs=40, share=0.3, within=10.0),
            "massacre of 90 %": partial(disasters.massacre, hubs=60, share=0.9, within=30.0),
            "broken path": partial(disasters.broken_path, hubs=20, signals=2000),
            "cut": partial(disasters.cut, hubs=12),
            "bootstrap restart": disasters.bootstrap_restart,
            "restarts": disasters.restarts,
            "naps": disasters.naps,
            "client id twice": identities.one_id_twice,
            "id of a flooded client": thefts.flooded,
            "id of a flooded client gone": partial(thefts.flooded, lives=False),
            "id squatted": thefts.squatted,
            "steady": partial(mesh.steady, hubs=60),
            "npm hubs come": reference_hubs.meeting,
            "npm hubs dialled": reference_hubs.dialled,
            "npm hub killed": reference_hubs.killed,
            "npm hub orphaned": reference_hubs.orphaned,
            "npm hub cut off": reference_hubs.cut_off,
            "npm hubs divided": reference_hubs.divided,
            "full hub": full_hub.full_hub,
            "rolling restart": rolling.rolling_restart,
            "rebalanced": rolling.rebalanced,
            "workers": workers.workers,
            "topics": topics.topics,
            "rooms": rooms.rooms,
            "peerjs": peerjs.peerjs,
            "tracker": tracker.tracker,
            "byzantine": byzantine.byzantine,
            "liars among identities": byzantine.byzantine_with_identities,
            "three hours": partial(days.days, hours=3.0),
            "loss of 10 %": partial(loss.lossy, loss=0.1),
            "loss of 20 %": partial(loss.lossy, loss=0.2),
            "loss of 30 %": partial(loss.lossy, loss=0.3),
            **lives.SCENES,
        }
    return {
        **{
            f"formation of {hubs} with {links}": partial(mesh.formation, hubs=hubs, max_links=links)
            for hubs in (2, 3, 5, 8, 12, 20, 40, 70, 100)
            for links in (2, 3, 4, 5)
        },
        **{
            f"scale 1000 with {links}": partial(mesh.scale, hubs=1000, max_links=links)
            for links in (3, 4, 5)
        },
        "meeting": mesh.meeting,
        "crowd of 10000": partial(mesh.great_crowd, clients=10_000),
        "streams": mesh.streams,
        "overflow": partial(congestion.overflow, hubs=40, bursts=100),
        "narrow": congestion.narrow,
        "flooded": congestion.flooded,
        "flooded with large": partial(congestion.flooded, **congestion.LARGE),
        "p2p impossible for 30 %": partial(mesh.without_p2p, share=0.3),
        "p2p impossible": partial(mesh.without_p2p, share=1.0),
        "massacre of 30 %": partial(disasters.massacre, hubs=100, share=0.3, within=10.0),
        "massacre of 30 % of machines": partial(
            disasters.massacre, hubs=100, share=0.3, within=10.0, machines=True
        ),
        "massacre of 90 %": partial(disasters.massacre, hubs=1000, share=0.9, within=30.0),
        "broken path": disasters.broken_path,
        "cut": disasters.cut,
        "bootstrap restart": disasters.bootstrap_restart,
        "bootstrap restart with a new id": partial(disasters.bootstrap_restart, same_id=False),
        "restarts": disasters.restarts,
        "naps": disasters.naps,
        "client id twice": partial(identities.one_id_twice, hubs=8),
        "id of a flooded client": partial(thefts.flooded, hubs=8),
        "id of a flooded client gone": partial(thefts.flooded, hubs=8, lives=False),
        "id squatted": partial(thefts.squatted, hubs=10),
        "steady": mesh.steady,
        "npm hubs come": partial(reference_hubs.meeting, hubs=20, references=6),
        "npm hubs dialled": partial(reference_hubs.dialled, hubs=8, references=3),
        "npm hub killed": partial(reference_hubs.killed, hubs=20),
        "npm hub on a machine killed": partial(reference_hubs.killed, hubs=20, machine=True),
        "npm hub orphaned": partial(reference_hubs.orphaned, hubs=20),
        "npm hub cut off": partial(reference_hubs.cut_off, hubs=20),
        "npm hubs divided": partial(reference_hubs.divided, hubs=20),
        "byzantine": partial(byzantine.byzantine, hubs=40),
        "liars among identities": partial(byzantine.byzantine_with_identities, hubs=40),
        "rolling restart": partial(rolling.rolling_restart, hubs=8, clients=200),
        "rebalanced": partial(rolling.rebalanced, hubs=8, clients=200),
        "workers": partial(workers.workers, machines=4, each=4, clients=120, rooms=24),
        "a day": partial(days.days, hours=24.0),
        "topics": partial(topics.topics, hubs=12, rounds=10, visitors=48),
        "rooms": partial(rooms.rooms, hubs=12, rounds=8, roommates=16),
        "peerjs": partial(peerjs.peerjs, hubs=12, rounds=7, peers=40),
        "tracker": partial(tracker.tracker, hubs=12, rounds=7, downloaders=60),
        "full hub": partial(full_hub.full_hub, places=600, ghosts=100, within=60.0),
        **{
            f"loss of {percent} %": partial(loss.lossy, loss=percent / 100, hubs=20)
            for percent in (5, 10, 20, 30)
        },
        **{name: partial(scene, hubs=20) for name, scene in lives.SCENES.items()},
    }


@dataclass(slots=True)
class Record:
    """What one scene came to with several seeds."""

    name: str
    seeds: int = 0
    seconds: float = 0.0
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)

    def add(self, seed: int, outcome: Outcome) -> None:
        """Add the outcome with one seed."""
        self.seeds += 1
        self.faults.extend(f"seed {seed}: {fault}" for fault in outcome.faults)
        for name, figure in outcome.figures.items():
            if figure is not None:
                self.figures[name].append(figure)

    def row(self) -> str:
        """Return a row of a Markdown table: the worst (largest) of each figure."""
        figures = ", ".join(f"{name} {max(values):.4g}" for name, values in self.figures.items())
        verdict = f"{len(self.faults)} faults" if self.faults else "as it must be"
        return f"| {self.name} | {self.seeds} | {figures} | {verdict} | {self.seconds:.1f} |"


def play(name: str, scene: Scene, seeds: Sequence[int], *, rough: bool) -> Record:
    """Play one scene with each seed."""
    record = Record(name)
    began = time.perf_counter()
    for seed in seeds:
        outcome = scene(seed) if name in _CALM else scene(seed, rough=rough)
        record.add(seed, outcome)
    record.seconds = time.perf_counter() - began
    return record


def main(arguments: Sequence[str] | None = None) -> int:
    """Play scenes; return 1 if anything was not as it must be."""
    options = _parser().parse_args(arguments)
    chosen = list(_chosen(catalogue(options.size), options.scenes))
    is_sound = True
    _say("| scene | seeds | worst figures | verdict | seconds |")
    _say("|---|---|---|---|---|")
    for name, scene in chosen:
        count = options.seeds * (_MORE_SEEDS if name in BRIEF else 1)
        seeds = range(options.first, options.first + count)
        record = play(name, scene, seeds, rough=options.rough)
        _say(record.row())
        for fault in record.faults[: options.show]:
            _say(f"    {name}, {fault}", sys.stderr)
        is_sound = is_sound and not record.faults
    return 0 if is_sound else 1


def _chosen(scenes_by_name: dict[str, Scene], wanted: list[str]) -> Iterator[tuple[str, Scene]]:
    for name, scene in scenes_by_name.items():
        if not wanted or any(name.startswith(beginning) for beginning in wanted):
            yield name, scene


def _say(line: str, stream: TextIO | None = None) -> None:
    print(line, file=stream or sys.stdout, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m peerpigeon.sim.campaign", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("scenes", nargs="*", help="beginnings of the names of scenes; else all")
    parser.add_argument("--size", choices=(SMALL, LARGE), default=SMALL)
    parser.add_argument(
        "--seeds", type=int, default=3, help="how many seeds, five times for brief ones [default 3]"
    )
    parser.add_argument("--first", type=int, default=1, help="the first seed [default 1]")
    parser.add_argument("--rough", action="store_true", help="2 %% loss, much jitter, wrong clocks")
    parser.add_argument("--show", type=int, default=10, help="faults to print of each scene")
    return parser


if __name__ == "__main__":
    sys.exit(main())
