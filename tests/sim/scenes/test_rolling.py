"""Hubs are restarted one after the other: nothing is lost, and clients come back by and by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core import rebalance
from peerpigeon.core.clients.disconnects import Disconnects
from peerpigeon.core.clients.drain import Drain
from peerpigeon.core.clients.slow_targets import SlowTargets
from peerpigeon.sim.scenes.rolling import rebalanced, rolling_restart
from tests.selection import thorough

if TYPE_CHECKING:
    from peerpigeon.core.sessions.registry import Client

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rough", [False, thorough(True)])
def test_a_rolling_restart_loses_nothing_and_spreads_clients(*, rough: bool) -> None:
    assert [rolling_restart(seed, rough=rough).faults for seed in range(3)] == [[]] * 3


def test_what_clients_hear_in_a_burst_was_said_evenly() -> None:
    """With this seed packets are lost, so that eleven hear in one second that they have to go."""
    assert rolling_restart(5, rough=True).faults == []


def test_of_what_crosses_two_that_are_let_go_nobody_can_be_told() -> None:
    """With this seed one has gone, and the other goes while its hub asks where that one is."""
    outcome = rolling_restart(23)
    assert (outcome.faults, outcome.figures["crossed"]) == ([], 1)


def test_so_it_is_when_all_are_let_go_at_once() -> None:
    assert rolling_restart(3, drain_time=0.0).faults == []


@pytest.mark.parametrize("rough", [False, thorough(True)])
def test_hubs_come_to_have_about_as_many_clients_each_and_to_rest(*, rough: bool) -> None:
    assert [rebalanced(seed, rough=rough).faults for seed in range(3)] == [[]] * 3


# What these scenes would find


@pytest.mark.thorough
def test_that_clients_are_not_heard_to_the_end_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drop(self: Disconnects, client: Client, code: int, reason: str) -> None:
        self.drop(client, reason, 0.0, code=code)

    monkeypatch.setattr(Disconnects, "dismiss", drop)
    faults = (fault for seed in range(3) for fault in rolling_restart(seed).faults)
    assert any("cut off" in fault for fault in faults)


@pytest.mark.thorough
def test_that_nobody_is_told_of_what_a_client_does_not_hear_any_more_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SlowTargets, "close", lambda *_: None)
    faults = (fault for seed in range(3) for fault in rolling_restart(seed).faults)
    assert any("without an end" in fault for fault in faults)


def test_that_all_are_let_go_at_once_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Drain.begin
    monkeypatch.setattr(Drain, "begin", lambda self, _, now: begin(self, 0.0, now))
    assert any("in one second" in fault for fault in rolling_restart(1).faults)


@pytest.mark.thorough
def test_that_hubs_never_come_to_rest_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAR_MORE", "ENOUGH"):
        monkeypatch.setattr(rebalance, name, 1.0)
        monkeypatch.setattr(rebalance, f"{name}_CLIENTS", 0)
    assert any("for nothing" in fault for fault in rebalanced(1).faults)


def test_that_hubs_do_nothing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebalance, "ROUND", 86400.0)
    assert any("times its share" in fault for fault in rebalanced(1).faults)
