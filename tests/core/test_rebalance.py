"""A hub with far more clients than the others lets some go, and comes to rest (``rebalance``)."""

from __future__ import annotations

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.events import DrainRequested, PeerPonged
from peerpigeon.core.rebalance import (
    CLOSING,
    MOST_IN_A_SECOND,
    QUIET,
    ROUND,
    SETTLED,
    TELL_EVERY,
)
from tests.core.harness import A, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked

AWAY = (1012, "other hubs have fewer clients, connect again")


def peer(number: int) -> str:
    return f"{number:040x}"


def crowded(*counts: int, rebalance: bool = True) -> Hubs:
    """Return three hubs with so many clients each."""
    hubs = linked(FIRST, SECOND, THIRD, rebalance=rebalance, peer_timeout=86400.0)
    number = 0
    for hub, count in enumerate(counts):
        for _ in range(count):
            number += 1
            hubs.open(hub, peer(number))
    hubs.run()
    return hubs


def told(hubs: Hubs, by: int) -> list[int | None]:
    return [advert.clients for advert in hubs.hubs[by].status.adverts()]


def let_go(hubs: Hubs, after: float) -> list[int]:
    """Return of which hub clients are let go, in order; they stay away."""
    hubs.closed.clear()
    hubs.pass_time(after)
    assert set(hubs.closed.values()) <= {AWAY}
    gone = list(hubs.closed)
    for client in gone:
        hubs.lose(client)
    return [hub for hub, _ in gone]


def test_hubs_tell_each_other_about_how_many_clients_they_have() -> None:
    hubs = crowded(20, 3, 0)
    hubs.pass_time(2 * TELL_EVERY)
    assert told(hubs, 2) == [20, 3, 0]


def test_foreign_clients_are_not_let_go_for_balance() -> None:
    """Those of trackers would be away for minutes."""
    hubs = crowded(0, 0, 0)
    for dialect, target in (("tracker", "/announce"), ("y-webrtc", "/y-webrtc")):
        for _ in range(30):
            hubs.visit_as(0, dialect, target)
    hubs.run()
    assert let_go(hubs, 10 * ROUND) == []


def test_they_tell_it_again_when_it_is_another_number_and_seldom() -> None:
    hubs = crowded(20, 0, 0)
    hubs.pass_time(2 * TELL_EVERY)
    marks = [advert.mark for advert in hubs.hubs[1].status.adverts()]
    for number in range(2):
        hubs.open(0, peer(100 + number))
    hubs.pass_time(2 * TELL_EVERY)
    assert [advert.mark for advert in hubs.hubs[1].status.adverts()] == marks
    hubs.open(0, peer(102))
    hubs.pass_time(0.5)
    assert told(hubs, 1) == [20, 0, 0]
    hubs.pass_time(2 * TELL_EVERY)
    assert told(hubs, 1) == [23, 0, 0]


def test_without_the_option_nothing_is_told_and_nobody_is_let_go() -> None:
    hubs = crowded(60, 0, 0, rebalance=False)
    assert let_go(hubs, 10 * ROUND) == []
    assert told(hubs, 1) == [None, None, None]


def test_a_hub_with_far_more_than_its_share_lets_half_of_the_excess_go_in_a_round() -> None:
    """Of 60 clients 20 are its share. In the first round they have not been there for long."""
    hubs = crowded(60, 0, 0)
    hubs.pass_time(ROUND - 3.0)
    hubs.pass_time(SETTLED)
    hubs.closed.clear()
    hubs.pass_time(ROUND)
    assert len(hubs.closed) in range(18, 22)
    assert set(hubs.closed.values()) == {AWAY}


def test_it_stops_when_it_has_about_its_share_and_never_begins_again() -> None:
    hubs = crowded(60, 0, 0)
    newcomer = 1000
    for _ in range(40):
        for _ in let_go(hubs, 5.0):
            newcomer += 1
            hubs.open(1 + newcomer % 2, peer(newcomer))
    counts = [hub.status.snapshot(hubs.now).connections for hub in hubs.hubs]
    assert sum(counts) == 60
    assert max(counts) <= 24
    assert let_go(hubs, 20 * ROUND) == []


def test_a_little_more_than_others_is_no_reason() -> None:
    assert let_go(crowded(30, 20, 20), 10 * ROUND) == []
    assert let_go(crowded(9, 0, 0), 10 * ROUND) == []


def test_who_has_just_spoken_or_just_come_is_left_alone() -> None:
    hubs = crowded(60, 0, 0)
    chatty = SessionId(next(session for session in range(1, 100) if session_of(hubs, session)))
    for _ in range(int(3 * ROUND)):
        hubs.feed(0, PeerPonged(chatty, 0))
        hubs.pass_time(1.0)
    assert (0, chatty) not in hubs.closed
    assert hubs.closed


def session_of(hubs: Hubs, session: int) -> bool:
    return hubs.hubs[0]._clients.registry.get(SessionId(session)) is not None


def test_who_begins_to_speak_meanwhile_is_left_alone() -> None:
    hubs = crowded(60, 0, 0)
    hubs.pass_time(2 * ROUND - 3.0)
    for _ in range(40):
        for session in range(1, 100):
            if session_of(hubs, session):
                hubs.feed(0, PeerPonged(SessionId(session), 0))
        hubs.pass_time(QUIET / 10)
        hubs.closed.clear()
    hubs.pass_time(QUIET / 10)
    assert not hubs.closed


def test_no_more_are_let_go_in_a_second_than_others_notice() -> None:
    hubs = crowded(1000, 0, 0)
    hubs.pass_time(2 * ROUND - 4.0)
    hubs.closed.clear()
    hubs.pass_time(ROUND)
    assert 0 < len(hubs.closed) <= MOST_IN_A_SECOND * CLOSING


def test_if_they_come_back_the_rounds_become_rare() -> None:
    """They know no other hub."""
    hubs = crowded(60, 0, 0)
    newcomer, counts = 1000, []
    for _ in range(8):
        closed = 0
        for _ in range(120):
            for _ in let_go(hubs, 5.0):
                newcomer, closed = newcomer + 1, closed + 1
                hubs.open(0, peer(newcomer))
        counts.append(closed)
    assert counts[0] > 30
    assert sum(counts[4:]) <= 2 * 20


def test_a_hub_that_drains_does_nothing_else() -> None:
    hubs = crowded(60, 0, 0)
    hubs.feed(0, DrainRequested(10_000.0))
    hubs.closed.clear()
    hubs.pass_time(10 * ROUND)
    assert AWAY not in hubs.closed.values()


def test_hubs_that_drain_count_for_nothing() -> None:
    """Else a hub would send its clients to one that is about to stop."""
    hubs = crowded(30, 30, 0)
    hubs.feed(2, DrainRequested(60.0))
    assert let_go(hubs, 10 * ROUND) == []


def test_a_server_alone_has_nobody_to_compare_with() -> None:
    desk = Desk()
    desk.join(A)
    assert desk.hub.deadline() is not None
