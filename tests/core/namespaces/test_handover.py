"""A hub that has just become a primary hears whose ids are granted before it grants one anew."""

from __future__ import annotations

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.handover import HANDOVER, Handover
from peerpigeon.core.namespaces.keys import namespace_key
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    News,
    Refusal,
    Verdict,
)
from tests.core.harness import HUB, A, B, C
from tests.core.namespaces.recorded import Recorded, told
from tests.core.namespaces.worlds import peer_ids

LIMIT = 50  # of `Recorded`
H1, H2, H3 = PeerId("1" * 40), PeerId("2" * 40), PeerId("3" * 40)
ALL = dict.fromkeys([HUB, H1, H2, H3], 1)


def join(
    *members: tuple[PeerId, int], is_primary: bool = True, granted: tuple[int, ...] = ()
) -> Join:
    news = tuple(Member(peer, session, b"{}") for peer, session in members)
    return Join("net1", news, is_primary, granted=granted)


def arrived(max_records: int = 1000) -> Recorded:
    """Return the records of a hub that has come at 0 s to others, and is the primary of all."""
    records = Recorded(HUB, max_records=max_records)
    records.show(ALL, 0.0)
    return records


def hub_at(distance: int) -> PeerId:
    """Return the id of a hub that is so far from the key of a namespace."""
    return PeerId(f"{namespace_key('net1') ^ distance:040x}")


# When


def test_who_follows_a_hub_that_has_left_is_new_for_a_while_and_only_where_it_follows() -> None:
    follower, leaver, far = hub_at(2), hub_at(1), hub_at(3)
    handover = Handover(follower, Placement([follower, H1]))
    assert handover.lasts_until(H1, "net1", 0.0) is None
    handover.note_left([far], 10.0)
    assert handover.lasts_until(H1, "net1", 10.0) is None, "it was nearer than that one before"
    handover.note_left([leaver], 11.0)
    assert handover.lasts_until(H1, "net1", 10.9 + HANDOVER) == 11.0 + HANDOVER
    assert handover.lasts_until(H1, "net1", 11.0 + HANDOVER) is None


def test_who_is_the_only_one_left_has_nobody_to_hear_it_from() -> None:
    follower, leaver = hub_at(2), hub_at(1)
    placement = Placement([follower, leaver])
    handover = Handover(follower, placement)
    handover.note_left(placement.update([follower], []), 10.0)
    assert handover.lasts_until(follower, "net1", 10.0) is None
    assert handover.lasts_until(leaver, "net1", 10.0) == 10.0 + HANDOVER, "it is yet to be seen"


def test_a_hub_that_leaves_twice_counts_from_the_second_time() -> None:
    handover = Handover(hub_at(2), Placement([hub_at(2), H1]))
    handover.note_left([hub_at(1)], 0.0)
    handover.note_left([hub_at(3)], 0.5)
    handover.note_left([hub_at(1)], 1.0)
    assert handover.lasts_until(H1, "net1", 0.9 + HANDOVER) == 1.0 + HANDOVER
    assert handover.lasts_until(H1, "net1", 1.0 + HANDOVER) is None


def test_who_has_come_to_others_is_new_everywhere() -> None:
    records = arrived()
    assert records.tell(H1, join((A, 1)), HANDOVER - 0.1) == []
    assert records.granted == []
    records.tell(H1, join((B, 2)), HANDOVER)
    assert records.granted == [(H1, (2,))]


def test_a_hub_that_hears_of_a_client_before_it_sees_the_clients_hub_is_new() -> None:
    records = Recorded(HUB)
    records.tell(H1, join((A, 1)), 10.0)
    assert records.granted == []
    records.tell(HUB, join((B, 2)), 10.0)
    assert records.granted == [(HUB, (2,))], "its own clients have nobody else to wait for"


def test_a_hub_that_is_not_the_primary_by_its_own_view_waits_until_it_is() -> None:
    records = Recorded(H1)
    records.show(ALL, 0.0)
    records.tell(H2, join((A, 1)), 10.0)
    records.expire(10.0 + HANDOVER)
    assert records.granted == []
    assert records.namespaces.rendezvous.handover.deadline() is None, "rest costs nothing"
    records.placement.chosen = (HUB,)
    records.show(ALL, 20.0)
    records.expire(20.0 + HANDOVER)
    assert records.granted == [(H2, (1,))]


def test_a_hub_that_was_cut_off_or_stood_still_is_new_again() -> None:
    for comes_back in ("returns", "wakes up"):
        records = arrived()
        if comes_back == "returns":
            records.namespaces.hub_returned(H1, 10.0)
        else:
            records.namespaces.woke_up(10.0)
        records.tell(H2, join((A, 1)), 10.0)
        assert records.granted == []


def test_a_hub_without_others_has_nobody_to_wait_for_when_it_wakes_up() -> None:
    records = Recorded(HUB)
    records.namespaces.woke_up(10.0)
    records.tell(HUB, join((A, 1)), 10.0)
    assert records.granted == [(HUB, (1,))]


# Newcomers


def test_a_newcomer_is_granted_its_id_and_introduced_when_the_others_have_been_heard_of() -> None:
    records = arrived()
    records.tell(H1, join((A, 1)), 1.0)
    assert records.tell(H2, join((B, 2), granted=(2,)), 1.0) == [], "A may not have its id"
    assert records.rendezvous.deadline() == HANDOVER, "by then all others have been heard of"
    said = records.expire(HANDOVER)
    assert records.granted == [(H1, (1,))]
    assert said.hubs == [
        (H1, Meet("net1", ((A, 1),), (Located(H2, Member(B, 2, b"{}")),))),
        (H2, Meet("net1", ((B, 2),), (Located(H1, Member(A, 1, b"{}")),))),
    ]


def test_who_follows_a_hub_that_has_left_grants_all_ids_when_others_have_been_heard_of() -> None:
    """Who comes late does not wait for as long as who came when the hub had just left."""
    records = arrived()
    records.rendezvous.handover.note_left([hub_at(0)], 50.0)
    records.tell(H1, join((A, 1)), 50.5)
    records.tell(H1, join((B, 2)), 51.9)
    assert records.granted == []
    records.expire(50.0 + HANDOVER)
    assert records.granted == [(H1, (1,)), (H1, (2,))]


def test_who_waits_because_a_hub_has_left_waits_on_when_another_one_leaves() -> None:
    records = arrived()
    records.rendezvous.handover.note_left([hub_at(0)], 50.0)
    records.tell(H1, join((A, 1)), 51.0)
    records.rendezvous.handover.note_left([hub_at(1)], 51.5)
    records.expire(50.0 + HANDOVER)
    assert records.granted == []
    assert records.rendezvous.deadline() == 51.5 + HANDOVER
    records.expire(51.5 + HANDOVER)
    assert records.granted == [(H1, (1,))]


def test_the_first_of_a_crowd_that_waits_are_introduced_to_as_many_as_all_others() -> None:
    records = arrived()
    crowd = [PeerId(f"f{peer[1:]}") for peer in peer_ids(399)]
    for number, peer in enumerate([A, *crowd]):  # nobody has A among those close to it
        records.tell(H1, join((peer, number + 1)), 0.004 * number)  # all while it is new
    news: list[tuple[PeerId, News]] = []
    while (due := records.rendezvous.deadline()) is not None and due < 10.0:
        news += records.expire(max(due, HANDOVER)).hubs
    found = told(news)
    assert len(found) == 400
    assert min(len(others) for others in found.values()) >= LIMIT


def test_a_newcomer_that_waits_does_not_get_the_id_of_one_that_has_it() -> None:
    """The newcomer's hub was the first to see that there is another primary."""
    records = arrived()
    records.tell(H1, join((A, 1)), 1.0)
    records.tell(H2, join((A, 9), granted=(9,)), 1.5)
    assert records.expire(1.0 + HANDOVER).hubs == [(H2, Challenge("net1", A, 9))]
    assert records.granted == []
    news = records.tell(H2, Verdict("net1", A, 9, stays=True), 3.5)
    assert news == [(H1, Refusal("net1", A, 1))]


def test_of_two_that_wait_for_an_id_the_first_to_come_is_the_first() -> None:
    records = arrived()
    records.tell(H1, join((A, 1)), 1.0)
    records.tell(H2, join((A, 9)), 1.5)
    records.tell(H3, join((A, 7)), HANDOVER - 0.1)
    said = records.expire(HANDOVER).hubs
    assert records.granted == [(H1, (1,))]
    assert (H1, Challenge("net1", A, 1)) in said, "for the second one"
    assert (H3, Refusal("net1", A, 7)) in said


def test_one_that_is_published_again_while_it_waits_does_not_begin_anew() -> None:
    records = arrived()
    records.tell(H1, join((A, 1)), 0.5)
    records.tell(H1, join((A, 1)), 1.5)
    records.expire(0.5 + HANDOVER)
    assert records.granted == [(H1, (1,))]


def test_one_that_has_its_id_does_not_wait_for_it_again() -> None:
    """Its hub may publish it anew before it has heard of that."""
    records = arrived()
    records.tell(H1, join((A, 1)), HANDOVER)
    records.namespaces.woke_up(10.0)
    records.tell(H1, join((A, 1)), 10.0)
    assert records.granted == [(H1, (1,)), (H1, (1,))]


def test_one_that_leaves_while_it_waits_is_granted_nothing() -> None:
    records = arrived()
    records.tell(H1, join((A, 1)), 1.0)
    records.tell(H1, Leave("net1", A, 1, has_said_goodbye=True), 1.5)
    records.expire(1.0 + HANDOVER)
    assert records.granted == []


def test_one_that_another_hubs_news_has_introduced_meanwhile_waits_no_more() -> None:
    records = arrived()
    records.tell(H1, join((A, 1)), 1.0)
    records.tell(H1, join((A, 1), granted=(1,)), 1.5)
    records.expire(1.0 + HANDOVER)
    assert records.granted == []


def test_where_there_is_no_room_nobody_waits() -> None:
    records = arrived(max_records=0)
    records.tell(H1, join((A, 1)), 1.0)
    assert records.rendezvous.table.refused == 1
    assert records.rendezvous.deadline() is None


# What a backup has stored


def test_of_two_that_want_an_id_nobody_hears_before_it_is_clear_whose_it_is() -> None:
    records = arrived()
    records.tell(H1, join((A, 1), is_primary=False), 5.0)
    records.tell(H2, join((A, 9), is_primary=False), 5.0)
    records.tell(H3, join((C, 5), granted=(5,)), 5.0)
    elder = Join("net1", (Member(A, 1, b"{}"),), is_primary=True, has_enough=(1,), granted=(1,))
    assert [hub for hub, _ in records.tell(H1, elder, 5.1)] == [H1, H3], "C has not heard of it"
