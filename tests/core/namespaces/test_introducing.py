"""However many come at once, they are introduced in pieces, and all others have a turn between."""

from __future__ import annotations

from random import Random

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.namespaces.introducing import PIECE, Introducing
from peerpigeon.core.namespaces.record_table import RecordTable
from peerpigeon.core.namespaces.records import NamespaceRecords, Record
from peerpigeon.core.wire.hub_news import Located, Meet, Member
from tests.core.namespaces.recorded import ChosenPlacement
from tests.core.namespaces.worlds import peer_ids

LIMIT = 128
HUB = PeerId("0" * 40)


class Hall:
    """Namespaces of one hub, and who is introduced to whom there."""

    def __init__(self) -> None:
        self.effects = Effects(0.0, MemoryAccount(1 << 30))
        placement = ChosenPlacement(HUB)
        self.table = RecordTable(HUB, placement, 100_000, self.effects.memory.records)
        self.introducing = Introducing(self.table, LIMIT, Random(1), self.effects)

    def fill(
        self, namespace: str, count: int, introduction: bytes = b"{}"
    ) -> tuple[NamespaceRecords, list[Record]]:
        kept = self.table.keep(namespace, 0.0)
        members = [
            Record(Located(HUB, Member(peer, session, introduction)), int(peer, 16))
            for session, peer in enumerate(peer_ids(count))
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
    for record in members[introduced:]:
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
