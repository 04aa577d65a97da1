"""A hub dies, and all its clients come back at once to the others: who is refused, what it costs.

python -m benchmarks.stampede                              # 10,000 of one of three hubs, in 2 s
python -m benchmarks.stampede --members 1000               # in large namespaces
python -m benchmarks.stampede --beside 2000    # and two servers of each kind with 2,000, see below
python -m benchmarks.stampede --server ours --clients 2000       # two servers, that know nothing
python -m benchmarks.stampede --server reference --clients 2000  # of each other

Clients come from an address each, with their old ids, as those of the npm package do, and announce
themselves where they were. Meanwhile pairs of other clients signal each other, at the hubs that
stay. ``--priority -10`` has hubs and generator go before other work, where times are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.contenders import linked_hub, serving
from benchmarks.generator import BenchmarkError, play
from benchmarks.hubs import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.contenders import Contender, Server

DISCOVERY_LIMIT = 128
HTTP_TIMEOUT = 10.0
HEADINGS = (
    "what | clients | namespaces of | refused | all back | all introduced | greeted, p50, p99"
    " | CPU of those that stay | of the generator | memory high"
    " | signals of others, p99: before; meanwhile; longest"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one stampede. Times are seconds, those of signals milliseconds."""

    clients: int
    members: int
    refused: dict[str, int]
    """How many attempts were refused or cut, by HTTP status, close code, or 0."""
    back: float
    """From the hub's death until the last one was greeted."""
    introduced: float
    """From the hub's death until each had been told of as many others as are promised."""
    greeting: dict[str, float]
    calm: dict[str, float]
    stormy: dict[str, float]
    cpu: float
    """CPU seconds of the hubs that stay, from the death until all are introduced."""
    own_cpu: float
    memory: int
    """The most that one of them had resident, bytes."""

    def row(self, what: str) -> str:
        """Return a row of a Markdown table under ``HEADINGS``."""
        cells = (
            what,
            f"{self.clients:,}",
            f"{self.members:,}",
            ", ".join(f"{many} ({why})" for why, many in self.refused.items()) or "0",
            f"{self.back:.2f} s",
            f"{self.introduced:.2f} s",
            f"{self.greeting['p50']:.0f}, {self.greeting['p99']:.0f} ms",
            f"{self.cpu:.2f} s",
            f"{self.own_cpu:.2f} s",
            f"{self.memory / 1e6:.0f} MB",
            f"{self.calm['p99']:.1f}; {self.stormy['p99']:.1f}; {self.stormy['longest']:.1f} ms",
        )
        return f"| {' | '.join(cells)} |"


def stampede(
    hubs: Sequence[Server], clients: int, members: int, *, priority: int = 0, **options: float
) -> Outcome:
    """Kill the first of some hubs under its clients; raise ``BenchmarkError`` if one is lost."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    if priority:
        for pid in [hub.pid for hub in hubs] + [0]:
            os.setpriority(os.PRIO_PROCESS, pid, usual + priority)
    try:
        result = play(
            "return",
            [hub.pid for hub in hubs[1:]],
            ports=",".join(str(hub.port) for hub in hubs),
            victim=hubs[0].pid,
            clients=clients,
            members=members,
            promised=_promised(members),
            **options,
        )
    finally:
        if priority:
            os.setpriority(os.PRIO_PROCESS, 0, usual)
    return _outcome(result, members, max(most_memory(hub.pid) for hub in hubs[1:]))


def _promised(members: int) -> int:
    """Return how many others each is to know, of whom some may leave: all, or half the limit."""
    others = members - 1
    return others if others <= DISCOVERY_LIMIT else DISCOVERY_LIMIT // 2


def _outcome(result: dict[str, Any], members: int, memory: int) -> Outcome:
    return Outcome(
        result["clients"],
        members,
        result["refused"],
        result["back"],
        result["introduced"],
        result["greeting"],
        result["calm"],
        result["stormy"],
        sum(result["cpu"]),
        result["own_cpu"],
        memory,
    )


def most_memory(pid: int) -> int:
    """Return the most bytes that a process has had resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise BenchmarkError(f"the system does not tell the memory of process {pid}")


def of_mesh(hubs: int, clients: int, members: int, **options: Any) -> Outcome:  # noqa: ANN401
    """Kill one of several hubs that are linked."""
    with linked_hubs(hubs) as linked:
        return stampede(linked, clients, members, **options)


@contextmanager
def linked_hubs(count: int) -> Iterator[list[Server]]:
    """Run so many hubs, each linked to all others when this begins."""
    with ExitStack() as stack:
        hubs = [stack.enter_context(linked_hub(None))]
        hubs += [stack.enter_context(linked_hub(hubs[0])) for _ in range(count - 1)]
        until("all hubs are linked", lambda: all(_is_settled(hub, count) for hub in hubs))
        yield hubs


def _is_settled(hub: Server, count: int) -> bool:
    url = f"http://127.0.0.1:{hub.port}/health"
    with urllib.request.urlopen(url, timeout=HTTP_TIMEOUT) as answer:
        mesh: dict[str, int] = json.load(answer)["hubMesh"]
    return bool(mesh["ready"]) and mesh["knownHubs"] >= count


def of_servers(server: str, clients: int, members: int, **options: Any) -> Outcome:  # noqa: ANN401
    """Kill one of two servers that know nothing of each other."""
    with ExitStack() as stack:
        both = [stack.enter_context(serving(cast("Contender", server))) for _ in range(2)]
        return stampede(both, clients, members, **options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it and print a row; return 1 if somebody was refused."""
    given = _parser().parse_args(arguments)
    clients = given.clients // given.members * given.members
    options = {"within": given.within, "pairs": given.pairs, "rate": given.rate}
    options |= {"priority": given.priority}
    rule = "|---" * (HEADINGS.count("|") + 1)
    sys.stdout.write(f"| {HEADINGS} |\n{rule}|\n")
    refused = False
    try:
        for what, play_one in _plays(given, clients, options):
            outcome = play_one()
            sys.stdout.write(f"{outcome.row(what)}\n")
            sys.stdout.flush()
            refused = refused or bool(outcome.refused)
    except BenchmarkError as problem:
        sys.stderr.write(f"stampede: {problem}\n")
        return 2
    return 1 if refused else 0


def _plays(
    given: argparse.Namespace, clients: int, options: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    """Return what is to be played, each with what it is called."""
    members = given.members
    if given.server:
        yield f"two, {given.server}", partial(of_servers, given.server, clients, members, **options)
        return
    yield f"{given.hubs} hubs", partial(of_mesh, given.hubs, clients, members, **options)
    few = given.beside // members * members
    for server in ("ours", "reference") if few else ():
        yield f"two, {server}", partial(of_servers, server, few, members, **options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stampede", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clients", type=int, default=10_000, help="of the hub that dies [10000]")
    parser.add_argument("--members", type=int, default=50, help="in each namespace [50]")
    parser.add_argument("--hubs", type=int, default=3, help="how many there are [3]")
    parser.add_argument("--server", choices=("ours", "reference"), help="two of these instead")
    parser.add_argument(
        "--beside", type=int, default=0, help="clients of two servers of each kind, too [none]"
    )
    parser.add_argument("--within", type=float, default=2.0, help="seconds until all try [2]")
    parser.add_argument("--pairs", type=int, default=20, help="of other clients [20]")
    parser.add_argument("--rate", type=int, default=200, help="of their signals a second [200]")
    parser.add_argument("--priority", type=int, default=0, help="added to the niceness [0]")
    return parser


if __name__ == "__main__":
    sys.exit(main())
