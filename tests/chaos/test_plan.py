"""Plans: the same seed gives the same faults, and each kind has its turn."""

from __future__ import annotations

import itertools

import pytest
from chaos.plan import CLIENTS, GAPS, HUBS, NEED_HOSTS, QUIET_BEFORE, plan


def test_the_same_seed_gives_the_same_plan() -> None:
    assert plan(1, 120.0) == plan(1, 120.0)
    assert plan(1, 120.0) != plan(2, 120.0)


@pytest.mark.parametrize("seed", range(5))
def test_each_kind_of_fault_comes_within_three_minutes(seed: int) -> None:
    assert {fault.kind for fault in plan(seed, 180.0)} == set(GAPS)


def test_only_the_kinds_that_are_wanted_come() -> None:
    wanted = set(GAPS) - NEED_HOSTS
    assert {fault.kind for fault in plan(1, 600.0, wanted)} == wanted


@pytest.mark.parametrize("seed", range(5))
def test_faults_come_one_after_another_and_leave_each_its_time(seed: int) -> None:
    faults = plan(seed, 300.0)
    for one, following in itertools.pairwise(faults):
        gap = GAPS[one.kind] + QUIET_BEFORE.get(following.kind, 0.0)
        assert following.at - one.at >= gap
        assert following.at < 300.0


def test_a_fault_says_in_one_line_what_it_is() -> None:
    fault = next(fault for fault in plan(1, 300.0) if fault.kind == "clock")
    assert f"clock hub {fault.hub} for" in str(fault)
    assert "its clock -" in str(fault)


def test_hubs_and_clients_of_a_plan_are_there() -> None:
    for fault in plan(3, 600.0):
        assert fault.hub in range(HUBS)
        assert fault.to in range(HUBS)
        assert fault.client in range(CLIENTS)
