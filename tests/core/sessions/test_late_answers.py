"""A client that has a lot to read before a ping is not judged before it can have read that."""

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.events import PingSent, Tick
from peerpigeon.core.interface.reading import ReadProgress
from peerpigeon.core.namespaces.id_owners import CHALLENGE_TIMEOUT, MOST_DELAYS, IdOwners
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.records import NamespaceRecords, Record
from peerpigeon.core.sessions.takeover import LONGEST_READING, READING_RATE
from peerpigeon.core.wire.hub_news import Located, Member
from tests.core.harness import A, B, C, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked, news_under_way
from tests.core.reference.test_links import R, come, hub_desk

REFUSED = (1008, "Peer already connected")
SILENT = (1008, "peerId connected again, no answer here")
FULL = (1008, "Maximum connections reached")


# What has been read


def test_what_was_sent_before_an_answered_ping_is_read() -> None:
    progress = ReadProgress()
    assert progress.pinged(1, 1000) == 1000
    progress.ponged(1)
    assert progress.pinged(2, 1500) == 500


def test_one_ping_is_followed_until_it_is_answered_or_a_later_one() -> None:
    progress = ReadProgress()
    progress.pinged(1, 1000)
    progress.pinged(2, 5000)
    progress.ponged(0)
    assert progress.pinged(3, 6000) == 6000
    progress.ponged(2)
    assert progress.pinged(4, 7000) == 6000
    progress.ponged(3)
    assert progress.pinged(5, 7000) == 6000, "that is an answer to what was asked before"
    progress.ponged(5)
    assert progress.pinged(6, 7000) == 0


# Ids


@pytest.mark.parametrize(
    ("unread", "until"),
    [
        (READING_RATE, 8.0),
        (10 * READING_RATE, 17.0),
        (10**12, 7.0 + LONGEST_READING),
    ],
)
def test_the_holder_of_an_id_has_time_to_read_what_was_sent_before_the_ping(
    unread: int, until: float
) -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    desk.feed(PingSent(first, desk.last_ping, unread), now=5.0)
    desk.tick(until - 0.1)
    assert desk.closed == {}
    desk.pong(first, now=until - 0.1)
    assert desk.closed == {second: REFUSED}


def test_one_that_gives_no_answer_until_then_loses_its_id() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    desk.feed(PingSent(first, desk.last_ping, 10 * READING_RATE), now=5.0)
    desk.tick(17.0)
    assert desk.closed == {first: SILENT}
    assert second not in desk.closed


def test_what_was_before_another_ping_is_no_excuse() -> None:
    desk = Desk(ServerConfig(cleanup_interval=4.0))
    first = desk.join(A)
    desk.tick(4.0)
    earlier = desk.last_ping
    desk.join(A, now=5.0)
    desk.feed(PingSent(first, earlier, 10 * READING_RATE), now=5.0)
    desk.feed(PingSent(SessionId(99), desk.last_ping, 10 * READING_RATE), now=5.0)
    desk.tick(7.0)
    assert desk.closed == {first: SILENT}


def test_a_guest_has_the_time_that_its_hub_needs() -> None:
    desk = hub_desk()
    session = come(desk, R, B)
    other = desk.join(B, now=1.0)
    desk.feed(PingSent(session, desk.last_ping, 10 * READING_RATE), now=1.0)
    desk.tick(12.0)
    desk.pong(session, now=12.0)
    assert desk.closed == {other: REFUSED}


# Places


def test_a_client_that_has_a_lot_to_read_keeps_its_place_at_a_full_hub() -> None:
    desk = Desk(ServerConfig(max_connections=1))
    first = desk.join(A)
    other = desk.open(B, now=5.0)
    desk.feed(PingSent(first, desk.last_ping, READING_RATE), now=5.0)
    assert desk.closed == {other: FULL}
    desk.tick(7.0)
    assert first not in desk.closed


# At two hubs


def contested(unread: int) -> tuple[Hubs, tuple[int, int], tuple[int, int]]:
    """Return hubs with an owner at the first that is asked for one at the second."""
    hubs = linked(FIRST, SECOND, THIRD)
    owner = hubs.join(0, A)
    newcomer = hubs.join(1, A)
    hubs.feed(0, PingSent(SessionId(owner[1]), hubs.last_ping, unread))
    return hubs, owner, newcomer


def test_another_hub_waits_for_the_answer_as_long_as_ours_does() -> None:
    hubs, owner, newcomer = contested(10 * READING_RATE)
    assert news_under_way(hubs)
    hubs.run()
    hubs.pass_time(11.5)
    assert hubs.closed == {}
    hubs.pong(owner)
    hubs.run()
    assert hubs.closed == {newcomer: REFUSED}


def test_another_hub_gets_the_id_when_the_time_is_over() -> None:
    hubs, owner, newcomer = contested(10 * READING_RATE)
    hubs.run()
    hubs.pass_time(13.0)
    assert hubs.closed == {owner: SILENT}
    assert newcomer not in hubs.closed


def test_a_hub_that_puts_its_answer_off_for_ever_gains_no_more_than_the_longest_time() -> None:
    owners, kept = IdOwners(Effects(0.0)), NamespaceRecords("net1", NamesByHub())
    holder, newcomer = (Record(Located(hub, Member(A, 5, b"{}")), 7) for hub in (FIRST, SECOND))
    owners.hold_aside(kept, newcomer, holder, 0.0)
    for _ in range(9):
        owners.wait_longer(kept, kept.conflicts[7], 10**9)
    late = [now for now in range(100) if list(owners.unanswered(float(now)))]
    assert late == [CHALLENGE_TIMEOUT * (1 + MOST_DELAYS)]
    assert LONGEST_READING < CHALLENGE_TIMEOUT * MOST_DELAYS


def test_who_comes_later_from_another_hub_hears_of_the_delay_too() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    owner = hubs.join(0, A)
    here = hubs.join(0, A)
    hubs.feed(0, PingSent(SessionId(owner[1]), hubs.last_ping, 10 * READING_RATE))
    elsewhere = hubs.join(1, A)
    hubs.pass_time(11.5)
    assert hubs.closed == {}
    hubs.pong(owner)
    hubs.feed(0, Tick())
    hubs.run()
    assert hubs.closed == {here: REFUSED, elsewhere: REFUSED}
    hubs.join(2, C)
