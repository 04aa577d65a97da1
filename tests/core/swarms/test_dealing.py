"""A lead of which very much is asked at once deals it piece by piece, and each hub has its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.dialects.names import Kind, member_id
from peerpigeon.core.lagging import BEHIND
from peerpigeon.core.shares import Shares
from peerpigeon.core.swarms import dealing
from peerpigeon.core.wire.hub_news import Counted, Draw
from peerpigeon.core.wire.hub_sizes import size_of
from tests.core.hubs import FIRST, SECOND, THIRD
from tests.core.swarms.test_draws import come, mesh, namespace_of_swarm, swarm_of

if TYPE_CHECKING:
    import pytest

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.lagging import Lagging
    from tests.core.hubs import Hubs


def crowded(monkeypatch: pytest.MonkeyPatch, members: int = 8) -> tuple[Hubs, str, Draw]:
    """Return a mesh that draws eight members at once, and what is drawn in its swarm."""
    monkeypatch.setattr(dealing, "PIECE", 8)
    hubs = mesh()
    info_hash = swarm_of(FIRST)
    for number in range(members):
        come(hubs, 0, f"peer {number}", info_hash)
    hubs.sent.clear()
    first = member_id(Kind.SWARM, info_hash.encode().hex(), "peer 0".ljust(20, "."))
    offer = b'{"offer":{"sdp":"x"}}'
    return hubs, info_hash, Draw(namespace_of_swarm(info_hash), first, 0, (offer,) * 7)


def test_hubs_take_turns_when_very_much_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    hubs, _, draw = crowded(monkeypatch)
    desk = Dealer(hubs)
    for number in range(10):
        desk.draw(SECOND, replace(draw, number=number))
    for number in range(3):
        desk.draw(THIRD, replace(draw, number=number))
    turns = [desk.answered()]
    while desk.turn():
        turns.append(desk.answered())
    # A draw of seven is more than that.
    assert all(len(turn) <= 1 for turn in turns)
    order = [answer for turn in turns for answer in turn]
    assert sorted(order) == [(SECOND, n) for n in range(10)] + [(THIRD, n) for n in range(3)]
    assert order.index((THIRD, 2)) < order.index((SECOND, 5))
    assert sum(len(messages) for messages in hubs.sent.values()) == 13 * 7
    assert desk.room.size == 0


def test_an_answer_counts_as_what_it_costs_and_so_does_each_hub_that_is_dealt_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hubs, info_hash, draw = crowded(monkeypatch, members=2)
    for number in (1, 2):
        come(hubs, number, f"peer at {number}", info_hash)
    monkeypatch.setattr(dealing, "PIECE", 2 * dealing.MESSAGE)
    desk = Dealer(hubs)
    for number in range(5):
        desk.draw(SECOND, replace(draw, number=number, payloads=()))
    turns = [desk.answered()]
    while desk.turn():
        turns.append(desk.answered())
    assert list(map(len, turns)) == [2, 2, 1]
    # Three members are drawn, two of which are at other hubs.
    monkeypatch.setattr(dealing, "PIECE", 2 * (3 + 3 * dealing.MESSAGE))
    desk.draws.expire(hubs.now)
    for number in range(5):
        desk.draw(SECOND, replace(draw, number=number))
    turns = [desk.answered()]
    while desk.turn():
        turns.append(desk.answered())
    assert list(map(len, turns)) == [2, 2, 1]


def test_of_a_hub_that_asks_too_much_the_offers_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hubs, _, draw = crowded(monkeypatch)
    desk = Dealer(hubs)
    desk.has_room_for(16 * size_of(draw))
    for number in range(100):
        desk.draw(SECOND, replace(draw, number=number))
    desk.draw(THIRD, draw)
    while desk.turn():
        pass
    answered = desk.answered()
    ours = [number for hub, number in answered if hub == SECOND]
    # Those that were within the limit and some of the others, in their order.
    assert ours == list(range(len(ours)))
    assert 7 < len(ours) < 100
    assert (THIRD, 0) in answered
    # One at once, and six that waited: three quarters of half of the room.
    dealt = 1 + 6 + 1
    assert sum(len(messages) for messages in hubs.sent.values()) == 7 * dealt
    assert hubs.hubs[0].status.figures().topics.dropped_draws == 101 - dealt
    assert desk.room.size == 0


def test_who_takes_answers_more_slowly_than_it_asks_waits_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else what it has not acknowledged would fill the memory, and signals would be refused."""
    hubs, _, draw = crowded(monkeypatch)
    draw, desk = replace(draw, payloads=()), Dealer(hubs)
    desk.has_room_for(16 * size_of(draw))
    desk.lagging.told(SECOND, BEHIND + 1, hubs.now)
    for number in range(100):
        desk.draw(SECOND, replace(draw, number=number))
    assert desk.draws.dropped == 92
    desk.draw(THIRD, draw)
    assert desk.turn(), "others have their turn"
    assert not desk.turn()
    assert desk.answered() == [(THIRD, 0)]
    desk.lagging.heard(SECOND, BEHIND, hubs.now)
    while desk.turn():
        pass
    assert desk.answered() == [(SECOND, number) for number in range(8)]
    assert desk.room.size == 0


def test_draws_that_wait_leave_most_of_the_memory_for_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else who asks for more than can be dealt has all signals refused."""
    hubs, _, draw = crowded(monkeypatch)
    memory = hubs.hubs[0].memory.signals
    desk = Dealer(hubs)
    draw = replace(draw, payloads=(b'"' + b"x" * MIB + b'"',))
    for number in range(2 * memory.limit // MIB):
        for hub in (SECOND, THIRD):
            desk.draw(hub, replace(draw, number=number))
    assert memory.size <= memory.limit // 4
    assert memory.has_room(memory.limit // 2)


def test_of_a_crowd_at_one_hub_all_offers_are_dealt() -> None:
    """10,000 clients of trackers that announce at once, as fast as their hub passes that on."""
    hubs, info_hash = mesh(), swarm_of(FIRST)
    for number in range(9):
        come(hubs, number % 3, f"peer {number}", info_hash)
    desk = Dealer(hubs)
    first = member_id(Kind.SWARM, info_hash.encode().hex(), "peer 0".ljust(20, "."))
    offers = (b'{"offer":{"sdp":"' + b"x" * 1000 + b'"}}',) * 5
    draw = Draw(namespace_of_swarm(info_hash), first, 0, offers)
    in_a_turn = 250_000 // size_of(draw)  # as much is read at once
    answered, most = 0, 0
    for number in range(10_000):
        desk.draw(SECOND, replace(draw, number=number))
        if number % in_a_turn == 0:
            most = max(most, desk.room.size)
            desk.turn()
            answered += len(desk.answered())
    answered += len(desk.answered())
    while desk.turn():
        answered += len(desk.answered())
    assert answered == 10_000
    assert desk.draws.dropped == 0
    assert most < desk.room.most // 4


class Dealer:
    """What the first hub of a mesh draws for the others, turn by turn."""

    def __init__(self, hubs: Hubs) -> None:
        self._hubs = hubs
        self._effects = hubs.hubs[0]._clients.topics._presence._effects
        self.draws = hubs.hubs[0]._clients.draws
        self.draws.expire(hubs.now)

    @property
    def lagging(self) -> Lagging:
        return self._effects.lagging

    @property
    def room(self) -> Shares[PeerId]:
        return self.draws._dealing._room

    def has_room_for(self, size: int) -> None:
        self.draws._dealing._room = Shares(size)

    def draw(self, hub: PeerId, draw: Draw) -> None:
        self.draws.on_news(hub, draw, self._hubs.now)

    def answered(self) -> list[tuple[PeerId, int]]:
        """Take out which draws were answered, each with the hub that has asked."""
        self._hubs.perform(0, self._effects.take_actions())
        told = self._effects.take_news()
        return [(hub, news.number) for hub, news in told if isinstance(news, Counted)]

    def turn(self) -> bool:
        """Do what is due; tell whether there was something."""
        due = self.draws.deadline()
        if due is None or due > self._hubs.now:
            return False
        self.draws.expire(self._hubs.now)
        return True
