from collections import deque
from hashlib import sha1
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId, xor_distance
from peerpigeon.core.namespaces import departures, retention
from peerpigeon.core.namespaces import placement as placement_module
from peerpigeon.core.namespaces.discovery import SATURATION
from peerpigeon.core.namespaces.handover import HANDOVER
from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.namespaces.id_owners import CHALLENGE_TIMEOUT
from peerpigeon.core.namespaces.keys import namespace_key, nearest
from peerpigeon.core.namespaces.placement import Placement, closest_hubs
from peerpigeon.core.namespaces.retention import RETENTION
from peerpigeon.core.owners import owner_of_key
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Claim,
    Find,
    Found,
    Gone,
    Granted,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    More,
    News,
    Owned,
    Refusal,
    Resync,
    Verdict,
)
from tests.core.harness import HUB, A, B, C, D
from tests.core.namespaces.recorded import Recorded
from tests.core.namespaces.worlds import Mesh, peer_ids

H1, H2, H3 = PeerId("1" * 40), PeerId("2" * 40), PeerId("3" * 40)


def primary(limit: int = 50, max_records: int = 1000, of_all: PeerId = HUB) -> Recorded:
    """Return the records of ``HUB``, in the view of which ``of_all`` is the primary everywhere."""
    records = Recorded(of_all, limit=limit, max_records=max_records)
    records.show(dict.fromkeys([HUB, H1, H2, H3], 1), now=-10.0)
    return records


def join(
    *members: tuple[PeerId, int],
    is_primary: bool = True,
    again: bool = False,
    granted: tuple[int, ...] = (),
) -> Join:
    news = tuple(Member(p, s, b"{}") for p, s in members)
    return Join("net1", news, is_primary, again, granted=granted)


def located(hub: PeerId, peer: PeerId, session: int) -> Located:
    return Located(hub, Member(peer, session, b"{}"))


# Places


@given(
    st.sets(st.integers(0, 2**160 - 1) | st.integers(0, 300), max_size=60),
    st.integers(0, 2**160 - 1) | st.integers(0, 300),
    st.integers(1, 70),
)
@settings(max_examples=50)
def test_nearest_finds_what_sorting_by_xor_would(keys: set[int], target: int, count: int) -> None:
    ordered = sorted(keys)
    expected = sorted(range(len(ordered)), key=lambda index: ordered[index] ^ target)[:count]
    assert nearest(ordered, target, count) == expected


def test_a_namespace_has_its_place_at_the_sha1_of_its_name() -> None:
    assert namespace_key("net1") == int(sha1(b"net1").hexdigest(), 16)  # noqa: S324


def test_the_rendezvous_hubs_of_a_namespace_are_the_two_hubs_closest_to_its_place() -> None:
    hubs = sorted(peer_ids(40))
    place = PeerId(f"{namespace_key('net1'):040x}")
    by_distance = sorted(hubs, key=lambda hub: xor_distance(hub, place))
    assert closest_hubs("net1", hubs) == tuple(by_distance[:2])
    assert closest_hubs("net1", hubs, 5) == tuple(by_distance[:5])
    assert closest_hubs("net1", [HUB]) == (HUB,)


@given(st.lists(st.frozensets(st.integers(0, 11), min_size=1), max_size=8))
@settings(max_examples=50)
def test_remembered_rendezvous_hubs_are_those_of_the_present_view(
    views: list[frozenset[int]],
) -> None:
    hubs = sorted(peer_ids(12))
    remembered = Placement(hubs)
    for view in views:
        remembered.update(hubs[index] for index in view)
        for name in ("net1", "net2", "net3"):
            assert remembered.rendezvous_hubs(name) == closest_hubs(
                name, [hubs[index] for index in sorted(view)]
            )


def test_a_hub_that_comes_back_under_another_spelling_is_named_by_that() -> None:
    remembered = Placement([A, H1])
    assert set(remembered.rendezvous_hubs("net1")) == {A, H1}
    remembered.change(come=[PeerId(A.upper())])
    assert set(remembered.rendezvous_hubs("net1")) == {A.upper(), H1}


def test_the_rendezvous_hubs_of_so_many_namespaces_only_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(placement_module, "CACHED_NAMESPACES", 2)
    remembered = Placement([H1, H2, H3])
    first = [remembered.rendezvous_hubs(name) for name in ("net1", "net2", "net3")]
    assert [remembered.rendezvous_hubs(name) for name in ("net1", "net2", "net3")] == first


# Introductions


def test_a_newcomer_and_all_others_are_introduced_in_one_message_to_each_hub() -> None:
    """S26."""
    records = primary()
    assert records.tell(H1, join((A, 1), (B, 2), is_primary=False), 0.0) == []
    assert records.tell(H2, join((C, 1), is_primary=False), 0.0) == []
    news = records.tell(H3, join((D, 9)), 0.0)
    newcomer = located(H3, D, 9)
    others = located(H1, A, 1), located(H1, B, 2), located(H2, C, 1)
    assert news == [
        (H3, Meet("net1", ((D, 9),), others)),
        (H1, Meet("net1", ((A, 1), (B, 2)), (newcomer,))),
        (H2, Meet("net1", ((C, 1),), (newcomer,))),
    ]


def test_a_member_is_introduced_once_unless_it_may_have_been_forgotten() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    assert len(records.tell(H2, join((B, 1)), 0.0)) == 2
    assert records.tell(H2, join((B, 1)), 0.0) == []
    assert len(records.tell(H2, join((B, 1), again=True), 0.0)) == 2


def test_what_a_member_says_of_itself_now_is_what_later_newcomers_hear() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    changed = Located(H1, Member(A, 1, b'{"name":"new"}'))
    assert records.tell(H1, Join("net1", (changed.member,), is_primary=True), 0.0) == []
    assert records.tell(H2, join((B, 1)), 0.0)[0] == (H2, Meet("net1", ((B, 1),), (changed,)))


def test_introductions_too_long_for_one_message_go_in_several() -> None:
    records = primary()
    text = b"x" * 20_000
    for hub, peer in ((H1, A), (H2, B), (H3, C)):
        records.tell(hub, Join("net1", (Member(peer, 1, text),), is_primary=False), 0.0)
    meets = [n for hub, n in records.tell(HUB, join((D, 1)), 0.0) if hub == HUB]
    assert [len(meet.members) for meet in meets if isinstance(meet, Meet)] == [2, 1]


def test_introductions_of_several_too_long_for_one_message_go_in_several() -> None:
    records = primary()
    text = b"x" * 20_000
    for hub, peer in ((H1, A), (H2, B), (H3, C)):
        records.tell(hub, Join("net1", (Member(peer, 1, text),), is_primary=False), 0.0)
    news = records.tell(HUB, join((D, 1), (HUB, 2)), 0.0)
    pairs = [
        (meet.peers[place], meet.members[number].member.peer)
        for hub, meet in news
        if hub == HUB and isinstance(meet, Meet)
        for place in range(len(meet.peers))
        for number in (meet.rows[place] if meet.rows else range(len(meet.members)))
    ]
    assert sum(hub == HUB for hub, _ in news) > 1
    others = {(D, 1): {A, B, C, HUB}, (HUB, 2): {A, B, C, D}}
    assert sorted(pairs) == sorted((who, peer) for who in others for peer in others[who])


def test_namespaces_know_nothing_of_each_other() -> None:
    """S25."""
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    assert records.tell(H2, Join("net2", (Member(B, 1, b""),), is_primary=True), 0.0) == []


# Large namespaces


class Room:
    """One namespace of one hub, and whom its members were introduced to."""

    def __init__(self, limit: int) -> None:
        self.records = Recorded(HUB, limit=limit)
        self.circles: dict[PeerId, set[PeerId]] = {}

    def join(self, peer: PeerId) -> set[PeerId]:
        self.circles[peer] = set()
        self.take(self.records.tell(HUB, join((peer, len(self.circles)))))
        return self.circles[peer]

    def take(self, news: list[tuple[PeerId, News]]) -> None:
        for _, meet in news:
            assert isinstance(meet, Meet)
            assert not meet.rows
            for peer, _ in meet.peers:
                for member in meet.members:
                    self.circles[peer].add(member.member.peer)
                    self.circles[member.member.peer].add(peer)


def reachable(circles: dict[PeerId, set[PeerId]]) -> int:
    start = next(iter(circles))
    seen, queue = {start}, deque([start])
    while queue:
        for other in circles[queue.popleft()] - seen:
            seen.add(other)
            queue.append(other)
    return len(seen)


@pytest.mark.parametrize("limit", [1, 4, 16])
def test_a_newcomer_learns_of_as_many_as_the_limit_promises(limit: int) -> None:
    room = Room(limit)
    for count, peer in enumerate(peer_ids(200)):
        assert len(room.join(peer)) == min(limit, count)


def test_a_newcomer_learns_mostly_of_the_closest() -> None:
    room = Room(limit=32)
    peers = peer_ids(300)
    for peer in peers:
        room.join(peer)
    newcomer = PeerId("9" * 40)
    closest = sorted(peers, key=lambda peer: xor_distance(newcomer, peer))[:26]
    assert set(closest) <= room.join(newcomer)


def test_clusters_of_alike_ids_do_not_become_islands() -> None:
    """Without the members drawn at random each half of the ids would keep to itself."""
    rng = Random(3)
    peers = [PeerId(f"{half}{rng.getrandbits(156):039x}") for half in "0f" for _ in range(100)]
    room = Room(limit=16)
    for peer in peers:
        room.join(peer)
    assert reachable(room.circles) == 200


def test_nobody_is_introduced_without_end() -> None:
    """A member that all newcomers are closest to is spared when it knows very many."""
    limit = 8
    room = Room(limit)
    victim = PeerId("0" * 40)
    room.join(victim)
    newcomers = [PeerId(f"{1 << bit:040x}") for bit in range(160)]
    for newcomer in newcomers:
        assert len(room.join(newcomer)) >= min(limit, len(room.circles) - 1)
    assert len(room.circles[victim]) <= 2 * SATURATION * limit


def test_who_knows_few_is_introduced_to_more() -> None:
    room = Room(limit=8)
    peers = peer_ids(100)
    for peer in peers:
        room.join(peer)
    room.circles[peers[0]].clear()
    room.take(room.records.tell(HUB, More("net1", peers[0], 8)))
    assert len(room.circles[peers[0]]) == 8
    assert room.records.tell(HUB, More("net1", A, 8)) == []
    assert room.records.tell(HUB, More("net2", A, 8)) == []


def test_of_many_that_join_at_once_each_gets_its_own_acquaintances() -> None:
    records = primary(limit=2)
    records.tell(H1, join(*((peer, n) for n, peer in enumerate(peer_ids(20)))), 0.0)
    news = records.tell(H2, join((A, 1), (B, 2)), 0.0)
    assert [hub for hub, _ in news] == [H2, H1]
    meet = news[0][1]
    assert isinstance(meet, Meet)
    assert meet.peers == ((A, 1), (B, 2))
    assert [len(row) for row in meet.rows] == [2, 2]


def test_who_knows_enough_is_not_introduced_when_the_backup_becomes_the_primary() -> None:
    records = primary(limit=2)
    records.tell(H1, join(*((peer, n) for n, peer in enumerate(peer_ids(20)))), 0.0)
    records.tell(H2, join((A, 1), is_primary=False), 0.0)
    settled = Join("net1", (Member(A, 1, b"{}"),), is_primary=True, has_enough=(1,))
    assert records.tell(H2, settled, 0.0) == []
    assert records.tell(H2, join((A, 1)), 0.0) == []


@pytest.mark.parametrize("is_stored", [True, False])
def test_who_knows_enough_meets_some_at_random_when_two_meshes_become_one(is_stored: bool) -> None:
    records = primary(limit=8)
    records.tell(H1, join(*((peer, n) for n, peer in enumerate(peer_ids(40)))), 0.0)
    if is_stored:
        records.tell(H2, join((A, 1)), 0.0)
    again = Join("net1", (Member(A, 1, b"{}"),), is_primary=True, again=is_stored, has_enough=(1,))
    meet = records.tell(H2, again, 0.0)[0][1]
    assert isinstance(meet, Meet)
    assert len(meet.members) == 1


# Leaving


def test_the_hubs_of_the_others_are_told_once_that_a_member_is_gone() -> None:
    records = primary()
    for hub, peer in ((H1, A), (H2, B), (H3, C)):
        records.tell(hub, join((peer, 1)), 0.0)
    gone = Gone("net1", ((H1, A, 1),), has_said_goodbye=True)
    leave = Leave("net1", A, 1, has_said_goodbye=True, is_primary=True)
    assert records.tell(H1, leave, 1.0) == [(H2, gone), (H3, gone)]
    assert records.tell(H1, leave, 1.0) == []
    assert len(records.rendezvous) == 2


def test_a_rendezvous_hub_that_is_not_the_primary_tells_nobody() -> None:
    records = primary(of_all=H1)
    records.tell(H1, join((A, 1), is_primary=False), 0.0)
    records.tell(H2, join((B, 1), is_primary=False), 0.0)
    assert records.tell(H1, Leave("net1", A, 1, has_said_goodbye=False), 1.0) == []


def test_a_hub_that_publishes_all_again_hears_who_left_meanwhile() -> None:
    """It may know them from an earlier lead, which could not tell it any more."""
    records = primary()
    records.tell(H1, join((A, 1), (B, 2)), 0.0)
    records.tell(H3, join((D, 1)), 0.0)
    left = Join("net1", (), is_primary=True, present=(2,), departed=((C, 7),))
    gone = Gone("net1", ((H1, A, 1), (H1, C, 7)))
    assert records.tell(H1, left, 1.0) == [(H3, gone)]
    news = records.tell(H2, Join("net1", (), is_primary=True, present=()), 2.0)
    assert news == [(H2, gone)]
    assert len(records.rendezvous) == 2


def test_departures_are_remembered_for_a_while_and_no_more_than_so_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(departures, "MAX_DEPARTURES", 2)
    records = primary()
    for session, peer in enumerate(peer_ids(4)):
        records.tell(H1, Leave("net1", peer, session, has_said_goodbye=False), 11.0)
    news = records.tell(H2, Join("net1", (), is_primary=True, present=()), 12.0)
    assert [len(n.registrations) for _, n in news if isinstance(n, Gone)] == [2]
    assert records.deadline() == 50.0
    assert records.expire(50.0).hubs == []
    assert records.deadline() is None


# Hubs that come and go


def test_the_members_of_a_hub_that_is_gone_are_forgotten() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    assert records.hub_gone(H1).hubs == []
    assert len(records.rendezvous) == 0


def test_the_members_of_a_hubs_new_life_survive_the_end_of_its_old_one() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H1, join((B, 2 << 20)), 0.0)
    records.hub_restarted(H1, 2)
    assert records.tell(H2, Find("net1", B)) == [(H2, Found("net1", B, located(H1, B, 2 << 20)))]
    assert len(records.rendezvous) == 1


def test_records_are_dropped_a_while_after_others_have_become_the_rendezvous_hubs() -> None:
    records = Recorded(HUB)
    records.show({HUB: 1, H1: 1}, -10.0)
    records.tell(H1, join((A, 1)), 0.0)
    records.placement.chosen = (H2,)
    records.show({HUB: 1, H1: 1, H2: 1}, 5.0)
    records.placement.chosen = (HUB,)
    records.show({HUB: 1, H1: 1}, 6.0)
    assert records.deadline() is None
    records.placement.chosen = (H2,)
    records.show({HUB: 1, H1: 1, H2: 1}, 7.0)
    records.tell(H1, Leave("net1", D, 9, has_said_goodbye=False), 7.0)
    records.expire(66.9)
    assert len(records.rendezvous) == 1
    records.expire(67.0)
    assert len(records.rendezvous) == 0
    assert records.deadline() is None


def test_members_of_a_hub_that_never_becomes_known_are_dropped() -> None:
    """And if it becomes known later than that, it is asked to publish them again."""
    records = primary()
    stranger = PeerId("e" * 40)
    records.tell(stranger, join((A, 1)), 0.0)
    records.expire(30.0)
    assert len(records.rendezvous) == 0
    assert records.show({HUB: 1, stranger: 1}, 31.0).hubs == [(stranger, Resync())]
    assert records.show({HUB: 1, stranger: 1}, 32.0).hubs == []


def test_members_published_after_the_end_of_their_hub_are_dropped_if_it_stays_away() -> None:
    records = primary()
    records.hub_gone(H1)
    records.tell(H1, join((A, 1)), 0.0)
    records.show({HUB: 1}, 1.0)
    records.expire(30.0)
    assert len(records.rendezvous) == 0


def test_members_of_an_earlier_life_of_a_hub_that_becomes_known_are_dropped() -> None:
    records = primary()
    stranger = PeerId("e" * 40)
    records.tell(stranger, join((A, 1 << 20)), 0.0)
    assert records.show({HUB: 1, stranger: 2}, 1.0).hubs == []
    assert len(records.rendezvous) == 0


def test_only_so_many_hubs_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_HUBS", 1)
    records = primary()
    for stranger in (A, B):
        records.tell(stranger, join((C, 1), is_primary=False), 0.0)
    records.expire(30.0)
    assert records.show({HUB: 1, A: 1, B: 1}, 31.0).hubs == [(B, Resync())]


def test_beyond_so_many_records_newcomers_are_not_stored_and_that_is_counted() -> None:
    records = primary(max_records=1)
    records.tell(H1, join((A, 1)), 0.0)
    assert records.tell(H1, join((B, 2)), 0.0) == []
    assert (len(records.rendezvous), records.rendezvous.table.refused) == (1, 1)


# Finding


def test_a_rendezvous_hub_says_where_a_member_is_however_its_id_is_spelled() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    upper = PeerId(A.upper())
    assert records.tell(H2, Find("net1", upper)) == [(H2, Found("net1", upper, located(H1, A, 1)))]
    assert records.tell(H2, Find("net1", B)) == [(H2, Found("net1", B, None))]
    assert records.tell(H2, Find("net2", A)) == [(H2, Found("net2", A, None))]


# One id, two hubs


def contest() -> Recorded:
    """A is at H1, and announced at H2 too; B at H3 knows of the first."""
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H3, join((B, 1)), 0.0)
    news = records.tell(H2, join((PeerId(A.upper()), 5)), 1.0)
    assert news == [(H1, Challenge("net1", A, 1))]
    assert len(records.rendezvous) == 2
    return records


TAKEN_OVER = [
    (H3, Gone("net1", ((H1, A, 1),))),
    (H2, Gone("net1", ((H1, A, 1),))),
    (H2, Meet("net1", ((PeerId(A.upper()), 5),), (located(H3, B, 1),))),
    (H3, Meet("net1", ((B, 1),), (located(H2, PeerId(A.upper()), 5),))),
]


def test_a_first_client_that_lives_keeps_its_id() -> None:
    records = contest()
    news = records.tell(H1, Verdict("net1", A, 1, stays=True), 2.0)
    assert news == [(H2, Refusal("net1", PeerId(A.upper()), 5))]
    assert records.deadline() is None


def test_a_first_client_that_is_dead_gives_way() -> None:
    records = contest()
    assert records.tell(H1, Verdict("net1", A, 1, stays=False), 2.0) == TAKEN_OVER
    assert len(records.rendezvous) == 2


def test_a_first_client_that_leaves_meanwhile_gives_way() -> None:
    leave = Leave("net1", A, 1, has_said_goodbye=False, is_primary=True)
    assert contest().tell(H1, leave, 2.0) == TAKEN_OVER


def test_a_first_client_whose_hub_does_not_answer_gives_way_and_is_closed() -> None:
    records = contest()
    assert records.deadline() == 6.0
    refusal = (H1, Refusal("net1", A, 1))
    assert records.expire(6.0).hubs == [refusal, *TAKEN_OVER]


def test_an_answer_that_came_while_this_hub_stood_still_is_read_before_it_is_too_late() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H2, join((A, 5)), 0.0)
    assert records.expire(9.0).hubs == [], "its timers are first when it goes on"
    assert records.tell(H1, Verdict("net1", A, 1, stays=True), 9.0) == [(H2, Refusal("net1", A, 5))]
    records.tell(H2, join((A, 6)), 10.0)
    assert records.expire(19.0).hubs == [], "and that counts for each"
    assert records.expire(29.0).hubs[0] == (H1, Refusal("net1", A, 1)), "once"


def test_a_first_client_whose_hub_is_gone_gives_way() -> None:
    """The other hubs notice themselves that its hub is gone."""
    assert contest().hub_gone(H1).hubs == TAKEN_OVER[2:]


def test_only_the_answer_to_the_question_decides() -> None:
    records = contest()
    for hub, verdict in (
        (H3, Verdict("net1", A, 1, stays=False)),
        (H1, Verdict("net1", A, 2, stays=False)),
        (H1, Verdict("net1", B, 1, stays=False)),
        (H1, Verdict("net2", A, 1, stays=False)),
    ):
        assert records.tell(hub, verdict, 2.0) == []
    assert records.deadline() == 6.0


def test_a_third_one_is_refused_while_a_second_one_waits() -> None:
    records = contest()
    assert records.tell(H3, join((A, 7)), 1.0) == [(H3, Refusal("net1", A, 7))]


def test_one_that_waits_and_is_published_again_goes_on_waiting() -> None:
    records = contest()
    assert records.tell(H2, join((A, 5)), 1.0) == []
    assert records.tell(H3, Find("net1", A)) == [(H3, Found("net1", A, located(H1, A, 1)))]


@pytest.mark.parametrize("how", ["leaves", "is not published any more", "its hub is gone"])
def test_one_that_waits_and_goes_is_forgotten(how: str) -> None:
    records = contest()
    if how == "leaves":
        records.tell(H2, Leave("net1", A, 5, has_said_goodbye=False, is_primary=True), 2.0)
    elif how == "its hub is gone":
        records.hub_gone(H2)
    else:
        records.tell(H2, Join("net1", (), is_primary=True, present=()), 2.0)
    assert records.tell(H1, Verdict("net1", A, 1, stays=False), 3.0) == []


def test_one_that_waits_outlives_the_end_of_an_earlier_life_of_its_hub() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H2, join((A, 2 << 20)), 0.0)
    records.hub_restarted(H2, 2)
    assert records.tell(H1, Verdict("net1", A, 1, stays=True), 1.0) == [
        (H2, Refusal("net1", A, 2 << 20))
    ]


def test_a_backup_stores_both_and_asks_when_it_becomes_the_primary() -> None:
    records = primary()
    records.tell(H1, join((A, 1), is_primary=False), 0.0)
    records.tell(H2, join((A, 5), is_primary=False), 0.0)
    assert len(records.rendezvous) == 2
    assert records.tell(H1, join((A, 1), granted=(1,)), 1.0) == []
    assert records.tell(H2, join((A, 5)), 1.0) == [(H1, Challenge("net1", A, 1))]
    assert len(records.rendezvous) == 1
    assert records.granted == []


# Who has an id


def test_an_id_is_granted_before_its_member_is_introduced() -> None:
    records = primary()
    records.tell(H1, join((A, 1), (B, 2)), 0.0)
    assert records.granted == [(H1, (1, 2))]
    records.effects.take_news()
    records.rendezvous.on_join(H2, join((C, 1)), 0.0)
    news = records.effects.take_news()
    assert [type(piece) for hub, piece in news if hub == H2] == [Granted, Meet]


def test_a_backup_grants_nothing_and_what_was_granted_is_not_granted_again() -> None:
    records = primary()
    records.tell(H1, join((A, 1), is_primary=False), 0.0)
    records.tell(H2, join((B, 1), granted=(1,)), 0.0)
    assert records.granted == []


@pytest.mark.parametrize("stays", [True, False])
def test_a_newcomer_is_granted_an_id_that_somebody_has_only_when_that_one_is_gone(
    stays: bool,
) -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H2, join((A, 5)), 0.0)
    assert records.granted == [(H1, (1,))]
    records.tell(H1, Verdict("net1", A, 1, stays), 1.0)
    assert records.granted[1:] == ([] if stays else [(H2, (5,))])


def test_who_has_just_come_asks_a_new_primary_in_vain_for_an_id_that_it_has_only_stored() -> None:
    """The newcomer's hub may be the first to see that the primary is another one by now."""
    records = primary()
    records.tell(H1, join((A, 1), is_primary=False), 0.0)
    records.tell(H2, join((A, 5), is_primary=False), 0.0)
    assert records.tell(H2, join((A, 5)), 1.0) == [(H1, Challenge("net1", A, 1))]
    assert records.tell(H1, join((A, 1), granted=(1,)), 1.1) == []
    assert records.tell(H1, Verdict("net1", A, 1, stays=True), 1.2) == [(H2, Refusal("net1", A, 5))]
    assert records.granted == []


def returned_elder() -> Recorded:
    """A at H2 has got its id from a new primary, which then hears of an elder one at H1."""
    records = primary()
    records.tell(H3, join((B, 1)), 0.0)
    records.tell(H2, join((A, 5)), 0.0)
    assert records.granted == [(H3, (1,)), (H2, (5,))], "nobody else is known"
    asked = records.tell(H1, join((A, 1), granted=(1,)), RETENTION - 0.1)
    assert asked == [(H1, Challenge("net1", A, 1))], "and nobody is told of it"
    return records


def whose(records: Recorded) -> Located | None:
    ((_, found),) = records.tell(H3, Find("net1", A), RETENTION)
    assert isinstance(found, Found)
    return found.located


def test_an_elder_of_which_a_new_primary_hears_too_late_has_its_id_again_if_it_lives() -> None:
    records = returned_elder()
    assert whose(records) == located(H2, A, 5), "until that is clear"
    said = records.tell(H1, Verdict("net1", A, 1, stays=True), RETENTION)
    assert said == [
        (H2, Refusal("net1", A, 5)),
        (H3, Gone("net1", ((H2, A, 5),))),
        (H1, Gone("net1", ((H2, A, 5),))),
        (H1, Meet("net1", ((A, 1),), (located(H3, B, 1),))),
        (H3, Meet("net1", ((B, 1),), (located(H1, A, 1),))),
    ]
    assert whose(records) == located(H1, A, 1)


def test_an_elder_that_has_its_id_again_has_had_it_for_long() -> None:
    """Whoever comes with it next is the newcomer, though it says that it had been granted it."""
    records = returned_elder()
    records.tell(H1, Verdict("net1", A, 1, stays=True), RETENTION)
    asked = records.tell(H3, join((A, 9), granted=(9,)), RETENTION + 0.1)
    assert asked == [(H1, Challenge("net1", A, 1))]


def test_an_elder_that_is_dead_leaves_the_id_to_the_one_that_has_it() -> None:
    records = returned_elder()
    said = records.tell(H1, Verdict("net1", A, 1, stays=False), RETENTION)
    assert said == [(hub, Gone("net1", ((H1, A, 1),))) for hub in (H3, H2)]
    assert whose(records) == located(H2, A, 5)


def test_an_elder_whose_hub_gives_no_answer_is_closed_if_it_lives_all_the_same() -> None:
    records = returned_elder()
    assert (H1, Refusal("net1", A, 1)) in records.expire(RETENTION + CHALLENGE_TIMEOUT).hubs
    assert whose(records) == located(H2, A, 5)


def test_of_two_elders_the_first_that_turns_up_is_asked() -> None:
    records = returned_elder()
    again = records.tell(H3, join((A, 7), granted=(7,)), RETENTION - 0.1)
    assert again == [(H3, Refusal("net1", A, 7))]
    records.tell(H1, Verdict("net1", A, 1, stays=True), RETENTION)
    assert whose(records) == located(H1, A, 1)


def test_an_elder_has_its_id_if_the_one_that_got_it_goes_meanwhile() -> None:
    records = returned_elder()
    records.tell(H2, Leave("net1", A, 5, has_said_goodbye=True, is_primary=True), RETENTION)
    assert whose(records) == located(H1, A, 1)
    assert records.tell(H1, Verdict("net1", A, 1, stays=True), RETENTION) == []


@pytest.mark.parametrize("answer", ["stays", "goes", "none"])
@pytest.mark.parametrize("is_return", [True, False])
def test_who_is_not_the_primary_any_more_decides_nothing(answer: str, is_return: bool) -> None:
    """The new one decides, and might decide otherwise: both clients would be closed."""
    records, now = (returned_elder(), RETENTION) if is_return else (contest(), 1.0)
    records.placement.chosen = (H3, HUB)
    if answer == "none":
        assert records.expire(now + CHALLENGE_TIMEOUT).hubs == []
    else:
        assert records.tell(H1, Verdict("net1", A, 1, stays=answer == "stays"), now) == []
    assert len(records.rendezvous) == 3, "it stores both, as the backup"
    assert whose(records) == (located(H2, A, 5) if is_return else located(H1, A, 1))


def test_it_asks_again_if_it_is_the_primary_after_all() -> None:
    records = contest()
    records.placement.chosen = (H3, HUB)
    records.tell(H1, Verdict("net1", A, 1, stays=True), 1.5)
    records.placement.chosen = (HUB, H3)
    records.show(dict.fromkeys([HUB, H1, H2, H3], 1), 2.0)
    assert records.expire(2.0 + HANDOVER).hubs == [(H1, Challenge("net1", A, 1))]
    said = records.tell(H1, Verdict("net1", A, 1, stays=True), 5.0)
    assert said == [(H2, Refusal("net1", PeerId(A.upper()), 5))]


def test_an_elder_is_asked_in_place_of_one_that_is_challenged_and_whose_newcomer_is_refused() -> (
    None
):
    records = primary()
    records.tell(H2, join((A, 5)), 0.0)
    records.tell(H3, join((A, 7)), 0.1)
    assert records.tell(H1, join((A, 1), granted=(1,)), 0.2) == [
        (H3, Refusal("net1", A, 7)),
        (H1, Challenge("net1", A, 1)),
    ]
    assert len(records.rendezvous) == 1


@pytest.mark.parametrize(("after", "asked"), [(RETENTION - 0.1, H1), (RETENTION, H2)])
def test_an_elder_whose_hub_only_seemed_gone_goes_before_the_one_that_has_waited(
    after: float, asked: PeerId
) -> None:
    records = contest()
    records.hub_gone(H1, 2.0)
    said = records.tell(H1, join((A, 1), granted=(1,)), 2.0 + after)
    assert [hub for hub, news in said if isinstance(news, Challenge)] == [asked]


def test_who_has_lost_its_id_is_refused_again_if_its_hub_has_not_heard_of_it() -> None:
    """It was out of reach; the others have been told that this registration is over."""
    records = contest()
    assert (H1, Refusal("net1", A, 1)) in records.expire(6.0).hubs
    records.hub_gone(H1, 6.5)
    both = join((A, 1), (D, 2), again=True, granted=(1, 2))
    said = records.tell(H1, both, 7.0)
    assert said[0] == (H1, Refusal("net1", A, 1))
    meets = [news for hub, news in said if isinstance(news, Meet) and hub == H2]
    assert [news.members for news in meets] == [(located(H1, D, 2),)], "and A is not introduced"
    assert not any(isinstance(news, Challenge) for _, news in said), "the id is A's at H2"


def test_so_it_is_if_the_one_that_gave_the_id_away_is_the_backup_by_now() -> None:
    """The others do not believe the new primary what they were told to be over."""
    records = contest()
    records.expire(6.0)
    records.hub_gone(H1, 6.5)
    said = records.tell(H1, join((A, 1), is_primary=False, granted=(1,)), 7.0)
    assert said == [(H1, Refusal("net1", A, 1))]
    assert len(records.rendezvous) == 2, "A at H2, and B"


def test_who_has_waited_for_an_id_is_its_owner_for_as_long_as_it_had_it() -> None:
    records, mark = primary(), owner_of_key("k" * 22)
    records.tell(H1, join((A, 1)), 0.0)
    owned = Join("net1", join((A, 5)).members, is_primary=True, owners=((5, mark),))
    records.tell(H2, owned, 1.0)
    records.tell(H1, Verdict("net1", A, 1, stays=False), 2.0)
    records.tell(H2, Leave("net1", A, 5, has_said_goodbye=False, is_primary=True), 3.0)
    records.tell(H3, join((A, 7)), 3.1)
    claim = Claim("net1", A, mark)
    assert records.tell(H2, claim, 3.9) == [(H2, Owned("net1", A, mark))]
    assert records.tell(H2, claim, 4.1) == []


def test_of_two_that_had_an_id_for_long_the_first_here_stays() -> None:
    """Two halves of a mesh have become one."""
    records = primary()
    records.tell(H2, join((A, 5), granted=(5,)), 0.0)
    assert records.tell(H1, join((A, 1), granted=(1,)), 1.0) == [(H2, Challenge("net1", A, 5))]
    records = primary()
    records.tell(H2, join((A, 5)), 0.0)
    news = records.tell(H1, join((A, 1), granted=(1,)), RETENTION)
    assert news == [(H2, Challenge("net1", A, 5))]


def test_asking_for_more_does_not_make_one_id_two_members() -> None:
    records = primary()
    records.tell(H1, join((A, 1)), 0.0)
    records.tell(H2, join((A, 5), is_primary=False), 0.0)
    records.tell(H3, join((B, 1)), 0.0)
    assert records.tell(H2, More("net1", A, 50)) == []
    assert [hub for hub, _ in records.tell(H1, More("net1", A, 50))] == [H1, H3]
    assert records.tell(H2, join((A, 5)), 1.0) == [(H1, Challenge("net1", A, 1))]


def test_a_namespace_that_is_dropped_takes_all_that_belongs_to_it_along() -> None:
    records = Recorded(HUB)
    hubs = {HUB: 0, H1: 0, H2: 0}
    records.show(hubs, -10.0)
    records.tell(H1, join((A, 1)), 0.0)
    records.placement.chosen = (H1,)
    records.show(hubs, 1.0)
    records.tell(H2, join((A, 5), (C, 7), granted=(5,)), 60.0)
    records.tell(H1, Leave("net1", B, 2, has_said_goodbye=False), 60.0)
    assert records.expire(61.0).hubs == []
    assert records.deadline() is None
    assert len(records.rendezvous) == 0


# Several hubs


def test_the_number_of_messages_a_join_causes_does_not_depend_on_the_members() -> None:
    """S22: two to the rendezvous hubs, two to the newcomer's hub, one to each hub concerned."""
    mesh = Mesh(hubs=6, limit=4)
    counts: list[int] = []
    for number, peer in enumerate(peer_ids(120)):
        mesh.sent.clear()
        mesh[number].join("net1", peer)
        mesh.run()
        counts.append(sum(mesh.sent.values()))
    assert max(counts) <= 4 + 4


def test_an_id_that_is_announced_at_two_hubs_stays_with_the_first_if_it_lives() -> None:
    mesh = Mesh()
    mesh[0].join("net1", A)
    mesh[2].join("net1", B)
    mesh.run()
    mesh[1].join("net1", PeerId(A.upper()))
    mesh.run()
    assert mesh[1].closed == [A.upper()]
    mesh.check_everyone_knows_everyone("net1")


def test_an_id_that_is_announced_at_two_hubs_moves_if_the_first_is_dead() -> None:
    mesh = Mesh()
    mesh[0].join("net1", A)
    mesh[2].join("net1", B)
    mesh.run()
    mesh[0].silent.add(A)
    mesh[1].join("net1", A)
    mesh.run()
    assert mesh.members("net1")[A][0] == mesh[1].own
    mesh.check_everyone_knows_everyone("net1")


# This hub rises


def test_our_own_members_are_kept_under_their_new_sessions_and_defended_by_those() -> None:
    records, first = primary(), first_session(1) + 1
    for peer in (A, B):
        for hub, news in records.announce(peer).hubs:
            assert isinstance(news, Join)
            records.tell(hub, news)
    records.tell(H1, join((C, 7)), 1.0)
    assert records.tell(H2, join((A, 5)), 1.0) == [(HUB, Challenge("net1", A, first))]
    assert records.tell(HUB, join((C, 9)), 1.0) == [(H1, Challenge("net1", C, 7))]
    risen, now = first_session(9) + 1, 2.0
    challenge, published = records.rise(9, now).hubs[::-1]
    assert challenge == (HUB, Challenge("net1", A, risen))
    assert published[0] == HUB
    assert isinstance(published[1], Join)
    assert published[1].present == (risen, risen + 1)
    assert records.tell(HUB, Verdict("net1", A, first, stays=True), 3.0) == []
    assert records.deadline() == 6.0  # that about c, who is asked at another hub, stands
    assert records.tell(HUB, Verdict("net1", A, risen, stays=True), 3.0) == [
        (H2, Refusal("net1", A, 5))
    ]
    assert records.tell(H3, Find("net1", B)) == [(H3, Found("net1", B, located(HUB, B, risen + 1)))]


def test_a_newcomer_of_ours_that_waits_for_an_id_waits_under_its_new_session() -> None:
    records = primary()
    records.tell(H1, join((A, 7)), 1.0)
    ((hub, announced),) = records.announce(A).hubs
    assert isinstance(announced, Join)
    assert records.tell(hub, announced, 1.0) == [(H1, Challenge("net1", A, 7))]
    records.rise(9, 2.0)
    said = records.tell(H1, Verdict("net1", A, 7, stays=True), 3.0)
    assert said == [(HUB, Refusal("net1", A, first_session(9) + 1))]
