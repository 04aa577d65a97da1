"""Whether new clients are sent to a server."""

from __future__ import annotations

from random import Random

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.events import Tick
from peerpigeon.core.interface.serving import serving
from peerpigeon.core.wire.hub_frames import Carrier
from tests.core.mesh.meshes import HUBS, Bench

ELSEWHERE = ("ws://10.0.0.1:3000",)


@pytest.mark.parametrize(
    ("is_draining", "has_settled", "expected"),
    [
        (False, False, "starting"),
        (False, True, "ready"),
        (True, False, "draining"),
        (True, True, "draining"),
    ],
)
def test_it_follows_from_two_things(is_draining: bool, has_settled: bool, expected: str) -> None:
    assert serving(is_draining=is_draining, has_settled=has_settled) == expected


def test_a_server_without_a_mesh_is_ready_at_once() -> None:
    assert Hub(PeerId("a" * 40), ServerConfig(), Random(1)).status.serving == "ready"


def test_a_hub_that_looks_for_others_is_ready_when_it_has_looked_long_enough() -> None:
    config = ServerConfig(is_hub=True, bootstrap_hubs=ELSEWHERE)
    hub = Hub(PeerId("a" * 40), config, Random(1))
    hub.handle(Tick(), 9.9)
    assert hub.status.serving == hub.status.snapshot(9.9).serving == "starting"
    hub.handle(Tick(), 10.0)
    assert hub.status.serving == hub.status.snapshot(10.0).serving == "ready"


def test_a_hub_from_which_others_start_is_ready_at_once() -> None:
    assert Bench().mesh.has_settled
    assert Bench(bootstrap_hubs=ELSEWHERE, auto_connect=False).mesh.has_settled
    assert not Bench(bootstrap_hubs=ELSEWHERE).mesh.has_settled


@pytest.mark.parametrize("carrier", list(Carrier))
def test_a_hub_is_ready_with_its_first_link_of_whatever_kind_and_without_it(
    carrier: Carrier,
) -> None:
    """By WebSockets alone, as where two NATs are between and no TURN server, a mesh serves."""
    bench = Bench(bootstrap_hubs=ELSEWHERE)
    settled = []
    link = bench.open(carrier, 0, 1.0)
    settled.append(bench.mesh.has_settled)
    bench.hello(link, HUBS[1], 1.0)
    settled.append(bench.mesh.has_settled)
    assert not bench.mesh.snapshot().ready
    bench.lose(link, 2.0)
    settled.append(bench.mesh.has_settled)
    assert settled == [False, True, True], "a stranger is no mesh"


def test_a_hub_of_the_npm_package_is_a_link_too() -> None:
    bench = Bench(bootstrap_hubs=ELSEWHERE)
    bench.mesh.reference_hub_linked(PeerId("1" * 40))
    assert bench.mesh.has_settled
