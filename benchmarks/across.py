"""Many clients in one namespace, spread over linked hubs: whether it works, and what it costs.

``python -m benchmarks.across --clients 19000 --hubs 3`` waits until each client has been told of as
many others as the discovery limit promises. Linux only; it needs a C compiler.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.generator import BenchmarkError, play
from benchmarks.stampede import DISCOVERY_LIMIT, linked_hubs, most_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE = 600  # seconds


def across(hubs: int, clients: int) -> str:
    """Have clients come to one namespace of so many hubs; return what was measured as text.

    Raises ``BenchmarkError`` if one is refused, or is not told of as many others as promised.
    """
    with linked_hubs(hubs) as linked:
        result = play(
            "joins",
            [hub.pid for hub in linked],
            port=",".join(str(hub.port) for hub in linked),
            members=clients,
            clients=clients,
            promised=min(clients - 1, DISCOVERY_LIMIT),
            deadline=DEADLINE,
        )
        memory = ", ".join(f"{most_memory(hub.pid) / 1e6:.0f}" for hub in linked)
    cpu = ", ".join(f"{seconds:.1f}" for seconds in result["cpu"])
    return (
        f"{clients} clients in one namespace of {hubs} hubs: all introduced in"
        f" {result['seconds']:.1f} s; CPU of the hubs {cpu} s, of the generator"
        f" {result['own_cpu']:.1f} s; {result['told'] / clients:.0f} introductions each;"
        f" memory high {memory} MB\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.across", description=__doc__)
    parser.add_argument("--clients", type=int, default=19_000)
    parser.add_argument("--hubs", type=int, default=3)
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(across(given.hubs, given.clients))
    except BenchmarkError as problem:
        sys.stderr.write(f"across: {problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
