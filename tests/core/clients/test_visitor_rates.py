"""What a foreign client may do without end: all of it has a rate that no real client comes near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.clients.rates import DRAWS, ENTRY, FORBEARANCE, PUBLICATION, PUBLISHED
from peerpigeon.core.dialects.tracker import MAX_MEMBERS
from tests.core.harness import Desk
from tests.core.swarms.test_draws import announce, offers, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import SessionId
    from tests.core.harness import Json

SWARM = "swarm".ljust(20)
ANNOUNCES = (1008, "too many announces")
NONSENSE = (1008, "too many messages that cannot be used")


def peerjs(desk: Desk) -> SessionId:
    session = desk.visit("/peerjs?key=peerjs&id=me&token=secret", dialect="peerjs")
    desk.take(session)
    return session


def message(target: str) -> Json:
    return {"type": "CANDIDATE", "dst": target, "payload": {"candidate": "c" * 100}}


def flood(desk: Desk, session: SessionId, say: Callable[[int], object], most: int) -> int:
    """Let a client speak until it is closed; return how often it had."""
    for number in range(most):
        if session in desk.closed:
            return number
        desk.say(session, say(number))
        desk.sent.clear()
    raise AssertionError("it goes on for ever")


def test_a_client_with_many_swarms_announces_all_of_them_with_offers_whenever_it_comes() -> None:
    desk = Desk()
    swarms = [f"swarm {number}".ljust(20) for number in range(MAX_MEMBERS)]
    for time in (0.0, 1.0, 2.0, 3.0):
        session = desk.visit("/announce", now=time, dialect="tracker")
        for _ in range(4):
            for swarm in swarms:
                desk.say(session, announce("peer", swarm, 10), time)
        desk.say(session, {"action": "scrape", "info_hash": swarms}, time)
        desk.lose(session, time)
    assert not desk.paused
    assert not desk.closed


def test_offers_without_end_reach_others_at_the_rate_and_their_author_is_closed() -> None:
    desk = Desk()
    other, author = visit(desk, "other"), visit(desk, "author")
    desk.take(other)
    now, got = 0.0, 0
    while author not in desk.closed and now < 1000.0:
        # Whoever is not read for a while has a lot to say then.
        for _ in range(0 if author in desk.paused else 200):
            desk.say(author, announce("author", SWARM, 1), now)
        got += len(offers(desk.take(other)))
        now += 0.25
        desk.tick(now)
    assert desk.closed[author] == ANNOUNCES
    assert other not in desk.closed
    assert got <= (DRAWS.at_once + DRAWS.per_second * (now + FORBEARANCE)) / 2 + 200


@pytest.mark.parametrize(
    "say",
    [
        lambda _: announce("peer", SWARM, 5),
        lambda _: {"action": "scrape", "info_hash": [f"{one}".ljust(20) for one in range(200)]},
        lambda number: announce("peer", SWARM, event="stopped" if number % 2 else "started"),
        lambda number: announce("peer", SWARM, event="stopped"),
    ],
    ids=["offers", "scrapes", "who comes and leaves", "who leaves"],
)
def test_who_goes_on_to_announce_is_slowed_and_then_closed(say: Callable[[int], Json]) -> None:
    desk = Desk()
    session = visit(desk, "peer")
    flood(desk, session, say, DRAWS.at_once + int(FORBEARANCE) * DRAWS.per_second + 2)
    assert desk.closed[session] == ANNOUNCES
    assert any("read more slowly" in each.text for each in desk.warned)


def test_who_comes_to_swarms_and_leaves_them_counts_more_than_who_stays() -> None:
    desk = Desk()
    session = visit(desk, "peer")
    for _ in range((DRAWS.at_once - 1 - ENTRY) // (1 + ENTRY + 1)):
        desk.say(session, announce("peer", SWARM, event="stopped"))
        desk.say(session, announce("peer", SWARM))
    assert session not in desk.paused
    for _ in range(2):
        desk.say(session, announce("peer", SWARM, event="stopped"))
        desk.say(session, announce("peer", SWARM))
    assert session in desk.paused


def test_publications_that_nobody_hears_here_count_for_the_hubs_that_hand_them_out() -> None:
    desk = Desk()
    visitor = desk.visit()
    for _ in range(PUBLISHED.at_once // PUBLICATION):
        desk.say(visitor, '{"type":"publish","topic":"room"}')
    assert visitor not in desk.paused
    desk.say(visitor, '{"type":"publish","topic":"room"}')
    assert visitor in desk.paused


@pytest.mark.parametrize(
    "text", ["not json", '{"action":"nonsense"}', '{"action":"announce","info_hash":"x"}', "[]"]
)
def test_who_goes_on_to_say_what_no_tracker_knows_is_answered_slowed_and_closed(text: str) -> None:
    desk = Desk()
    session = visit(desk, "peer")
    desk.take(session)
    desk.say(session, text)
    assert "failure reason" in desk.take(session)[0]
    assert flood(desk, session, lambda _: text, 1000) > 160
    assert desk.closed[session] == NONSENSE


@pytest.mark.parametrize(
    "say",
    [
        lambda _: message("nobody"),
        lambda number: message(f"nobody {number}"),
    ],
    ids=["one", "many"],
)
def test_messages_for_ids_that_never_come_are_slowed_and_their_author_closed(
    say: Callable[[int], Json],
) -> None:
    desk = Desk()
    session, other = peerjs(desk), desk.visit("/peerjs?key=peerjs&id=b&token=t", dialect="peerjs")
    flood(desk, session, say, 100_000)
    assert desk.closed[session] == NONSENSE
    assert other not in desk.closed


def test_answers_for_peers_that_are_not_there_are_slowed_and_their_author_closed() -> None:
    desk = Desk()
    session = visit(desk, "peer")

    def answer(number: int) -> Json:
        answer = {"type": "answer", "sdp": "x"}
        return announce("peer", SWARM, to_peer_id=f"{number}".ljust(20), answer=answer)

    flood(desk, session, answer, 100_000)
    assert desk.closed[session] == NONSENSE
