"""Clients of other ecosystems, at our server and at the one that each was written for.

What is counted is what arrives, by the server's own CPU seconds; the load generator checks that all
of it comes, once and unchanged.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from tests.e2e.dialects.environment import HERE
from tests.e2e.environment import install_packages

from benchmarks.contenders import serving
from benchmarks.crowds import NEVER_REACHED, SETTLE, WARM_UP, staying
from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import play
from benchmarks.machine import generator_core, most_clients, resident, started_on
from benchmarks.relay import all_came

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from benchmarks.contenders import Contender, Server
    from benchmarks.settings import Settings

Kind: TypeAlias = Literal["peerjs", "topics", "tracker"]
"""As the load generator and ``reference_servers.mjs`` call them."""

KINDS: dict[Kind, str] = {"peerjs": "PeerJS", "topics": "y-webrtc", "tracker": "tracker"}
ROOM = 8
"""Members of a swarm, and listeners of a topic, where only their number matters."""


@contextmanager
def serving_kind(contender: str, kind: Kind) -> Iterator[Server]:
    """Run a server for clients of a kind."""
    with serving(cast("Contender", contender), kind=kind) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Case:
    """What is played, and what is asked of its ratio."""

    key: str
    title: str
    options: dict[str, int]
    least: float | None = None


class Deliveries:
    """As many messages as the server's core can take, in several cases."""

    def __init__(self, settings: Settings, kind: Kind, scene: str, cases: list[Case]) -> None:
        # The others know no other kind.
        self.contenders = ("ours", "reference", *(("floor", "loop") if kind == "topics" else ()))
        self.name = f"{KINDS[kind]} {scene}"
        self._settings = settings
        self._kind: Kind = kind
        self._scene = scene
        self._cases = cases
        install_packages(HERE)

    def rows(self) -> list[Row]:
        """Return the rates, and what shows that the generator did not set them."""
        rows = []
        for case in self._cases:
            asked = None if case.least is None else Asked("ratio", "least", case.least)
            title = f"{KINDS[self._kind]}, {case.title}"
            rows += [
                Row(case.key, title, "messages/s of a core", asked),
                Row(f"{case.key}-p50", f"{title}: under way, p50", "ms", is_check=True),
                Row(
                    f"{case.key}-load",
                    f"{title}: generator's CPU",
                    "s for server's s",
                    is_check=True,
                ),
            ]
        return rows

    def play(self, contender: str) -> Sample:
        """Play all cases on one server."""
        sample: Sample = {}
        with serving_kind(contender, self._kind) as server:
            for case in self._cases:
                with started_on(generator_core()):
                    result = all_came(
                        play(
                            self._scene,
                            [server.pid],
                            port=server.port,
                            kind=self._kind,
                            # Node.js is at its best only when it has compiled what is called much.
                            warmup=2 * self._settings.warmup,
                            seconds=self._settings.seconds,
                            **case.options,
                        )
                    )
                used = result["cpu"][0]
                sample[case.key] = result["measured"] / used
                sample[f"{case.key}-p50"] = result["p50"] / 1e3
                sample[f"{case.key}-load"] = result["own_cpu"] / used
        return sample


def peer_relay(settings: Settings) -> Deliveries:
    """Return the offers of pairs of PeerJS clients."""
    least = {(700, 1): 1.2, (700, 16): 1.7}
    cases = [
        Case(
            f"peerjs-{size}-{window}",
            f"offers of {size} B, {window} outstanding",
            {"size": size, "window": window, "pairs": settings.pairs},
            least.get((size, window)),
        )
        for window in settings.windows
        for size in settings.offers
    ]
    return Deliveries(settings, "peerjs", "signals", cases)


def publications(settings: Settings) -> Deliveries:
    """Return publications in rooms of y-webrtc clients, one under way in each."""
    least = {2: 1.2, 8: 2, 32: 2}
    cases = [
        Case(
            f"topics-{members}",
            f"publications of 700 B in rooms of {members}",
            {"size": 700, "members": members, "clients": settings.visitors},
            least.get(members),
        )
        for members in settings.rooms
    ]
    return Deliveries(settings, "topics", "topics", cases)


def announces(settings: Settings) -> Deliveries:
    """Return announces of peers in swarms: their responses, the offers and the answers."""
    clients = settings.visitors
    cases = [
        Case(
            f"tracker-{members}-{offers}",
            f"announces of {offers} offers, all answered, swarms of {members}"
            if offers
            else f"announces without offers, swarms of {members}",
            {"size": 600, "members": members, "offers": offers, "clients": clients},
            least,
        )
        for members, offers, least in ((ROOM, 5, 1.3), (clients, 5, 1.5), (ROOM, 0, 1.3))
    ]
    return Deliveries(settings, "tracker", "swarms", cases)


class Visits:
    """Clients connect until they can be used, and then stay and say nothing."""

    contenders = ("ours", "reference")

    def __init__(self, settings: Settings, kind: Kind) -> None:
        self.name = f"{KINDS[kind]} visits"
        self._kind: Kind = kind
        self._count = min(settings.visits, most_clients()) // ROOM * ROOM
        install_packages(HERE)

    def rows(self) -> list[Row]:
        """Return CPU time and memory for each client."""
        key, title = f"visit-{self._kind}", f"{KINDS[self._kind]}, each of {self._count} clients"
        return [
            Row(f"{key}-cpu", f"{title}: CPU until usable", "ms", Asked("ratio", "most", 1)),
            Row(f"{key}-memory", f"{title}: memory", "kB", Asked("ratio", "most", 0.5)),
        ]

    def play(self, contender: str) -> Sample:
        """Have some come, so that what the first one makes is not counted, and then all."""
        with (
            serving_kind(contender, self._kind) as server,
            self._staying(server, WARM_UP // ROOM * ROOM, NEVER_REACHED),
        ):
            time.sleep(SETTLE)
            before = resident(server.pid)
            with self._staying(server, self._count) as came:
                time.sleep(SETTLE)
                after = resident(server.pid)
        return {
            f"visit-{self._kind}-cpu": 1e3 * came["cpu"][0] / self._count,
            f"visit-{self._kind}-memory": (after - before) / self._count / 1e3,
        }

    def _staying(
        self, server: Server, count: int, first_room: int = 0
    ) -> AbstractContextManager[dict[str, Any]]:
        return staying(
            server, count, "visits", members=ROOM, kind=self._kind, first_room=first_room
        )
