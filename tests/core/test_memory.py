"""How much the components of a hub keep, and that it is no more than they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import PeerId
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.namespaces.records import RECORD_BYTES
from peerpigeon.core.wire.hub_news import Join, Leave, Located, Meet, Member
from peerpigeon.core.wire.ranges import SESSIONS_PER_INCARNATION
from tests.core.harness import HUB, A, B
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs
from tests.core.namespaces.recorded import Recorded

if TYPE_CHECKING:
    from peerpigeon.core.memory import Pot

H1, H2 = PeerId("1" * 40), PeerId("2" * 40)
KIB, MIB = 1024, 1024 * 1024


# The account


class Shelf:
    """Keeps something, and counts how often its gauge is read."""

    def __init__(self, pot: Pot) -> None:
        self.size = 0
        self.looks = 0
        pot.gauges.append(self.gauge)

    def gauge(self) -> int:
        self.looks += 1
        return self.size


def test_what_is_kept_has_three_parts_that_take_nothing_from_each_other() -> None:
    account = MemoryAccount(1000)
    assert account.most_buffered + account.signals.limit + account.records.limit == 1000
    Shelf(account.signals).size = 250
    assert account.signals.has_room(250)
    assert not account.signals.has_room(1)
    assert account.records.has_room(250)


def test_gauges_are_read_when_what_was_added_comes_to_the_limit_once_a_turn() -> None:
    account = MemoryAccount(4000)
    pot = account.signals
    shelf = Shelf(pot)
    for _ in range(10):
        assert pot.has_room(100)
        shelf.size += 100
    assert shelf.looks == 0
    shelf.size -= 700
    assert pot.has_room(100)
    shelf.size += 100
    assert shelf.looks == 1
    assert pot.has_room(600)
    shelf.size = 0
    assert not pot.has_room(1), "it has looked in this turn"
    account.looked.clear()
    assert pot.has_room(1)
    assert shelf.looks == 2


def test_all_that_is_kept_is_told() -> None:
    account = MemoryAccount(4000)
    Shelf(account.signals).size = 3
    Shelf(account.signals).size = 40
    Shelf(account.records).size = 500
    account.buffered = 6000
    assert account.kept == 6543


# Signals


def three(**options: int) -> Hubs:
    hubs = Hubs(FIRST, SECOND, THIRD, **options)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        hubs.link(one, other)
    hubs.run()
    hubs.pass_time(3.0)
    return hubs


def test_signals_under_way_to_all_hubs_together_have_a_limit() -> None:
    hubs = three(max_memory=8 * MIB)
    a, _, c = hubs.join(0, A), hubs.join(1, B), hubs.join(2, PeerId("c" * 40))
    del c
    hubs.pass_time(1.0)
    hubs.take(a)
    for target in (B, PeerId("c" * 40)):
        hubs.signal(a, target, "x" * 900_000)
        hubs.lose_frames()
    assert hubs.take(a) == []
    hubs.signal(a, B, "x" * 900_000)
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["overloaded"]
    assert 1_800_000 < hubs.hubs[0].memory.signals.size < 2 * MIB
    hubs.pass_time(12.0)
    hubs.take(a)
    assert hubs.hubs[0].memory.signals.size < 2 * KIB
    hubs.signal(a, B, "x" * 900_000)
    hubs.run()
    assert "error" not in hubs.take_types(a)


def test_signals_that_wait_for_an_answer_count_with_them() -> None:
    hubs = three(max_memory=8 * MIB)
    a = hubs.join(0, A)
    hubs.pass_time(1.0)
    hubs.take(a)
    for _ in range(3):
        hubs.signal(a, B, "x" * 900_000)
        hubs.lose_frames()
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["overloaded"]


# Records


def join(size: int, *members: tuple[PeerId, int]) -> Join:
    return Join("net1", tuple(Member(p, s, b"x" * size) for p, s in members), is_primary=True)


def primary(max_memory: int) -> Recorded:
    records = Recorded(HUB, max_memory=max_memory)
    records.show(dict.fromkeys([HUB, H1, H2], 1), now=-10.0)
    return records


def test_records_have_a_limit_by_what_was_announced_too() -> None:
    """As in rust-libp2p CVE-2026-95859: a map that grows with what a stranger names."""
    records = primary(max_memory=256 * KIB)
    for number in range(10):
        records.tell(H1, join(16 * KIB, (PeerId(f"{number:040x}"), number + 1)))
    assert (len(records.rendezvous), records.rendezvous.table.refused) == (3, 7)
    assert records.effects.memory.records.size == 3 * (16 * KIB + RECORD_BYTES)
    records.effects.take_actions()
    records.tell(H1, Leave("net1", PeerId(f"{1:040x}"), 2, has_said_goodbye=True))
    records.tell(H1, join(10, (A, 20)))
    assert (len(records.rendezvous), records.rendezvous.table.refused) == (3, 7)


def test_members_at_other_hubs_count_with_the_records_while_somebody_knows_them() -> None:
    desk = Recorded(H1, max_memory=256 * KIB)
    desk.show({HUB: 1, H1: 1}, now=-10.0)
    desk.announce(A)
    own = desk.presence.find("net1", A)
    assert own is not None
    memory = desk.effects.memory.records

    def meet(size: int, session: int, peer: PeerId = B) -> None:
        member = Member(peer, SESSIONS_PER_INCARNATION + session, b"x" * size)
        desk.hear(Meet("net1", ((A, own.session),), (Located(H1, member),)))

    for size in (1000, 5000, 20):
        meet(size, 1)
        assert memory.size == RECORD_BYTES + size
    meet(100 * KIB, 1)
    assert memory.size == RECORD_BYTES + 20, "there is no room for what it says of itself now"
    for number in (2, 3, 4):
        meet(30 * KIB, number, PeerId(f"{number:040x}"))
    assert memory.size == RECORD_BYTES + 20 + 2 * (RECORD_BYTES + 30 * KIB)
    desk.withdraw(A, 1.0)
    assert memory.size == 0


def test_a_record_is_as_large_as_what_was_announced_last() -> None:
    records = primary(max_memory=256 * KIB)
    for size in (10, 5000, 20):
        records.tell(H1, join(size, (A, 1)))
        assert records.effects.memory.records.size == RECORD_BYTES + size
    records.show({HUB: 1, H2: 1}, now=20.0)
    records.namespaces.hub_gone(H1, 30.0)
    assert records.effects.memory.records.size == 0


# Hubs


def test_of_hubs_that_are_gone_for_good_no_streams_are_kept() -> None:
    """Where hubs have a new id with each start, as containers may, there is no end to them."""
    hubs = Hubs(FIRST, SECOND)
    delivery = hubs.hubs[0]._delivery
    assert delivery is not None
    receivers = [lane._receivers for lane in (delivery._signals, delivery._control)]
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.signal(b, A)
    hubs.run()
    assert "offer" in hubs.take_types(a)
    hubs.pass_time(1.0)
    assert list(map(len, receivers)) == [1, 1]
    hubs.cut(next(end for end in hubs.others if end[0] == 0))
    hubs.hubs.pop()  # it has died
    hubs.pass_time(3000.0)
    hubs.pong(a)
    assert list(map(len, receivers)) == [1, 1], "it may be cut off, and come back"
    hubs.pass_time(700.0)
    assert list(map(len, receivers)) == [0, 0]
