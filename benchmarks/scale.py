"""What a mesh of very many hubs takes to form, in the simulator, and what a hub hears in it.

``python -m benchmarks.scale --hubs 100 300 1000`` lets hubs start within a second, all from the
first, each with at most ``--max-peers`` links, and waits for just the links that should be. CPU
time is that of the whole mesh in one process; frames and bytes are what reaches one hub on
average, however far they have come; *adverts* are how many each has published by the end, all of
which the others have to learn. With ``--join`` so many more start within a second when the
mesh has formed, and what they cost each hub is counted until all links are as they should be once
more. Each mesh has a process of its own, so that the memory is its own. With ``--source`` another
checkout's ``src`` is measured too, in turns.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peerpigeon.sim.mesh import Layout, Mesh

if TYPE_CHECKING:
    from peerpigeon.sim.tally import Share

LONGEST = 600.0
"""Virtual seconds after which a mesh is given up that has not formed."""

HEADINGS = (
    "hubs", "CPU s", "formed after, virtual s", "adverts by a hub", "events of a hub",
    "frames to a hub", "kB to a hub", "MB",
)  # fmt: skip
JOINED = ("join", "links right after, virtual s", "frames to a hub", "kB to a hub", "CPU s")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What passed between two looks at a mesh."""

    cpu: float
    virtual: float
    frames: float
    """To one hub, on average."""
    octets: float


class Clock:
    """The time and the traffic since the last look."""

    def __init__(self, mesh: Mesh, cpu: float) -> None:
        self._mesh = mesh
        self._cpu, self._virtual, self._control = cpu, mesh.world.now, self._all()

    def _all(self) -> Share:
        return self._mesh.world.tally.control()

    def look(self) -> Stretch:
        """Return what has passed."""
        hubs, control = len(self._mesh.hubs), self._all() - self._control
        return Stretch(
            time.process_time() - self._cpu,
            self._mesh.world.now - self._virtual,
            control.frames / hubs,
            control.octets / hubs,
        )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--hubs", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--max-peers", type=int, default=4)
    parser.add_argument("--join", type=int, default=0, help="so many more hubs come afterwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--source", action="append", default=[], help="src of another checkout")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        rows = measure(given.hubs[0], given.max_peers, given.join, given.seed)
        sys.stdout.write(json.dumps(rows))
        return
    own = str(Path(__file__).parent.parent / "src")
    headings = ("source", *HEADINGS, *(JOINED if given.join else ()))
    sys.stdout.write("| " + " | ".join(headings) + " |\n" + "|---" * len(headings) + "|\n")
    for hubs in given.hubs:
        for source in (own, *given.source):
            options = {"max_links": given.max_peers, "join": given.join, "seed": given.seed}
            row = [source, *measured(hubs, source=source, **options)]
            sys.stdout.write("| " + " | ".join(map(str, row)) + " |\n")
            sys.stdout.flush()


def measured(
    hubs: int, *, max_links: int = 4, join: int = 0, seed: int = 1, source: str = ""
) -> list[str]:
    """Measure in a process of its own, and return the row of the table."""
    command = [sys.executable, "-m", "benchmarks.scale", "--once", "--hubs", str(hubs)]
    command += ["--max-peers", str(max_links), "--join", str(join), "--seed", str(seed)]
    environment = os.environ | ({"PYTHONPATH": source} if source else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    shown: list[str] = json.loads(done.stdout)
    return shown


def measure(hubs: int, max_links: int, join: int, seed: int) -> list[str]:
    """Form a mesh, perhaps let more hubs join, and return the row of the table."""
    # What is simulated leaves no circles to speak of, and to look for them among a million objects
    # again and again takes a tenth of the time.
    gc.disable()
    layout = Layout(hubs=hubs, max_links=max_links)
    mesh = Mesh.begin(seed, layout)
    clock = Clock(mesh, 0.0)
    _settle(mesh)
    formed = clock.look()
    adverts = [hub.hub.advert for hub in mesh.hubs]
    renewals = sum(advert.sequence for advert in adverts if advert is not None) / hubs
    row = [f"{hubs}", f"{formed.cpu:.1f}", f"{formed.virtual:.1f}", f"{renewals:.1f}"]
    row += [f"{mesh.world.events / hubs:.0f}", f"{formed.frames:.0f}"]
    row += [f"{formed.octets / 1e3:.0f}", f"{_most_memory() / 1e6:.0f}"]
    return row + (_join(mesh, join) if join else [])


def _join(mesh: Mesh, join: int) -> list[str]:
    """Let hubs come to a mesh that has been at rest for a while."""
    mesh.world.run_until(mesh.world.now + 30.0)
    clock = Clock(mesh, time.process_time())
    mesh.join(join)
    _settle(mesh)
    joined = clock.look()
    row = [f"{join}", f"{joined.virtual:.1f}", f"{joined.frames:.0f}"]
    return [*row, f"{joined.octets / 1e3:.0f}", f"{joined.cpu:.1f}"]


def _settle(mesh: Mesh) -> None:
    if mesh.settle(mesh.world.now + LONGEST) is None:
        raise RuntimeError(f"{mesh.layout.hubs} hubs have not formed a mesh in {LONGEST:.0f} s")


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
