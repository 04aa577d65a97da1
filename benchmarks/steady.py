"""How fast the simulator is: a mesh at rest, virtual against real time.

python -m benchmarks.steady --hubs 1000 --minutes 10
"""

from __future__ import annotations

import argparse
import time

from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.setting import begin


def main() -> None:
    """Form a mesh, let it rest, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hubs", type=int, default=1000)
    parser.add_argument("--max-peers", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.process_time()
    mesh = begin(options.seed, Layout(hubs=options.hubs, max_links=options.max_peers))
    is_formed = mesh.settle(120.0)
    formed, virtual = time.process_time(), mesh.world.now
    print(f"formed      {virtual:.1f} virtual s in {formed - began:.1f} s: {is_formed}", flush=True)
    mesh.world.run(60.0)  # until all have migrated
    began, events = time.process_time(), mesh.world.events
    mesh.world.run(options.minutes * 60.0)
    took = time.process_time() - began
    done = mesh.world.events - events
    print(f"at rest     {options.minutes * 60:.0f} virtual s in {took:.1f} s")
    print(f"events      {done}, {done / took:.0f} a second")


if __name__ == "__main__":
    main()
