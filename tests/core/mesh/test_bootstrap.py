"""Whom a hub dials to get into the mesh (S6 to S9), and to make it whole again."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import BootstrapConnected, BootstrapDisconnected
from peerpigeon.core.mesh.bootstrap import Bootstrap
from peerpigeon.core.mesh.limits import MeshLimits

A, B, C, D, E, F = (PeerId(digit * 40) for digit in "abcdef")
ONE, TWO, OLD = "ws://one:3000", "ws://two:3000", "ws://old:3000"
GUESS = "ws://localhost:3000"


class Middle(Random):
    """Chance that always takes the middle, so that times are literal; draws the first."""

    def random(self) -> float:
        return 0.5

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def bootstrap_of(
    *uris: str, rng: Random | None = None, quick_rounds: int = 10, interval: float = 5.0
) -> Bootstrap:
    config = ServerConfig(
        bootstrap_hubs=uris, reconnect_interval=interval, max_reconnect_attempts=quick_rounds
    )
    return Bootstrap(A, config, rng or Middle(), Effects(0.0), MeshLimits(), 100.0)


class Hub:
    """What the mesh would say to its bootstrap."""

    def __init__(self, bootstrap: Bootstrap, former: tuple[str, ...] = ()) -> None:
        self.bootstrap, self.former = bootstrap, former
        self.live = {A}

    def due(self, now: float, *, is_linked: bool = False) -> list[str]:
        if not self.bootstrap.is_due(now):
            return []
        former = () if is_linked else self.former
        return self.bootstrap.next_round(self.live, former, now, is_linked=is_linked)


def among(count: int, bootstrap: Bootstrap) -> Hub:
    """Return a hub of a mesh of so many, this one included; none of them has answered anywhere."""
    hub = Hub(bootstrap)
    hub.live |= {PeerId(f"{number:040x}") for number in range(1, count)}
    return hub


def rounds(hub: Hub, count: int) -> list[float]:
    """Let a hub without links dial; return the times."""
    times = []
    for _ in range(count):
        now = hub.bootstrap.deadline()
        assert now is not None
        assert hub.due(now - 0.001) == []
        assert hub.due(now) != []
        times.append(now)
    return times


def guessing() -> Bootstrap:
    """Return that of a hub at port 3001 that was given no address."""
    config = ServerConfig(is_hub=True, port=3001).listening_at(3001, ["localhost"])
    return Bootstrap(A, config, Middle(), Effects(0.0), MeshLimits(), 100.0)


# The address that nobody has given


def test_a_hub_alone_goes_on_looking_at_port_3000() -> None:
    hub = Hub(guessing())
    for _ in range(3):
        now = hub.bootstrap.deadline()
        assert now is not None
        assert hub.due(now) == [GUESS]


def test_in_the_mesh_nobody_is_looked_for_at_port_3000() -> None:
    hub = Hub(guessing())
    assert hub.due(100.0) == [GUESS]
    hub.live |= {B}
    assert hub.due(200.0, is_linked=True) == []
    hub.bootstrap.links_lost(300.0)
    assert hub.due(300.0) == [GUESS]


def test_a_hub_that_has_once_answered_at_port_3000_is_looked_for_there_in_the_mesh_too() -> None:
    """S8."""
    hub = Hub(guessing())
    hub.bootstrap.found(GUESS, B)
    hub.live |= {B, C}
    assert hub.due(200.0, is_linked=True) == []
    hub.live -= {B}
    assert hub.due(300.0, is_linked=True) == [GUESS]


@pytest.mark.parametrize(("config", "told"), [((), 1), ((GUESS,), 3)])
def test_that_nobody_is_at_port_3000_is_told_once_unless_somebody_has_said_so(
    config: tuple[str, ...], told: int
) -> None:
    options = ServerConfig(is_hub=True, bootstrap_hubs=config).listening_at(3001, ["localhost"])
    effects = Effects(0.0)
    bootstrap = Bootstrap(A, options, Middle(), effects, MeshLimits(), 100.0)
    for _ in range(3):
        bootstrap.disconnected(GUESS, 1006, "refused")
    assert effects.take_actions() == [Tell(BootstrapDisconnected(GUESS, 1006, "refused"))] * told
    bootstrap.connected(GUESS)
    bootstrap.disconnected(GUESS, 1000, "stopping")
    assert effects.take_actions() == [
        Tell(BootstrapConnected(GUESS)),
        Tell(BootstrapDisconnected(GUESS, 1000, "stopping")),
    ]


def test_an_address_that_was_given_twice_is_one() -> None:
    hub = Hub(bootstrap_of(ONE, ONE))
    hub.bootstrap.found(ONE, B)
    hub.live |= {B}
    assert hub.due(100.0, is_linked=True) == []


# Alone


def test_the_addresses_are_dialled_at_once_in_their_order() -> None:
    bootstrap = bootstrap_of(ONE, TWO)
    assert bootstrap.deadline() == 100.0
    hub = Hub(bootstrap)
    assert hub.due(99.9) == []
    assert hub.due(100.0) == [ONE, TWO]
    assert bootstrap.deadline() == 105.0


def test_a_hub_without_addresses_waits_for_others() -> None:
    bootstrap = bootstrap_of()
    assert bootstrap.deadline() is None
    assert Hub(bootstrap, (OLD,)).due(1000.0) == []


def test_s9_ten_times_it_is_tried_again_after_the_interval_then_ever_more_slowly() -> None:
    times = rounds(Hub(bootstrap_of(ONE)), 18)
    pauses = [round(later - earlier, 2) for earlier, later in pairwise(times)]
    assert pauses[:10] == [5.0] * 10
    assert pauses[10:] == [7.5, 11.25, 16.88, 25.31, 30.0, 30.0, 30.0]


def test_s9_without_quick_attempts_it_is_slow_from_the_first() -> None:
    times = rounds(Hub(bootstrap_of(ONE, quick_rounds=0)), 4)
    assert times == [100.0, 107.5, 118.75, 135.625]


def test_s9_it_is_tried_for_ever() -> None:
    times = rounds(Hub(bootstrap_of(ONE)), 3000)
    assert times[-1] - times[-2] == 30.0


def test_an_interval_above_the_slowest_pace_is_kept() -> None:
    bootstrap = bootstrap_of(ONE, quick_rounds=1, interval=60.0)
    assert rounds(Hub(bootstrap), 5) == [100.0, 160.0, 220.0, 280.0, 340.0]


@given(st.integers(0, 10**6))
def test_pauses_are_drawn_within_a_fifth_so_that_not_all_dial_at_once(seed: int) -> None:
    times = rounds(Hub(bootstrap_of(ONE, rng=Random(seed))), 8)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(4.0 <= pause <= 6.0 for pause in pauses)
    assert len(set(pauses)) > 1


def test_a_hub_alone_also_dials_hubs_that_it_knew_each_address_once() -> None:
    hub = Hub(bootstrap_of(ONE, TWO), (OLD, TWO))
    assert hub.due(100.0) == [ONE, TWO, OLD]


def test_when_the_last_link_is_lost_it_dials_at_once_and_quickly_again() -> None:
    hub = Hub(bootstrap_of(ONE))
    rounds(hub, 14)
    hub.bootstrap.links_lost(190.0)
    assert rounds(hub, 12) == [190.0 + 5.0 * number for number in range(11)] + [247.5]


def test_s30_who_has_left_the_bootstrap_hubs_dials_only_those_it_knew() -> None:
    hub = Hub(bootstrap_of(ONE, TWO), former=(OLD,))
    hub.bootstrap.leave()
    assert not hub.bootstrap.is_configured(ONE)
    assert hub.due(100.0) == [OLD]


def test_a_dial_that_is_due_already_is_not_put_off_by_another_loss() -> None:
    hub = Hub(bootstrap_of(ONE))
    hub.bootstrap.links_lost(101.0)
    assert hub.due(100.0) == [ONE]


def test_a_hub_without_addresses_dials_those_it_knew_when_its_links_are_lost() -> None:
    hub = Hub(bootstrap_of(), (OLD,))
    hub.bootstrap.links_lost(200.0)
    assert hub.bootstrap.deadline() == 200.0
    assert hub.due(200.0) == [OLD]
    assert hub.bootstrap.deadline() == 205.0


def test_s7_an_address_that_leads_to_ourselves_is_not_dialled_again() -> None:
    hub = Hub(bootstrap_of(ONE, TWO))
    hub.bootstrap.found(ONE, A)
    assert hub.due(100.0) == [TWO]
    hub.live.add(C)
    hub.bootstrap.found(TWO, C)
    assert hub.due(105.0, is_linked=True) == []
    hub.bootstrap.links_lost(106.0)
    assert hub.due(106.0) == [TWO], "alone it dials whoever was there"


def test_its_own_addresses_are_those_of_its_configuration() -> None:
    bootstrap = bootstrap_of(ONE)
    assert bootstrap.is_configured(ONE)
    assert not bootstrap.is_configured(TWO)
    assert not bootstrap.is_configured("")
    bootstrap.found(TWO, B)  # found by other ways, and of no interest here
    assert not bootstrap.is_configured(TWO)


# In the mesh


def test_s8_in_the_mesh_it_dials_addresses_where_it_knows_nobody_to_be_live() -> None:
    hub = Hub(bootstrap_of(ONE, TWO))
    hub.live |= {B, C}
    hub.bootstrap.found(ONE, B)
    assert hub.due(100.0, is_linked=True) == [TWO]
    hub.bootstrap.found(TWO, C)
    assert hub.due(115.0, is_linked=True) == []
    hub.live.remove(B)
    assert hub.due(130.0, is_linked=True) == [ONE]
    hub.bootstrap.found(ONE, C)  # another hub has taken over its address
    assert hub.due(145.0, is_linked=True) == []


@pytest.mark.parametrize(
    ("hubs", "pause"), [(1, 5.0), (2, 10.0), (5, 25.0), (6, 30.0), (1000, 30.0)]
)
def test_the_more_hubs_there_are_the_more_seldom_each_one_dials(hubs: int, pause: float) -> None:
    hub = among(hubs, bootstrap_of(ONE))
    assert hub.due(100.0, is_linked=True) == [ONE]
    assert hub.bootstrap.deadline() == 100.0 + pause


@given(st.integers(0, 10**6))
def test_in_the_mesh_pauses_are_drawn_from_a_half_to_one_and_a_half(seed: int) -> None:
    hub = among(4, bootstrap_of(ONE, rng=Random(seed)))
    hub.due(100.0, is_linked=True)
    deadline = hub.bootstrap.deadline()
    assert deadline is not None
    assert 110.0 <= deadline <= 130.0


def test_a_link_gives_back_the_quick_attempts() -> None:
    hub = Hub(bootstrap_of(ONE, quick_rounds=1))
    assert rounds(hub, 3) == [100.0, 105.0, 112.5]
    hub.due(123.75, is_linked=True)
    assert rounds(hub, 3) == [128.75, 133.75, 141.25]


# Missing hubs


def test_the_search_for_missing_hubs_begins_at_once_some_at_a_time() -> None:
    bootstrap = bootstrap_of()
    assert not bootstrap.is_searching(200.0)
    assert bootstrap.search([B], 200.0) == []
    bootstrap.hubs_lost(200.0)
    assert not bootstrap.is_searching(199.9)
    assert bootstrap.search([B], 199.9) == []
    assert bootstrap.is_searching(200.0)
    assert bootstrap.search([B, C, D, E, F], 200.0) == [B, C, D, E]
    assert not bootstrap.is_searching(200.9)
    assert bootstrap.search([B, C, D, E, F], 201.0) == [F, B, C, D]


def searches(bootstrap: Bootstrap, gap: list[PeerId], count: int) -> list[float]:
    """Let the search go on, and return the times."""
    times: list[float] = []
    now = 200.0
    while len(times) < count:
        if bootstrap.is_searching(now):
            assert bootstrap.search(gap, now)
            times.append(now)
        now += 0.25
    return times


def test_the_search_becomes_slower_with_each_time_that_all_were_tried() -> None:
    bootstrap = bootstrap_of()
    bootstrap.hubs_lost(200.0)
    assert searches(bootstrap, [B], 7) == [200.0, 201.0, 203.0, 207.0, 215.0, 230.0, 245.0]


def test_as_long_as_some_were_not_tried_the_search_is_quick() -> None:
    bootstrap = bootstrap_of()
    bootstrap.hubs_lost(200.0)
    many = [PeerId(f"{number:040x}") for number in range(12)]
    # Three rounds a pace.
    assert searches(bootstrap, many, 7) == [200.0, 201.0, 202.0, 203.0, 205.0, 207.0, 209.0]


def test_another_loss_makes_the_search_quick_again() -> None:
    bootstrap = bootstrap_of()
    bootstrap.hubs_lost(200.0)
    searches(bootstrap, [B], 6)
    bootstrap.hubs_lost(240.0)
    assert bootstrap.search([B], 240.0) == [B]
    assert bootstrap.is_searching(241.0)


def test_with_nobody_left_to_look_for_the_search_ends() -> None:
    bootstrap = bootstrap_of()
    bootstrap.hubs_lost(200.0)
    assert bootstrap.search([], 200.0) == []
    assert not bootstrap.is_searching(1000.0)


def test_a_gap_that_shrinks_meanwhile_is_gone_round_all_the_same() -> None:
    bootstrap = bootstrap_of()
    bootstrap.hubs_lost(200.0)
    assert bootstrap.search([B, C, D, E, F], 200.0) == [B, C, D, E]
    assert bootstrap.search([B, C, D], 201.0) == [C, D, B]
    assert bootstrap.search([B, C, D], 202.0) == [B, C, D]


@given(st.integers(1, 30), st.integers(0, 10**6))
def test_the_search_tries_everybody_in_as_few_rounds_as_can_be(count: int, seed: int) -> None:
    bootstrap = bootstrap_of(rng=Random(seed))
    bootstrap.hubs_lost(200.0)
    gap = [PeerId(f"{number:040x}") for number in range(count)]
    tried = list[PeerId]()
    for number in range(-(-count // 4)):
        chosen = bootstrap.search(gap, 200.0 + 2.0 * number)
        assert len(chosen) == len(set(chosen)) == min(4, count)
        tried += chosen
    assert set(tried) == set(gap)


def test_pauses_of_the_search_are_drawn_within_a_fifth() -> None:
    bounds = []
    for seed in range(50):
        bootstrap = bootstrap_of(rng=Random(seed))
        bootstrap.hubs_lost(200.0)
        bootstrap.search([B], 200.0)
        assert not bootstrap.is_searching(200.79)
        assert bootstrap.is_searching(201.2)
        bounds.append(bootstrap.is_searching(201.0))
    assert {True, False} == set(bounds)


def test_after_a_loss_the_bootstrap_addresses_are_tried_within_one_interval() -> None:
    hub = among(9, bootstrap_of(ONE))
    assert hub.due(100.0, is_linked=True) == [ONE]
    hub.bootstrap.hubs_lost(110.0)
    assert hub.bootstrap.search([], 110.0) == []
    assert hub.bootstrap.deadline() == 112.5
    assert hub.due(112.5, is_linked=True) == [ONE]
    hub.bootstrap.hubs_lost(141.0)
    hub.bootstrap.search([], 141.0)
    assert hub.bootstrap.deadline() == 142.5, "what was due before that is not put off"


def test_the_deadline_is_that_of_the_next_dial_or_search() -> None:
    bootstrap = bootstrap_of(ONE)
    Hub(bootstrap).due(100.0)
    bootstrap.hubs_lost(101.0)
    assert bootstrap.deadline() == 101.0
    bootstrap.search([B], 101.0)
    assert bootstrap.deadline() == 102.0
    bootstrap.search([], 102.0)
    assert bootstrap.deadline() == 103.5


@given(st.integers(0, 9), st.integers(0, 10**6))
def test_of_many_addresses_four_are_drawn(count: int, seed: int) -> None:
    addresses = [f"ws://{number}" for number in range(count)]
    drawn = bootstrap_of(rng=Random(seed)).draw(addresses)
    assert len(drawn) == len(set(drawn)) == min(4, count)
    assert set(drawn) <= set(addresses)


def answers(steps: list[tuple[int, bool]], seed: int) -> list[list[str]]:
    hub = among(3, bootstrap_of(ONE, TWO, rng=Random(seed)))
    return [hub.due(100.0 + at, is_linked=is_linked) for at, is_linked in steps]


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=20), st.integers(0, 99))
def test_the_same_chance_gives_the_same_answers_and_no_deadline_is_past(
    steps: list[tuple[int, bool]], seed: int
) -> None:
    steps = sorted(steps)
    assert answers(steps, seed) == answers(steps, seed)
    hub = among(3, bootstrap_of(ONE, rng=Random(seed)))
    for at, is_linked in steps:
        hub.due(100.0 + at, is_linked=is_linked)
        deadline = hub.bootstrap.deadline()
        assert deadline is not None
        assert deadline > 100.0 + at
