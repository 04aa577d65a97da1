"""What a member of a swarm sends is dealt to others, drawn over all hubs."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of, readable
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.events import LinkReceived, Permits, Tick
from peerpigeon.core.memory import Pot
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.swarms import dealing
from peerpigeon.core.wire.hub_news import Counted, Dealt, Draw
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import Desk, Json
from tests.core.hubs import FIRST, LATER, SECOND, THIRD, Hubs

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId

IDS = (FIRST, SECOND, THIRD)
FOURTH = PeerId("4" * 40)
Visitor = tuple[int, int]


def announce(peer: str, info_hash: str, offers: int = 0, **more: object) -> Json:
    offered = [
        {"offer": {"type": "offer", "sdp": f"{peer}"}, "offer_id": f"{n}"} for n in range(offers)
    ]
    message = {"action": "announce", "info_hash": info_hash, "peer_id": peer.ljust(20, ".")}
    return message | {"offers": offered, "left": 1} | more


def namespace_of_swarm(info_hash: str) -> str:
    return namespace_of(Kind.SWARM, info_hash.encode().hex())


def swarm_of(lead: PeerId, also: PeerId | None = None) -> str:
    """Return the hash of a swarm whose lead a hub is, and whose lead another one is with that."""
    now, then = Placement(IDS), Placement((*IDS, also or lead))
    for number in range(1000):
        info_hash = f"swarm {number}".ljust(20, ".")
        namespace = namespace_of_swarm(info_hash)
        if now.primary(namespace) == lead and then.primary(namespace) == (also or lead):
            return info_hash
    raise AssertionError("no such swarm")


def mesh(**options: object) -> Hubs:
    hubs = Hubs(*IDS, **options)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        hubs.link(one, other)
    hubs.run()
    hubs.pass_time(6.0)
    return hubs


def come(hubs: Hubs, number: int, peer: str, info_hash: str) -> Visitor:
    visitor = hubs.visit_as(number, "tracker", "/announce")
    hubs.say(visitor, announce(peer, info_hash))
    hubs.run()
    return visitor


def offers(messages: list[Json]) -> list[str]:
    return [each["offer"]["sdp"] for each in messages if "offer" in each]


def counts(messages: list[Json]) -> list[tuple[int, int]]:
    return [(each["complete"], each["incomplete"]) for each in messages if "complete" in each]


def intervals(messages: list[Json]) -> list[int]:
    return [each["interval"] for each in messages if "interval" in each]


# One hub


def visit(desk: Desk, peer: str, info_hash: str = "swarm".ljust(20)) -> SessionId:
    session = desk.visit("/announce", dialect="tracker")
    desk.say(session, announce(peer, info_hash))
    return session


def test_offers_go_to_others_each_to_another_one() -> None:
    desk = Desk()
    one, *others = [visit(desk, f"peer {number}") for number in range(4)]
    for session in (one, *others):
        desk.take(session)
    desk.say(one, announce("peer 0", "swarm".ljust(20), 5))
    assert counts(desk.take(one)) == [(0, 4)]
    assert [len(offers(desk.take(other))) for other in others] == [1, 1, 1]


def test_the_draw_is_uniform() -> None:
    desk = Desk()
    sessions = [visit(desk, f"peer {number}") for number in range(11)]
    for session in sessions:
        desk.take(session)
    for _ in range(500):
        desk.say(sessions[5], announce("peer 5", "swarm".ljust(20), 2))
    drawn = Counter({session: len(offers(desk.take(session))) for session in sessions})
    assert drawn[sessions[5]] == 0
    assert drawn.total() == 1000
    # Chi-square with nine degrees of freedom: over 27.9 once in a thousand.
    del drawn[sessions[5]]
    assert sum((count - 100) ** 2 / 100 for count in drawn.values()) < 27.9


def test_who_has_all_is_counted_by_itself_and_who_leaves_no_more() -> None:
    desk = Desk()
    one, seeder = visit(desk, "one"), desk.visit("/announce", dialect="tracker")
    desk.say(seeder, announce("seeder", "swarm".ljust(20), left=0))
    desk.say(one, announce("one", "swarm".ljust(20)))
    assert counts(desk.take(one))[-1] == (1, 1)
    desk.say(one, announce("one", "swarm".ljust(20), event="completed"))
    assert counts(desk.take(one)) == [(2, 0)]
    desk.lose(seeder)
    desk.say(one, announce("one", "swarm".ljust(20)))
    assert counts(desk.take(one)) == [(1, 0)]


def test_a_scrape_tells_of_swarms_that_are_not_there_too() -> None:
    desk = Desk()
    one = visit(desk, "one")
    desk.take(one)
    desk.say(one, {"action": "scrape", "info_hash": ["swarm".ljust(20), "nobody".ljust(20)]})
    [scraped] = desk.take(one)
    assert {each["incomplete"] for each in scraped["files"].values()} == {0, 1}


def test_a_scrape_does_not_tell_of_swarms_that_its_client_may_not_enter() -> None:
    swarm = readable(namespace_of_swarm("secret".ljust(20)))
    desk = Desk(ServerConfig(namespace_access=(f"{swarm}=token",), token_keys="keys.json"))
    insider = desk.visit("/announce", dialect="tracker", permits=Permits(None, (swarm,), 1e9))
    desk.say(insider, announce("insider", "secret".ljust(20)))
    stranger = desk.visit("/announce", dialect="tracker")
    for session, count in ((insider, 1), (stranger, 0)):
        desk.take(session)
        desk.say(session, {"action": "scrape", "info_hash": "secret".ljust(20)})
        [scraped] = desk.take(session)
        assert [each["incomplete"] for each in scraped["files"].values()] == [count]


def test_a_hub_without_memory_tells_what_it_knows() -> None:
    hubs, info_hash = mesh(), swarm_of(SECOND)
    one, other = come(hubs, 0, "one", info_hash), come(hubs, 1, "other", info_hash)
    hubs.take(one), hubs.take(other)
    hubs.hubs[0]._clients.draws._memory = Pot(0, set())
    hubs.say(one, announce("one", info_hash, 5))
    hubs.run()
    assert counts(hubs.take(one)) == [(0, 1)]
    assert hubs.take(other) == []


def test_who_is_gone_is_told_nothing() -> None:
    desk = Desk(ServerConfig(is_hub=True))
    one = visit(desk, "one")
    draws = desk.hub._clients.draws
    draws.draw(one, namespace_of_swarm("swarm".ljust(20)), None, (), 0.0)
    desk.lose(one)
    assert len(draws) == 0


def test_who_says_nothing_for_long_has_left() -> None:
    desk = Desk()
    one, other = visit(desk, "one"), visit(desk, "other")
    for time in (250.0, 500.0, 750.0, 1000.0, 1250.0):
        desk.tick(time)
        desk.pong(one, time)
        desk.pong(other, time)
        desk.say(other, announce("other", "swarm".ljust(20)), time)
    assert counts(desk.take(other))[-1] == (0, 1)
    assert one not in desk.closed


# Across hubs


@pytest.mark.parametrize("lead", IDS)
def test_offers_go_to_members_at_all_hubs_and_answers_come_back(lead: PeerId) -> None:
    hubs, info_hash = mesh(), swarm_of(lead)
    one, *others = [come(hubs, number % 3, f"peer {number}", info_hash) for number in range(5)]
    for visitor in (one, *others):
        hubs.take(visitor)
    hubs.say(one, announce("peer 0", info_hash, 5))
    hubs.run()
    assert counts(hubs.take(one)) == [(0, 5)]
    heard = [hubs.take(other) for other in others]
    assert [offers(each) for each in heard] == [["peer 0"]] * 4
    for number, other in enumerate(others, 1):
        answer = {"type": "answer", "sdp": f"of {number}"}
        back = announce(f"peer {number}", info_hash)
        del back["offers"]
        to = {"to_peer_id": "peer 0".ljust(20, "."), "answer": answer, "offer_id": "0"}
        hubs.say(other, back | to)
        hubs.run()
    assert [each["answer"]["sdp"] for each in hubs.take(one)] == [f"of {n}" for n in range(1, 5)]


@pytest.mark.parametrize("lead", IDS)
def test_a_peer_at_two_hubs_is_in_its_swarm_once_until_the_first_socket_is_gone(
    lead: PeerId,
) -> None:
    """A client that has two hubs of a mesh for its trackers."""
    hubs, info_hash = mesh(), swarm_of(lead)
    ann, ben = come(hubs, 0, "ann", info_hash), come(hubs, 2, "ben", info_hash)
    spare = hubs.visit_as(1, "tracker", "/announce")
    hubs.say(spare, announce("ann", info_hash, 5))
    hubs.run()
    hubs.pong(ann)
    hubs.run()
    assert counts(hubs.take(ann)) == [(0, 1)]
    [answer] = hubs.take(spare)
    assert counts([answer]) == [(0, 2)]
    assert answer["interval"] == 30
    assert offers(hubs.take(ben)) == [], "answers would come to the first socket"
    hubs.say(ben, announce("ben", info_hash, 5))
    hubs.run()
    assert (offers(hubs.take(ann)), hubs.take(spare)) == (["ben"], [])
    hubs.lose(ann)
    hubs.say(spare, announce("ann", info_hash, 5))
    hubs.run()
    assert counts(hubs.take(spare)) == [(0, 2)]
    hubs.take(ben)
    hubs.say(ben, announce("ben", info_hash, 5))
    hubs.run()
    assert offers(hubs.take(spare)) == ["ben"]


def test_a_draw_is_uniform_over_members_and_hubs() -> None:
    """2,000 peers, half of them at one hub."""
    hubs, info_hash = mesh(max_connections=2000, max_connections_per_address=2000), swarm_of(SECOND)
    places = [0, 1, 0, 2] * 500
    peers = [come(hubs, hub, f"peer {number}", info_hash) for number, hub in enumerate(places)]
    for number, peer in enumerate(peers):
        hubs.say(peer, announce(f"peer {number}", info_hash, 5))
    hubs.run()
    hubs.pass_time(1.0)  # as much as that is drawn piece by piece
    drawn = [len(offers(hubs.take(peer))) for peer in peers]
    assert sum(drawn) == 10_000
    # Chi-square, each over this once in a thousand: 1,999 degrees of freedom, and two.
    assert sum((count - 5) ** 2 / 5 for count in drawn) < 2200
    by_hub = [
        sum(count for count, at in zip(drawn, places, strict=True) if at == n) for n in range(3)
    ]
    wanted = (5000, 2500, 2500)
    assert sum((n - w) ** 2 / w for n, w in zip(by_hub, wanted, strict=True)) < 13.8


@pytest.mark.parametrize("lead", IDS)
@pytest.mark.parametrize("number", range(5))
def test_ten_peers_at_three_hubs_are_one_piece_after_three_announces(
    number: int, lead: PeerId
) -> None:
    """With five offers each, as real clients make."""
    hubs, info_hash = mesh(), swarm_of(lead)
    names = [f"peer {each} of {number}" for each in range(10)]
    peers = [come(hubs, each % 3, name, info_hash) for each, name in enumerate(names)]
    for _ in range(3):
        for name, peer in zip(names, peers, strict=True):
            hubs.say(peer, announce(name, info_hash, 5))
            hubs.run()
    met = {
        frozenset((name, other))
        for name, peer in zip(names, peers, strict=True)
        for other in offers(hubs.take(peer))
    }
    # Of the 45 pairs 0.3 are left out on average.
    assert len(met) >= 42
    piece = {names[0]}
    for _ in names:
        piece |= {name for pair in met if pair & piece for name in pair}
    assert piece == set(names)


@pytest.mark.parametrize("first", range(0, 256, 20))
def test_hashes_and_ids_have_bytes_of_every_value(first: int) -> None:
    text = "".join(chr((first + number) % 256) for number in range(20))
    hubs = mesh()
    sockets = []
    for number, peer_id in ((0, text), (2, text[::-1])):
        sockets.append(visitor := hubs.visit_as(number, "tracker", "/announce"))
        hubs.say(visitor, announce("x", text) | {"peer_id": peer_id})
        hubs.run()
    one, other = sockets
    hubs.take(one), hubs.take(other)
    hubs.say(one, announce("x", text, 1) | {"peer_id": text})
    hubs.run()
    [heard] = hubs.take(other)
    assert (heard["info_hash"], heard["peer_id"]) == (text, text)
    assert counts(hubs.take(one)) == [(0, 2)]


def test_members_are_not_introduced() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    visitors = [come(hubs, number, f"peer {number}", info_hash) for number in (0, 1, 2)]
    hubs.pass_time(5.0)
    assert [len(counts(hubs.take(visitor))) for visitor in visitors] == [1, 1, 1]


def test_a_question_goes_to_the_next_lead_when_one_dies_but_offers_do_not() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one, other = come(hubs, 0, "one", info_hash), come(hubs, 1, "other", info_hash)
    hubs.take(one), hubs.take(other)
    hubs.say(one, announce("one", info_hash, 1))
    hubs.lose_frames()
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.run()
    hubs.pass_time(5.0)
    told = hubs.take(one)
    assert counts(told) == [(0, 2)]
    assert intervals(told) == [15]
    # The dead one may have dealt them: nobody knows.
    assert offers(hubs.take(other)) == []
    hubs.say(one, announce("one", info_hash, 1))
    hubs.run()
    assert intervals(hubs.take(one)) == [120]
    assert offers(hubs.take(other)) == ["one"]


def test_what_a_lead_has_dealt_before_it_died_is_not_dealt_again() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one = come(hubs, 0, "one", info_hash)
    others = [come(hubs, 1, f"other {number}", info_hash) for number in range(4)]
    hubs.take(one)
    for other in others:
        hubs.take(other)
    hubs.say(one, announce("one", info_hash, 3))
    hubs.cut(next(end for end in hubs.others if {end[0], hubs.others[end][0]} == {0, 1}))
    while not any(map(hubs.sent.get, others)):
        end, frame = hubs.frames.receive_next()
        hubs.feed(hubs.others[end][0], LinkReceived(hubs.others[end][1], frame))
    # Its answer does not come any more.
    hubs.lose_frames()
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(10.0)
    assert [len(offers(hubs.take(other))) for other in others].count(1) == 3
    assert intervals(hubs.take(one)) == [15]


def test_a_lead_that_is_one_no_more_but_lives_deals_what_it_was_sent_and_nobody_else() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD, also=FOURTH)
    one, other = come(hubs, 0, "one", info_hash), come(hubs, 1, "other", info_hash)
    hubs.take(one), hubs.take(other)
    hubs.add(FOURTH)
    for number in range(3):
        hubs.link(number, 3)
    hubs.run()
    asked = hubs.hubs[0]._clients.draws._asked
    hubs.say(one, announce("one", info_hash, 1))
    [question] = asked.values()
    assert question.lead == THIRD
    hubs.now += 1.0
    for number in (3, 1, 0):
        hubs.feed(number, Tick())
    assert question.lead == FOURTH
    hubs.run()
    hubs.pass_time(5.0)
    assert offers(hubs.take(other)) == ["one"]
    told = hubs.take(one)
    assert len(counts(told)) == 1
    assert intervals(told) == [15]


def test_a_lead_that_was_restarted_is_asked_anew() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one, other = come(hubs, 0, "one", info_hash), come(hubs, 0, "other", info_hash)
    hubs.say(one, announce("one", info_hash, event="completed"))
    hubs.run()
    hubs.take(one), hubs.take(other)
    hubs.say(one, announce("one", info_hash, 1))
    hubs.say(one, {"action": "scrape", "info_hash": info_hash})
    hubs.lose_frames()
    hubs.restart(2)
    hubs.pass_time(5.0)
    # By itself the hub of both would not know that one is complete.
    announced, scraped = hubs.take(one)
    assert (counts([announced]), intervals([announced])) == ([(1, 1)], [15])
    assert scraped["files"][info_hash] == {"complete": 1, "incomplete": 1, "downloaded": 1}
    assert offers(hubs.take(other)) == []


def test_what_an_earlier_lead_has_not_got_does_not_end_a_question() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one = come(hubs, 0, "one", info_hash)
    hubs.take(one)
    hubs.say(one, announce("one", info_hash, 1))
    draws = hubs.hubs[0]._clients.draws
    [asked] = draws._asked.values()
    draws.on_failure(SECOND, asked.question, Reason.EXPIRED)
    assert list(draws._asked.values()) == [asked]
    hubs.run()
    assert intervals(hubs.take(one)) == [120]


def test_who_has_come_with_too_many_others_is_not_asked_to_come_at_once() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one = come(hubs, 0, "one", info_hash)
    hubs.take(one)
    draws = hubs.hubs[0]._clients.draws
    for reason in (Reason.OVERLOADED, Reason.EXPIRED):
        hubs.say(one, announce("one", info_hash, 1))
        [asked] = draws._asked.values()
        draws.on_failure(THIRD, asked.question, reason)
        hubs.feed(0, Tick())
    assert intervals(hubs.take(one)) == [16, 15]


def test_a_crowd_that_finds_no_room_is_asked_to_come_one_after_the_other() -> None:
    """At once it would find as little room the next time, and every time."""
    hubs, info_hash = mesh(), swarm_of(THIRD)
    names = [f"peer {number}" for number in range(300)]
    crowd = [come(hubs, 0, name, info_hash) for name in names]
    hubs.pass_time(1.0)
    for one in crowd:
        hubs.take(one)
    large = [{"offer": {"type": "offer", "sdp": "v=0" + "x" * 12_000}, "offer_id": "1"}] * 4
    for name, one in zip(names, crowd, strict=True):
        hubs.say(one, announce(name, info_hash) | {"offers": large})
    hubs.feed(0, Tick())
    refused = {
        number: interval
        for number, one in enumerate(crowd)
        for interval in intervals(hubs.take(one))
    }
    assert 50 < len(refused) < 250
    assert 15 <= min(refused.values()) < max(refused.values()) <= 120
    assert max(Counter(refused.values()).values()) <= 1 + len(refused) // 106
    hubs.pass_time(15.0)
    for number in sorted(refused, key=lambda one: refused[one]):
        hubs.say(crowd[number], announce(names[number], info_hash) | {"offers": large})
        hubs.pass_time(0.1)
    hubs.pass_time(1.0)
    told = [hubs.take(one) for one in crowd]
    assert [each for one in told for each in intervals(one)] == [120] * 300
    assert sum(len(offers(one)) for one in told) == 4 * 300


def test_what_nobody_answers_is_answered_here() -> None:
    hubs, info_hash = mesh(signal_lifetime=2.0), swarm_of(THIRD)
    one = come(hubs, 0, "one", info_hash)
    hubs.take(one)
    for step in range(40):
        if step in (0, 10):
            hubs.say(one, announce("one", info_hash, 1))
        hubs.lose_frames()
        hubs.now += 0.1
        for number in (0, 1):
            hubs.feed(number, Tick())
        hubs.hubs[0]._clients.draws.placed()  # the lead is the same one
    assert counts(hubs.take(one)) == [(0, 1)] * 2
    assert len(hubs.hubs[0]._clients.draws) == 0


def test_a_question_is_given_up_in_time_though_it_has_come() -> None:
    hubs, info_hash = mesh(signal_lifetime=2.0), swarm_of(THIRD)
    one = come(hubs, 0, "one", info_hash)
    hubs.take(one)
    hubs.say(one, announce("one", info_hash, 1))
    [asked] = hubs.hubs[0]._clients.draws._asked.values()
    asked.lead = SECOND  # so that the word of the third one counts for nothing
    hubs.pass_time(1.9)
    assert hubs.take(one) == []
    hubs.pass_time(0.2)
    assert counts(hubs.take(one)) == [(0, 1)]


# What other hubs may say


def test_only_rendezvous_hubs_deal_and_only_to_members() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    namespace = namespace_of_swarm(info_hash)
    one = come(hubs, 0, "one", info_hash)
    hubs.take(one)
    own = hubs.hubs[0]._namespaces.presence.find(
        namespace,
        member_id(Kind.SWARM, info_hash.encode().hex(), "one".ljust(20, ".").encode().hex()),
    )
    assert own is not None
    hubs.inject(0, Dealt(namespace, ((own.session, b'{"offer":1}'), (LATER, b"1"))), THIRD)
    assert hubs.take(one) == [{"offer": 1}]
    hubs.inject(0, Dealt(namespace, ((own.session, b"no json"),)), THIRD)
    hubs.inject(0, Dealt("\0tnobody", ((own.session, b"1"),)), THIRD)
    assert hubs.take(one) == []


def test_nothing_is_dealt_to_who_has_not_got_its_place_yet() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    one = hubs.visit_as(0, "tracker", "/announce")
    hubs.say(one, announce("one", info_hash))
    namespace = namespace_of_swarm(info_hash)
    own = hubs.hubs[0]._namespaces.presence.find(
        namespace,
        member_id(Kind.SWARM, info_hash.encode().hex(), "one".ljust(20, ".").encode().hex()),
    )
    assert own is not None
    hubs.inject(0, Dealt(namespace, ((own.session, b'{"offer":1}'),)), THIRD)
    assert hubs.take(one) == []


@pytest.mark.parametrize("most", [1, 3, 20])
def test_who_is_drawn_is_drawn_once_and_each_as_often_as_others(most: int) -> None:
    population, rounds = 20, 2000
    drawing, drawn = Random(7), Counter[int]()
    for _ in range(rounds):
        chosen = list(dealing._sample(drawing, population, most))
        assert len(set(chosen)) == len(chosen) == most
        drawn.update(chosen)
    assert sorted(drawn) == list(range(population))
    mean = rounds * most / population
    assert all(abs(times - mean) < 6 * mean**0.5 for times in drawn.values())


def test_nothing_is_dealt_in_a_namespace_of_clients() -> None:
    hubs = mesh()
    client = hubs.join(2, "a" * 40)
    hubs.take(client)
    hubs.inject(2, Draw("net1", FIRST, LATER, (b"{}",)), FIRST)
    hubs.inject(2, Draw("net1", FIRST, LATER, (b"no json",)), FIRST)
    hubs.inject(0, Counted("net1", LATER, 1, 1), THIRD)
    hubs.run()
    assert hubs.take(client) == []


def test_what_could_not_be_dealt_is_dropped() -> None:
    hubs, info_hash = mesh(), swarm_of(THIRD)
    namespace = namespace_of_swarm(info_hash)
    draws = hubs.hubs[0]._clients.draws
    draws.on_failure(THIRD, Dealt(namespace, ()), Reason.EXPIRED)
    draws.on_failure(THIRD, Draw(namespace, FIRST, LATER, ()), Reason.EXPIRED)
    assert len(draws) == 0
