"""All workers of a command together have no more clients than one hub, however late words come."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.sessions.worker_places import WorkerPlaces

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Load

LIMIT = 100


def hub(number: int) -> PeerId:
    return PeerId(f"{number:040d}")


class Machine:
    """Workers that each count their clients; words between them wait until the test says so."""

    def __init__(self, count: int) -> None:
        self.used = [0] * count
        self.places = [WorkerPlaces(number, LIMIT) for number in range(count)]
        self.ways: dict[tuple[int, int], deque[Load]] = {}
        for number, places in enumerate(self.places):
            places.meet(hub(other) for other in range(count) if other != number)
        self.settle()

    def tell(self, number: int) -> None:
        """Let a worker say what it has, if it owes that."""
        if self.places[number].owes(self.used[number], {}, is_full=False):
            for to, load in self.places[number].tell(self.used[number], {}, is_full=False):
                self.ways.setdefault((number, int(to)), deque()).append(load)

    def hear(self, way: tuple[int, int]) -> None:
        """Let the oldest word arrive that is on a way."""
        self.places[way[1]].hear(hub(way[0]), self.ways[way].popleft())

    def settle(self) -> int:
        """Let all be said and heard; return how many rounds that takes."""
        for rounds in range(10):
            for number in range(len(self.places)):
                self.tell(number)
            under_way = [way for way, words in self.ways.items() if words]
            if not under_way:
                return rounds
            for way in under_way:
                while self.ways[way]:
                    self.hear(way)
        raise AssertionError("they never stop")

    def admit(self, number: int, most: int = LIMIT) -> int:
        """Let as many clients come to a worker as it takes; return how many."""
        come = 0
        while come < most and self.used[number] < self.places[number].cap(self.used[number]):
            self.used[number] += 1
            come += 1
        return come


def test_one_that_is_alone_has_all_places() -> None:
    machine = Machine(1)
    assert machine.admit(0) == LIMIT


def test_places_are_shared_out_evenly() -> None:
    machine = Machine(3)
    assert [machine.admit(number) for number in range(3)] == [34, 33, 33]


def test_what_one_does_not_use_is_free_for_the_others() -> None:
    machine = Machine(2)
    come = 0
    for _ in range(20):
        come += machine.admit(1)
        machine.settle()
    assert come == LIMIT - 1
    assert machine.admit(0) == 1


def test_whoever_is_there_is_counted_when_another_worker_has_died() -> None:
    machine = Machine(2)
    machine.admit(0)
    machine.admit(1)
    machine.settle()
    assert machine.admit(0) == 0
    machine.places[0].meet([])
    assert len(machine.places[0]) == 0
    assert machine.admit(0) == LIMIT // 2
    machine.places[0].meet([hub(2)])
    newcomer = WorkerPlaces(1, LIMIT)
    newcomer.meet([hub(0)])
    ((_, load),) = machine.places[0].tell(LIMIT, {}, is_full=False)
    newcomer.hear(hub(0), load)
    assert newcomer.cap(0) == 0


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", range(20))
def test_all_together_never_have_too_many(count: int, seed: int) -> None:
    rng = Random(seed)
    machine = Machine(count)
    most = 0
    for _ in range(3000):
        number = rng.randrange(count)
        match rng.randrange(4):
            case 0:
                machine.admit(number, rng.randrange(40))
            case 1:
                machine.used[number] -= rng.randint(0, machine.used[number])
            case 2:
                machine.tell(number)
            case _:
                ways = [way for way, words in machine.ways.items() if words]
                if ways:
                    machine.hear(rng.choice(ways))
        most = max(most, sum(machine.used))
        assert sum(machine.used) <= LIMIT
    assert most > LIMIT // 2, "the test does not come near the limit"


def test_words_end_when_all_have_heard_of_all() -> None:
    machine = Machine(3)
    machine.admit(2)
    assert 0 < machine.settle() <= 4
    assert machine.settle() == 0


def test_addresses_with_a_lot_are_told_and_added_up() -> None:
    first, second = WorkerPlaces(0, LIMIT), WorkerPlaces(1, LIMIT)
    first.meet([hub(1)])
    second.meet([hub(0)])
    assert second.of_address("192.0.2.1") == 0
    ((_, load),) = first.tell(5, {"192.0.2.1": 5}, is_full=True)
    second.hear(hub(0), load)
    assert second.of_address("192.0.2.1") == 5
    assert second.of_address("192.0.2.2") == 0
    assert second.full() == {0}
    assert not first.owes(5, {"192.0.2.1": 5}, is_full=True)
    assert first.owes(5, {"192.0.2.1": 4}, is_full=True)
    assert first.owes(5, {"192.0.2.1": 5}, is_full=False)


def test_all_count_on_each_other_when_each_has_said_so_this_one_too() -> None:
    first, second = WorkerPlaces(0, LIMIT), WorkerPlaces(1, LIMIT)
    first.meet([hub(1)])
    second.meet([hub(0)])
    assert not second.are_heard()
    ((_, load),) = first.tell(0, {}, is_full=False, is_placed=True)
    second.hear(hub(0), load)
    assert second.are_heard()
    assert not second.are_placed(), "the other one is still to hear that this one does"
    second.tell(0, {}, is_full=False, is_placed=True)
    assert second.are_placed()
