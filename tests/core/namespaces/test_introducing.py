"""However many come at once, they are introduced in pieces, and all others have a turn between."""

from __future__ import annotations

from random import Random

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId
from peerpigeon.core.lagging import BEHIND, FAR_BEHIND, PATIENCE
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.namespaces.dropping import Dropping
from peerpigeon.core.namespaces.handover import Handover
from peerpigeon.core.namespaces.introducing import PIECE, Introducing
from peerpigeon.core.namespaces.record_table import RecordTable
from peerpigeon.core.namespaces.records import NamespaceRecords, Record
from peerpigeon.core.wire.hub_news import Located, Meet, Member
from tests.core.namespaces.recorded import ChosenPlacement, told
from tests.core.namespaces.worlds import peer_ids

LIMIT = 128
HUB, OTHER = PeerId("0" * 40), PeerId("1" * 40)


class Hall:
    """Namespaces of one hub, and who is introduced to whom there."""

    def __init__(self) -> None:
        self.effects = Effects(0.0, MemoryAccount(1 << 30))
        placement = ChosenPlacement(HUB)
        self.table = RecordTable(HUB, placement, 100_000, self.effects.memory.records)
        self.dropping = Dropping()
        self.handover = Handover(HUB, placement)
        self.introducing = Introducing(
            self.table,
            LIMIT,
            Random(1),
            self.effects,
            dropping=self.dropping,
            handover=self.handover,
        )

    def fill(
        self, namespace: str, count: int, introduction: bytes = b"{}", hub: PeerId = HUB
    ) -> tuple[NamespaceRecords, list[Record]]:
        kept = self.table.keep(namespace, 0.0)
        members = [
            Record(Located(hub, Member(peer, session, introduction)), int(peer, 16))
            for session, peer in enumerate(peer_ids(count, seed=int(hub[:1])))
        ]
        for record in members:
            self.table.add(kept, record)
        return kept, members

    def pairs(self) -> dict[str, int]:
        """Return how many introductions were made since the last look, by namespace."""
        made: dict[str, int] = {}
        for _, meet in self.effects.take_news():
            assert isinstance(meet, Meet)
            rows = [len(row) for row in meet.rows] or [len(meet.members)] * len(meet.peers)
            made[meet.namespace] = made.get(meet.namespace, 0) + sum(rows)
        return made


def test_few_are_introduced_at_once() -> None:
    hall = Hall()
    hall.introducing.add(*hall.fill("net1", 20), (), 1.0)
    assert hall.pairs() == {"net1": 20 * 19}
    assert hall.introducing.deadline() is None


def test_many_are_introduced_piece_by_piece_and_all_of_them_are() -> None:
    hall = Hall()
    hall.introducing.add(*hall.fill("net1", 400), (), 1.0)
    pieces = [hall.pairs()["net1"]]
    while (due := hall.introducing.deadline()) is not None:
        assert due == 1.0  # at once, when all others have had a turn
        hall.introducing.expire(due)
        pieces.append(hall.pairs()["net1"])
    assert len(pieces) == 50
    assert max(pieces) <= PIECE + LIMIT
    assert sum(pieces) == 400 * LIMIT


def test_who_was_there_before_a_crowd_is_introduced_to_as_many_as_all_others() -> None:
    hall = Hall()
    kept, first = hall.fill("net1", 20)
    for record in first:
        record.is_introduced = True  # as each is that has its id
    hall.introducing.add(kept, first, (), 1.0)
    hall.introducing.add(*hall.fill("net1", 2000, hub=OTHER), (), 1.0)
    while (due := hall.introducing.deadline()) is not None:
        hall.introducing.expire(due)
    found = told(hall.effects.take_news())
    assert len(found) == 2020
    assert min(len(others) for others in found.values()) >= LIMIT


def test_who_came_one_by_one_is_introduced_no_second_time() -> None:
    hall = Hall()
    kept, first = hall.fill("net1", 200)
    for record in first:
        hall.table.remove(kept, record)
    for record in first:
        hall.table.add(kept, record)
        record.is_introduced = True
        hall.introducing.add(kept, [record], (), 1.0)
        hall.introducing.expire(1.0)
    known = LIMIT + 1  # of one hub, so each pair is named once
    assert hall.pairs() == {"net1": known * (known - 1) // 2 + LIMIT * (200 - known)}


def test_a_large_namespace_does_not_keep_a_small_one_waiting() -> None:
    hall = Hall()
    hall.introducing.add(*hall.fill("large", 400), (), 1.0)
    hall.introducing.add(*hall.fill("small", 3), (), 1.0)
    hall.pairs()
    for _ in range(2):
        hall.introducing.expire(1.0)
    assert hall.pairs()["small"] == 6


def test_who_has_left_before_its_turn_is_introduced_to_nobody() -> None:
    hall = Hall()
    kept, members = hall.fill("net1", 400)
    hall.introducing.add(kept, members, (), 1.0)
    introduced = hall.pairs()["net1"] // LIMIT
    in_turn = sorted(members, key=lambda record: record.number)
    for record in in_turn[introduced:]:
        hall.table.remove(kept, record)
    while (due := hall.introducing.deadline()) is not None:
        hall.introducing.expire(due)
    assert hall.pairs() == {}


def test_nor_is_anybody_in_a_namespace_that_is_forgotten() -> None:
    hall = Hall()
    kept, members = hall.fill("net1", 400)
    hall.introducing.add(kept, members, (), 1.0)
    hall.pairs()
    hall.table.forget(kept)
    hall.introducing.expire(1.0)
    assert hall.pairs() == {}
    assert hall.introducing.deadline() is None


def test_who_knows_enough_is_introduced_to_few_even_if_it_has_to_wait() -> None:
    hall = Hall()
    kept, members = hall.fill("net1", 400)
    hall.introducing.add(kept, members, range(400), 1.0)
    made = hall.pairs()["net1"]
    while (due := hall.introducing.deadline()) is not None:
        hall.introducing.expire(due)
        made += hall.pairs()["net1"]
    assert made < 400 * LIMIT // 4


def test_who_says_much_of_itself_counts_for_many() -> None:
    hall = Hall()
    hall.introducing.add(*hall.fill("net1", 20, b"x" * (8 * PIECE)), (), 1.0)
    made = [hall.pairs()["net1"]]
    while hall.introducing.deadline() is not None:
        hall.introducing.expire(1.0)
        made.append(hall.pairs().get("net1", 0))
    assert len(made) >= 10
    assert sum(made) == 20 * 19


def test_who_has_the_same_neighbours_is_introduced_to_them_together() -> None:
    hall = Hall()
    hall.introducing.add(*hall.fill("net1", 1000), (), 1.0)
    told = named = 0
    while (due := hall.introducing.deadline()) is not None:
        hall.introducing.expire(due)
        for _, meet in hall.effects.take_news():
            assert isinstance(meet, Meet)
            told += sum(map(len, meet.rows))
            named += len(meet.members)
    assert told > 990 * LIMIT
    assert named < 0.3 * told


def test_who_is_to_be_introduced_once_more_while_it_waits_is_introduced_once() -> None:
    hall = Hall()
    kept, members = hall.fill("net1", 400)
    hall.introducing.add(kept, members, range(400), 1.0)
    hall.pairs()
    hall.introducing.add(kept, members, (), 1.0)
    made = 0
    while (due := hall.introducing.deadline()) is not None:
        hall.introducing.expire(due)
        made += sum(hall.pairs().values())
    assert made == 400 * LIMIT


# Hubs that do not take what they are told


def test_newcomers_of_a_hub_that_is_behind_wait_and_others_do_not() -> None:
    hall = Hall()
    hall.effects.lagging.told(HUB, BEHIND + 1, 1.0)
    hall.introducing.add(*hall.fill("net1", 20), (), 2.0)
    assert hall.pairs() == {}
    assert hall.introducing.deadline() == 1.0 + PATIENCE
    hall.introducing.add(*hall.fill("net1", 3, hub=OTHER), (), 3.0)
    assert hall.pairs()["net1"] == 3 * 22 + 20 * 3


def test_they_are_introduced_as_soon_as_it_has_taken_enough() -> None:
    hall = Hall()
    hall.effects.lagging.told(HUB, BEHIND + 1, 1.0)
    hall.introducing.add(*hall.fill("net1", 20), (), 1.0)
    hall.effects.lagging.heard(HUB, BEHIND, 2.0)
    due = hall.introducing.deadline()
    assert due is not None
    assert due <= 2.0
    hall.introducing.expire(2.0)
    assert hall.pairs() == {"net1": 20 * 19}
    assert hall.introducing.deadline() is None


def test_what_is_due_for_others_wakes_nobody_who_waits() -> None:
    hall = Hall()
    hall.effects.lagging.told(HUB, BEHIND + 1, 1.0)
    hall.introducing.add(*hall.fill("net1", 20), (), 1.0)
    hall.introducing.expire(2.0)
    assert hall.pairs() == {}
    assert hall.introducing.deadline() == 1.0 + PATIENCE


def test_a_hub_that_takes_nothing_is_not_waited_for_for_ever() -> None:
    hall = Hall()
    hall.effects.lagging.told(HUB, BEHIND + 1, 1.0)
    hall.introducing.add(*hall.fill("net1", 20), (), 2.0)
    hall.introducing.expire(1.0 + PATIENCE)
    assert hall.pairs() == {"net1": 20 * 19}


def test_while_a_hub_is_far_behind_all_wait_who_would_be_introduced_there() -> None:
    hall = Hall()
    hall.fill("net1", 3, hub=OTHER)
    hall.effects.lagging.told(OTHER, FAR_BEHIND + 1, 1.0)
    hall.introducing.add(*hall.fill("net1", 20), (), 1.0)
    hall.introducing.add(*hall.fill("net2", 20), (), 1.0)
    assert hall.pairs() == {"net2": 20 * 19}
    hall.introducing.expire(1.0 + PATIENCE)
    assert hall.pairs() == {"net1": 20 * 22 + 3 * 20}


def test_those_who_come_while_others_wait_wait_with_them() -> None:
    hall = Hall()
    hall.effects.lagging.told(HUB, BEHIND + 1, 1.0)
    kept, members = hall.fill("net1", 20)
    hall.introducing.add(kept, members[:10], (), 1.0)
    hall.introducing.add(kept, members[10:], (), 2.0)
    hall.effects.lagging.forget(HUB)
    hall.introducing.expire(3.0)
    assert hall.pairs() == {"net1": 20 * 19}
