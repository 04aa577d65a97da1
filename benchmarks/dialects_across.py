"""Clients of other ecosystems at three linked hubs, which no server of theirs can do."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import play
from benchmarks.hubs import mesh
from benchmarks.machine import generator_core, started_on
from benchmarks.relay import all_came

if TYPE_CHECKING:
    from benchmarks.settings import Settings

HUBS = 3
AGREED = 6.0
"""Seconds after which hubs take each other's word on who listens where, and some more."""
LISTENERS = 32
SETTLED = 1.0
"""Seconds after which a publication reaches whoever has come, at whichever hub."""


class Across:
    """What takes a word of other hubs: an id, an offer to another hub, a publication to all."""

    name = "dialects across hubs"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return the times."""
        where = f"at {HUBS} hubs"
        return [
            Row(
                "across-publication",
                f"y-webrtc, a publication to {LISTENERS} listeners {where}, p50",
                "ms",
                Asked("ours", "most", 5),
            ),
            Row(
                "across-ids",
                f"PeerJS, {self._settings.visits} ids claimed {where}, by the clock",
                "ids/s",
                Asked("ours", "least", 500),
            ),
            Row("across-offer-1", "PeerJS, an offer within a hub, p50", "ms"),
            Row("across-offer-2", "PeerJS, an offer to another hub, p50", "ms"),
            Row("across-open", f"PeerJS, from the connection to OPEN {where}, mean", "ms"),
            Row(
                "across-pair",
                "PeerJS, a pair at two hubs: both OPEN, offer, answer; by one at one",
                "times",
                Asked("ours", "most", 1.5),
            ),
        ]

    def play(self, _: str) -> Sample:
        """Form the mesh, and have each kind of clients come in turn."""
        with mesh(sys.executable, HUBS, spread=True) as hubs:
            for hub in hubs:
                hub.time_of("hubMeshReady")
            time.sleep(AGREED)
            ports = ",".join(str(hub.port) for hub in hubs)
            first, second = hubs[0].port, hubs[1].port
            heard = self._signals(
                "topics", port=ports, members=LISTENERS, clients=LISTENERS, settle=SETTLED
            )
            offers = [self._offers(first, to) for to in (first, second)]
            claimed = self._visits(ports, self._settings.visits)
            opened = self._visits(ports, self._settings.visits // 10, at_once=1)
        pairs = [2 * opened["each"] + 2 * offer for offer in offers]
        return {
            "across-publication": heard["p50"] / 1e3,
            "across-ids": 1e3 / claimed["each"],
            "across-offer-1": offers[0],
            "across-offer-2": offers[1],
            "across-open": opened["each"],
            "across-pair": pairs[1] / pairs[0],
        }

    def _offers(self, port: int, to: int) -> float:
        pairs, rate = self._settings.pairs, self._settings.hop_rate
        options = {"kind": "peerjs", "size": 700, "pairs": pairs, "rate": rate}
        return float(self._signals("signals", port=port, to=to, **options)["p50"]) / 1e3

    def _signals(self, scene: str, **options: object) -> dict[str, Any]:
        with started_on(generator_core()):
            seconds, warmup = self._settings.seconds, self._settings.warmup
            return all_came(play(scene, (), seconds=seconds, warmup=warmup, **options))

    def _visits(self, ports: str, clients: int, **options: object) -> dict[str, Any]:
        with started_on(generator_core()):
            came = play("visits", (), port=ports, kind="peerjs", clients=clients, **options)
        return {**came, "each": 1e3 * came["seconds"] / clients}
