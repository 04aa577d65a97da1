"""Workers hand clients over to each other, die and are drained: nothing is lost, nobody left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from peerpigeon.core.clients.homes import Homes
from peerpigeon.core.mesh.migration import Migration
from peerpigeon.sim.client_sockets import ClientSockets
from peerpigeon.sim.scenes.workers import workers
from tests.selection import thorough

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import PassOn

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [0, 1, thorough(2), thorough(3)])
@pytest.mark.parametrize("rough", [False, thorough(True)])
def test_nobody_notices_that_workers_hand_clients_over_and_die(seed: int, *, rough: bool) -> None:
    assert workers(seed, rough=rough).faults == []


@pytest.mark.thorough
def test_so_it_is_with_three_workers_on_two_machines() -> None:
    assert [workers(seed, machines=2, each=3).faults for seed in range(3)] == [[]] * 3


# What the scene would find


def test_that_a_client_is_greeted_again_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    take_over = ClientSockets.hand_over

    def as_a_stranger(self: ClientSockets, action: PassOn, to: ClientSockets | None) -> None:
        take_over(self, replace(action, opened=replace(action.opened, owner=b"")), to)

    monkeypatch.setattr(ClientSockets, "hand_over", as_a_stranger)
    assert any("a second greeting" in fault for fault in workers(0).faults)


def test_that_nobody_is_handed_over_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Homes, "pass_on", lambda *_: False)
    assert any("are not at home" in fault for seed in (0, 1) for fault in workers(seed).faults)


def test_that_workers_do_not_count_for_readiness_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    update = Migration.update
    monkeypatch.setattr(
        Migration,
        "update",
        lambda self, channels, others, now, _=0: update(self, channels, others, now),
    )
    assert any("never was whole" in fault for seed in (0, 1) for fault in workers(seed).faults)
