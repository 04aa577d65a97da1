"""However much is dropped of a hub that is gone, all others have their turn between two pieces."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces import dropping
from peerpigeon.core.namespaces.client_news import Departure
from peerpigeon.core.namespaces.dropped_records import FOLLOWING
from peerpigeon.core.namespaces.dropping import PIECE, Dropping
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Gone,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    More,
    Refusal,
    Resync,
    Verdict,
)
from peerpigeon.core.wire.ranges import SESSIONS_PER_INCARNATION
from tests.core.harness import HUB, A, B, C, D
from tests.core.namespaces.recorded import Recorded
from tests.core.namespaces.worlds import Mesh, Step, check_small, pairs, peer_ids, play

H1, H2, H3 = PeerId("1" * 40), PeerId("2" * 40), PeerId("3" * 40)
HUBS = dict.fromkeys((HUB, H1, H2, H3), 1)
S = SESSIONS_PER_INCARNATION


def joined(count: int, namespace: str = "net1", first: int = 1) -> Join:
    members = enumerate(peer_ids(count, seed=first), S + first)
    news = tuple(Member(peer, session, b"{}") for session, peer in members)
    return Join(namespace, news, is_primary=True)


def primary(limit: int = 5, max_records: int = 10_000) -> Recorded:
    """Return the records of ``HUB``, in the view of which it is the primary everywhere."""
    records = Recorded(HUB, limit=limit, max_records=max_records)
    records.show(HUBS, now=-10.0)
    return records


def server(*clients: PeerId, limit: int = 50) -> Recorded:
    """Return a hub with clients in ``net1``, whose records others keep."""
    desk = Recorded(H1, H2, limit=limit)
    desk.show(HUBS, 0.0)
    for peer in clients:
        desk.announce(peer)
    return desk


def at(hub: PeerId, peer: PeerId, session: int) -> Located:
    return Located(hub, Member(peer, session, b"{}"))


def meet(desk: Recorded, peer: PeerId, *members: Located) -> Meet:
    known = desk.presence.find("net1", peer)
    assert known is not None
    return Meet("net1", ((peer, known.session),), members)


def acquainted(count: int, *clients: PeerId) -> Recorded:
    """Return a hub whose clients know so many members at H3."""
    desk = server(*clients, limit=count)
    for peer in clients:
        members = enumerate(peer_ids(count), S + 1)
        desk.hear(meet(desk, peer, *(at(H3, other, session) for session, other in members)))
    return desk


@pytest.fixture
def single(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a piece be no more than a step."""
    monkeypatch.setattr(dropping, "PIECE", 1)


# The records of a rendezvous hub


@pytest.mark.parametrize("namespaces", [1, 50])
def test_thousands_of_records_are_dropped_piece_by_piece(namespaces: int) -> None:
    records = primary()
    for number in range(namespaces):
        records.tell(H1, joined(5_000 // namespaces, f"net{number}", 1 + 10_000 * number), 0.0)
    records.tell(H2, joined(1, "net0", 7), 0.0)
    records.hub_gone(H1, 1.0)
    left = [len(records.rendezvous)]
    while records.rendezvous.deadline() == 1.0:
        records.expire(1.0)
        left.append(len(records.rendezvous))
    assert left == [5_001 - PIECE * pieces for pieces in (1, 2, 3, 4)] + [1]
    assert len(records.rendezvous.table.all()) == 1, "nothing is left of the others"


def test_who_waits_for_an_id_of_a_hub_that_is_gone_has_it_piece_by_piece() -> None:
    records = primary()
    records.tell(H1, joined(1_000), 0.0)
    records.tell(H2, joined(1_000), 0.5)
    records.granted.clear()
    records.hub_gone(H1, 1.0)
    assert len(records.granted) == PIECE // FOLLOWING
    while records.rendezvous.deadline() == 1.0:
        before = len(records.granted)
        records.expire(1.0)
        assert len(records.granted) - before <= PIECE // FOLLOWING
    assert len(records.granted) == len(records.rendezvous) == 1_000


@pytest.mark.usefixtures("single")
def test_nobody_is_introduced_to_those_that_are_about_to_be_dropped() -> None:
    records = primary(limit=50)
    records.tell(H1, joined(4), 0.0)
    records.hub_gone(H1, 1.0)
    records.tell(H2, Join("net1", (Member(A, 1, b"{}"),), is_primary=True), 1.0)
    records.tell(H3, Join("net1", (Member(B, 1, b"{}"),), is_primary=True), 1.0)
    said = [news for _ in range(5) for _, news in records.expire(1.0).hubs]
    met = [located.hub for news in said if isinstance(news, Meet) for located in news.members]
    assert set(met) == {H2, H3}


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("what", ["a join", "a departure", "a wish for more"])
def test_what_a_hub_says_that_is_heard_again_is_about_what_it_has_now(what: str) -> None:
    records = primary()
    records.tell(H1, joined(3), 0.0)
    records.hub_gone(H1, 1.0)
    assert len(records.rendezvous) == 2
    if what == "a join":
        records.tell(H1, Join("net1", (Member(A, S + 1, b"{}"),), is_primary=True), 1.0)
    elif what == "a departure":
        records.tell(H1, Leave("net1", peer_ids(3, seed=1)[2], S + 3, has_said_goodbye=False), 1.0)
    else:
        records.tell(H1, More("net1", peer_ids(3, seed=1)[2], 5), 1.0)
    assert len(records.rendezvous) == (1 if what == "a join" else 0)
    records.expire(1.0)
    assert len(records.rendezvous) == (1 if what == "a join" else 0)


@pytest.mark.usefixtures("single")
def test_those_that_are_about_to_be_dropped_take_no_room_from_newcomers() -> None:
    records = primary(max_records=5)
    records.tell(H1, joined(5), 0.0)
    records.hub_gone(H1, 1.0)
    records.tell(H2, joined(1, first=9), 1.0)
    assert records.deadline() == 1.0, "there is room for one, so the others can wait"
    records.tell(H2, joined(4, first=20), 1.0)
    assert (len(records.rendezvous), records.rendezvous.table.refused) == (5, 0)


@pytest.mark.usefixtures("single")
def test_a_namespace_that_is_forgotten_meanwhile_stays_forgotten() -> None:
    records = primary()
    records.tell(H1, joined(2), 0.0)
    records.tell(H1, joined(2, "net2"), 0.0)
    records.placement.chosen = (H2,)
    records.show(HUBS, 0.0)
    records.hub_gone(H1, 60.0)
    assert len(records.rendezvous) == 3
    records.rendezvous.table.forget(records.rendezvous.table.all()[0])
    for _ in range(5):
        records.expire(59.0)
    assert len(records.rendezvous) == 0
    assert records.rendezvous.table.all() == []


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("stays", [False, True])
def test_one_that_waits_at_a_hub_that_is_gone_may_be_answered_meanwhile(*, stays: bool) -> None:
    records = primary()
    records.tell(H2, joined(2), 0.0)
    records.tell(H1, joined(2), 0.0)  # they wait for the same ids
    records.hub_gone(H1, 1.0)
    records.tell(H2, Verdict("net1", peer_ids(2, seed=1)[1], S + 2, stays=stays), 1.0)
    for _ in range(5):
        records.expire(1.0)
    assert len(records.rendezvous) == 1 + stays
    assert not records.rendezvous.table.all()[0].conflicts


@pytest.mark.usefixtures("single")
def test_who_got_the_id_of_one_whose_hub_is_heard_of_again_is_no_second_member() -> None:
    """It has the id before it is introduced, which waits until all others are dropped."""
    records = primary()
    records.tell(H1, joined(2), 0.0)
    records.tell(H2, joined(2), 0.0)  # they wait for the same ids
    first, second = peer_ids(2, seed=1)
    records.hub_gone(H1, 1.0)
    assert records.granted[-1] == (H2, (S + 1,))
    back = Join("net1", joined(2).members, is_primary=True, granted=(S + 1, S + 2))
    said = records.tell(H1, back, 1.0)
    challenges = [piece for piece in said if isinstance(piece[1], Challenge)]
    assert challenges == [
        (H1, Challenge("net1", first, S + 1)),
        (H1, Challenge("net1", second, S + 2)),
    ]
    said = records.tell(H1, Verdict("net1", first, S + 1, stays=True), 1.1)
    assert said[:2] == [
        (H2, Refusal("net1", first, S + 1)),
        (H1, Gone("net1", ((H2, first, S + 1),))),
    ]
    assert [type(piece) for _, piece in said[2:]] == [Meet, Meet], "one to each hub"
    assert len(records.rendezvous) == 2


def test_who_has_waited_for_a_new_primary_has_its_id_piece_by_piece() -> None:
    records = Recorded(HUB)
    records.show(HUBS, now=0.0)  # it has just come to the others
    records.tell(H1, joined(500), 0.0)
    records.expire(1.9)
    assert records.granted == []
    granted = []
    while records.deadline() == 2.0:
        before = len(records.granted)
        records.expire(2.0)
        granted.append(len(records.granted) - before)
    assert sum(granted) == 500
    assert max(granted) == PIECE // FOLLOWING


def test_whose_hub_does_not_answer_loses_its_id_piece_by_piece() -> None:
    records = primary()
    records.tell(H1, joined(500), 0.0)
    records.tell(H2, joined(500), 0.0)
    lost = []
    while records.deadline() == 5.0:
        before = len(records.granted)
        records.expire(5.0)
        lost.append(len(records.granted) - before)
    assert sum(lost) == 500
    assert max(lost) == PIECE // FOLLOWING


def test_departures_are_forgotten_piece_by_piece() -> None:
    records = primary()
    over = [(peer, S + n) for n, peer in enumerate(peer_ids(3_000))]
    records.tell(H1, Join("net1", (), is_primary=True, present=(), departed=tuple(over)), 0.0)
    pieces = 0
    while records.deadline() == 40.0:
        records.expire(40.0)
        pieces += 1
    assert pieces == 3
    assert records.rendezvous.table.all() == []


# The clients of a serving hub


def test_clients_are_told_of_thousands_that_are_gone_piece_by_piece() -> None:
    desk = acquainted(1_000, A, B, C)
    told = [pairs(desk.hub_gone(H3, 1.0).clients)]
    while desk.deadline() == 1.0:
        told.append(pairs(desk.expire(1.0).clients))
    assert len(told) == 4
    assert max(map(len, told)) <= PIECE
    assert len({(peer, gone) for piece in told for _, peer, gone in piece}) == 3_000
    assert desk.presence._effects.memory.records.size == 0


@pytest.mark.usefixtures("single")
def test_who_has_lost_many_asks_for_more_when_it_has_lost_all_that_it_will() -> None:
    desk = acquainted(4, A)
    said = [desk.hub_gone(H3, 1.0)] + [desk.expire(1.0) for _ in range(5)]
    assert [len(each.clients) for each in said] == [1, 1, 1, 1, 0, 0]
    asked = [news for each in said for _, news in each.hubs if isinstance(news, More)]
    assert asked == [More("net1", A, 4)]


@pytest.mark.usefixtures("single")
def test_who_leaves_meanwhile_is_told_nothing_more_and_asks_for_nothing() -> None:
    desk = acquainted(4, A, B)
    desk.hub_gone(H3, 1.0)
    desk.withdraw(A, 1.0)
    said = [desk.expire(1.0) for _ in range(6)]
    assert {peer for each in said for _, peer, _ in pairs(each.clients)} == {B}
    asked = [news for each in said for _, news in each.hubs if isinstance(news, More)]
    assert asked == [More("net1", B, 4)]


@pytest.mark.usefixtures("single")
def test_who_is_said_to_be_gone_before_its_turn_is_told_of_once() -> None:
    desk = acquainted(3, A)
    first = desk.hub_gone(H3, 1.0).clients
    last = at(H3, peer_ids(3)[2], S + 3)
    news = Gone("net1", ((H3, last.member.peer, S + 3),))
    told = first + desk.hear(news, 1.0, H1).clients
    for _ in range(4):
        told += desk.expire(1.0).clients
    assert len(told) == len({one.located for one in told if isinstance(one, Departure)}) == 3


@pytest.mark.usefixtures("single")
def test_what_others_say_of_a_hub_that_is_gone_does_not_hurry_its_end() -> None:
    """They lag behind: what they say of its members is not believed."""
    desk = acquainted(3, A)
    assert len(desk.hub_gone(H3, 1.0).clients) == 1
    assert desk.hear(meet(desk, A, at(H3, D, S + 9)), 1.0).clients == []
    assert len(desk.expire(1.0).clients) == 1


@pytest.mark.usefixtures("single")
def test_a_hub_whose_members_are_believed_in_again_has_the_rest_dropped_first() -> None:
    desk = server(A)
    stranger = PeerId("e" * 40)  # is not listed: when it is gone, all of it is
    members = [at(stranger, peer, S + n) for n, peer in enumerate(peer_ids(3))]
    desk.hear(meet(desk, A, *members))
    assert len(desk.hub_gone(stranger, 1.0).clients) == 1
    told = desk.hear(meet(desk, A, members[2]), 1.0).clients
    assert [type(news).__name__ for news in told] == ["Departure", "Departure", "Introduction"]
    assert desk.expire(1.0).clients == []


@pytest.mark.usefixtures("single")
def test_members_that_are_about_to_be_dropped_take_no_room_from_others() -> None:
    desk = Recorded(H1, H2, max_memory=4 * 4_500)
    desk.show(HUBS, 0.0)
    desk.announce(A)
    desk.hear(meet(desk, A, *(at(H3, peer, S + n) for n, peer in enumerate(peer_ids(5)))))
    desk.hub_gone(H3, 1.0)
    told = desk.hear(meet(desk, A, at(H2, D, S)), 1.0).clients
    assert [type(news).__name__ for news in told] == ["Departure"] * 4 + ["Introduction"]


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize("how", ["returns", "is shown"])
def test_a_hub_that_returns_meanwhile_has_the_rest_dropped_first(how: str) -> None:
    desk = acquainted(3, A)
    assert len(desk.hub_gone(H3, 1.0).clients) == 1
    if how == "returns":
        told = desk.namespaces.hub_returned(H3, 1.0)
    else:
        desk.show(dict.fromkeys((HUB, H1, H2), 1), 1.0)
        told = desk.show(HUBS, 1.0).clients
    assert len(told) == 2
    assert (H3, Resync()) in desk.effects.take_news() or how == "is shown"
    assert len(desk.hear(meet(desk, A, at(H3, peer_ids(3)[2], S + 3)), 1.0).clients) == 1
    assert desk.namespaces.presence.expire(1.0) == []


@pytest.mark.usefixtures("single")
def test_a_hub_that_rises_has_all_of_its_former_sessions_dropped_at_once() -> None:
    desk = acquainted(3, A)
    assert len(desk.hub_rose(H3, 2).clients) == 3


@pytest.mark.usefixtures("single")
def test_a_hub_that_is_gone_again_has_the_rest_dropped_first() -> None:
    desk = acquainted(3, A)
    assert len(desk.hub_restarted(H3, 2).clients) == 1
    assert len(desk.hub_gone(H3, 1.0).clients) == 2


def test_what_is_left_is_known() -> None:
    rest = Dropping()
    rest.begin(H1, iter([PIECE, 1, 1]), 1.0)
    assert (len(rest), H1 in rest, H2 in rest, rest.deadline()) == (1, True, False, 1.0)
    rest.expire(1.5)
    assert (len(rest), rest.deadline()) == (0, None)


# Whatever happens meanwhile


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 15), st.integers(0, 7)),
        max_size=50,
    )
)
@settings(max_examples=60, deadline=None)
def test_everybody_knows_everybody_whatever_happens_between_the_pieces(
    happenings: list[Step],
) -> None:
    """That each is told once the harness asserts."""
    check(happenings)


def check(happenings: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dropping, "PIECE", 1)
        mesh = Mesh(hubs=4)
        play(mesh, happenings)
        check_small(mesh)
        parts = [(hub.presence, hub.namespaces.rendezvous) for hub in mesh.hubs.values()]
        assert not any(len(part._dropping) for both in parts for part in both)


def returning(seed: int) -> list[Step]:
    """Return a history in which views change all the time: hubs seem to go, and return."""
    rng = Random(seed)
    kinds = (0, 1, 2, 3, 5, 5, 6, 6, 7, 8, 9, 9)
    return [
        (rng.choice(kinds), rng.randrange(4), rng.randrange(16), rng.randrange(8))
        for _ in range(80)
    ]


@pytest.mark.parametrize("seed", [*range(20), 103, 156, 386])
def test_hubs_that_seem_to_go_and_return_between_the_pieces_are_believed(seed: int) -> None:
    check(returning(seed))


def test_these_histories_leave_pieces_for_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_caught(seed: int) -> bool:
        try:
            check(returning(seed))
        except (AssertionError, KeyError):
            return True
        return False

    monkeypatch.setattr(Dropping, "expire", lambda *_: None)
    monkeypatch.setattr(Dropping, "deadline", lambda *_: None)
    assert any(is_caught(seed) for seed in range(20))
