"""A change of the mesh touches the namespaces whose rendezvous hubs it changes, and in pieces."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces import regions
from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.namespaces.keys import (
    ID_BITS,
    REGION_BITS,
    namespace_key,
    nearest,
    region_of,
    regions_near,
)
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.namespaces.presence import Presence
from peerpigeon.core.namespaces.record_table import RESIGNATION
from peerpigeon.core.namespaces.regions import PIECE, Regions
from peerpigeon.core.wire.hub_news import Join, Leave, Member
from tests.core.namespaces.test_presence import is_caught
from tests.core.namespaces.worlds import peer_ids

NAMES = [f"namespace {number}" for number in range(2000)]
KEYS = st.integers(0, 2**ID_BITS - 1) | st.integers(0, 300)
SHIFT = ID_BITS - REGION_BITS

Changed = dict[str, tuple[PeerId, ...]]


class CountingPlacement(Placement):
    """Notes of which namespaces it is asked."""

    def __init__(self, hubs: list[PeerId]) -> None:
        self.asked: list[str] = []
        super().__init__(hubs)

    def rendezvous_hubs(self, namespace: str) -> tuple[PeerId, ...]:
        self.asked.append(namespace)
        return super().rendezvous_hubs(namespace)


class Side:
    """A hub among others; what it says is taken out by whoever asks."""

    def __init__(self, hubs: int) -> None:
        self.hubs = peer_ids(hubs)
        self.own, *_ = self.hubs
        self.now = 0.0
        self.effects = Effects(0.0)
        self.placement = CountingPlacement([self.own])
        parts = 50, Random(1), self.placement, self.effects
        self.namespaces = Namespaces(self.own, 1, *parts)
        self.show(self.hubs)
        self.pass_time(60.0)

    def serve(self, names: list[str]) -> None:
        """Let a client come into each namespace."""
        for name, client in zip(names, peer_ids(len(names), seed=8), strict=True):
            self.namespaces.presence.announce(name, client, b"{}")
        self.effects.take_news()

    def keep(self, names: list[str]) -> None:
        """Hear of a client at another hub in each namespace whose rendezvous hub this is."""
        number = first_session(1)
        for name, client in zip(names, peer_ids(len(names), seed=8), strict=True):
            if self.own in self.placement.rendezvous_hubs(name):
                number += 1
                join = Join(name, (Member(client, number, b"{}"),), is_primary=False)
                self.namespaces.on_news(self.hubs[1], join, self.now)
        self.effects.take_news()

    def show(self, hubs: list[PeerId], *again: PeerId) -> None:
        """Have the view be these hubs; those ``again`` in another life."""
        self.namespaces.show({hub: 1 + (hub in again) for hub in hubs}, self.now)

    def joins(self) -> list[tuple[str, PeerId, bool]]:
        """Take out what was published to whom, and whether as to the primary."""
        told = self.effects.take_news()
        return [(n.namespace, hub, n.is_primary) for hub, n in told if isinstance(n, Join)]

    def turn(self) -> bool:
        """Do what is due now; tell whether there was something."""
        due = self.namespaces.deadline()
        if due is None or due > self.now:
            return False
        self.namespaces.expire(self.now)
        return True

    def finish(self) -> None:
        """Do all that is due now."""
        while self.turn():
            pass

    def pass_time(self, seconds: float) -> None:
        self.finish()
        until = self.now + seconds
        while (due := self.namespaces.deadline()) is not None and due <= until:
            self.now = due
            self.finish()
        self.now = until
        self.effects.take_news()


def placed(names: list[str], hubs: list[PeerId]) -> Changed:
    placement = Placement(hubs)
    return {name: placement.rendezvous_hubs(name) for name in names}


def needed(before: Changed, after: Changed) -> set[tuple[str, PeerId, bool]]:
    """Return what is to be published: who is new there, and who is the primary that was none."""
    return {
        (name, hub, hub == hubs[0])
        for name, hubs in after.items()
        for hub in hubs
        if hub not in before[name] or (hub == hubs[0] and before[name][0] != hub)
    }


# Where a hub's namespaces are


def test_a_region_is_the_first_bits_of_a_key() -> None:
    for name in (*NAMES, "", "\ud800"):
        assert region_of(name) == namespace_key(name) >> SHIFT


@given(st.sets(KEYS, min_size=1, max_size=40), st.data(), st.integers(1, 3))
@settings(max_examples=100)
def test_a_hub_is_a_rendezvous_hub_in_the_regions_near_it_only(
    hubs: set[int], data: st.DataObject, count: int
) -> None:
    keys = sorted(hubs)
    some = data.draw(st.sets(st.sampled_from(keys)))
    ranges = list(regions_near(keys, some, count))
    assert all(one.stop <= other.start for one, other in pairwise(ranges))

    def is_near(target: int) -> bool:
        return not some.isdisjoint(keys[index] for index in nearest(keys, target, count))

    for target in data.draw(st.lists(KEYS | st.sampled_from(keys), min_size=5, max_size=20)):
        if is_near(target):
            assert any(target >> SHIFT in one for one in ranges)
    for one in ranges:
        # What is wider than a region is known to be theirs as a whole.
        if len(one) > 1:
            assert is_near(data.draw(st.integers(one.start << SHIFT, (one.stop << SHIFT) - 1)))


def test_a_hub_of_a_hundred_has_a_fiftieth_of_the_regions() -> None:
    keys = sorted(int(hub, 16) for hub in peer_ids(100))
    found = [sum(map(len, regions_near(keys, {key}, 2))) for key in keys]
    # Each region is two hubs', and those where it differs by the rest of the key are of some more.
    assert 2 << REGION_BITS <= sum(found) <= 2.2 * (1 << REGION_BITS)


def test_names_are_found_by_their_regions() -> None:
    names = Regions()
    for name in NAMES[:100]:
        names.add(name)
    chosen = {region_of(name) for name in NAMES[:10]}
    assert set(names.within(chosen)) == {name for name in NAMES[:100] if region_of(name) in chosen}
    for name in NAMES[:100]:
        names.remove(name)
    assert len(names) == 0
    assert not list(names.within(chosen))


# What is touched


@pytest.mark.parametrize("hubs", [2, 3, 20, 100])
def test_a_hub_that_comes_or_goes_touches_what_it_is_a_rendezvous_hub_of(hubs: int) -> None:
    side = Side(hubs)
    side.serve(NAMES)
    *rest, last = side.hubs
    before, after = placed(NAMES, side.hubs), placed(NAMES, rest)
    changed = [name for name in NAMES if before[name] != after[name]]
    edge = len(NAMES) // 50
    assert changed
    for view, was, now in ((rest, before, after), (side.hubs, after, before)):
        side.placement.asked.clear()
        if view is rest:
            side.namespaces.hub_gone(last, side.now)
        side.show(view, last)
        side.finish()
        published = side.joins()
        assert set(published) == needed(was, now)
        assert len(published) == len(set(published))
        assert set(changed) <= set(side.placement.asked)
        assert len(side.placement.asked) <= len(changed) + edge
        side.pass_time(60.0)
    side.placement.asked.clear()
    side.show(side.hubs, last)
    assert not side.placement.asked


@pytest.mark.parametrize("hubs", [3, 20, 100])
def test_a_rendezvous_hub_looks_at_the_namespaces_that_are_a_changed_hubs_too(hubs: int) -> None:
    side = Side(hubs)
    side.keep(NAMES)
    *rest, last = side.hubs
    kept = len(side.namespaces.rendezvous)
    shared = [
        name for name, where in placed(NAMES, side.hubs).items() if {side.own, last} <= {*where}
    ]
    for view in (rest, side.hubs):
        side.placement.asked.clear()
        if view is rest:
            side.namespaces.hub_gone(last, side.now)
        side.show(view, last)
        side.finish()
        assert len(side.placement.asked) <= len(shared) + len(NAMES) // 50
        side.pass_time(RESIGNATION / 2)
    assert len(side.namespaces.rendezvous) == kept


def test_what_is_not_a_hubs_to_keep_any_more_is_forgotten_in_time() -> None:
    side = Side(3)
    third = side.hubs[2]
    without = [hub for hub in side.hubs if hub != third]
    side.show(without)
    side.pass_time(60.0)
    side.keep(NAMES)
    assert len(side.namespaces.rendezvous) == len(NAMES)
    side.show(side.hubs)
    side.pass_time(RESIGNATION / 2)
    assert len(side.namespaces.rendezvous) == len(NAMES)
    side.pass_time(RESIGNATION)
    ours = sum(side.own in hubs for hubs in placed(NAMES, side.hubs).values())
    assert len(side.namespaces.rendezvous) == ours < len(NAMES)


def test_a_hub_with_no_namespace_looks_at_none() -> None:
    side = Side(100)
    side.show(side.hubs[:50])
    assert side.namespaces.deadline() is None or not side.placement.asked


# In pieces


def test_all_else_has_its_turn_between_two_pieces() -> None:
    side = Side(2)
    side.serve(NAMES)
    side.show(side.hubs[:1])
    turns = [len(side.joins())]
    while side.turn():
        turns.append(len(side.joins()))
    # A piece ends with the namespaces of a region.
    assert max(turns) <= PIECE
    side.pass_time(60.0)
    side.namespaces.presence.resync(side.now, 0.0)
    side.finish()
    assert {name for name, *_ in side.joins()} == set(NAMES)


def test_a_hub_that_changes_between_two_pieces_has_all_in_the_end() -> None:
    side = Side(4)
    side.serve(NAMES)
    first, second, third, fourth = side.hubs
    side.namespaces.hub_gone(third, side.now)
    side.show([first, second, fourth])
    side.namespaces.hub_restarted(second, 2, side.now)
    side.namespaces.hub_gone(fourth, side.now)
    side.show([first, second, third], second)
    side.finish()
    told = side.joins()
    final = placed(NAMES, [first, second, third])
    for hub in (second, third):
        due = {(name, hub, hubs[0] == hub) for name, hubs in final.items() if hub in hubs}
        assert due <= set(told)


def test_a_hub_that_was_lost_twice_is_told_all_again() -> None:
    """Both rendezvous hubs are new at once, and neither has what it was told before."""
    side = Side(2)
    side.serve(NAMES[:3])
    for hub in side.hubs:
        side.namespaces.hub_restarted(hub, 2, side.now)
    side.show(side.hubs, *side.hubs)
    side.finish()
    assert len(set(side.joins())) == 6


def test_who_leaves_before_its_namespace_is_moved_is_said_to_have_left() -> None:
    side = Side(3)
    side.serve(NAMES)
    gone = side.hubs[2]
    side.namespaces.hub_gone(gone, side.now)
    side.show(side.hubs[:2])
    moved = {name for name, *_ in side.joins()}
    name = next(
        name
        for name, hubs in placed(NAMES, side.hubs).items()
        if gone in hubs and name not in moved
    )
    client = peer_ids(len(NAMES), seed=8)[NAMES.index(name)]
    side.namespaces.presence.withdraw(name, client, side.now, has_said_goodbye=True)
    side.finish()
    told = side.effects.take_news()
    assert any(isinstance(news, Leave) for _, news in told)
    joins = [news for _, news in told if isinstance(news, Join) and news.namespace == name]
    assert all(not news.members and len(news.departed) == 1 for news in joins)


def test_histories_hold_however_small_a_piece_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions, "PIECE", 1)
    assert not any(is_caught(Presence, seed) for seed in (*range(30), 1793))
