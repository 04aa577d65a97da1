"""The dialect of WebTorrent's tracker: conversations, and what real clients never say."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.dialects.dialect import (
    Count,
    Counted,
    Denied,
    Dialect,
    Draw,
    Enter,
    Exit,
    Fault,
    Granted,
    Say,
    Send,
    Taken,
    Undelivered,
    Want,
)
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of
from peerpigeon.core.dialects.tracker import (
    IDLE_ENOUGH,
    MAX_IDLE,
    MAX_MEMBERS,
    MAX_WAITING,
    MAX_WAITING_SIZE,
    Tracker,
)
from peerpigeon.core.dialects.tracker_counts import MAX_AWAITED, SPARE_INTERVAL
from peerpigeon.core.dialects.tracker_messages import MAX_OFFERS
from peerpigeon.core.ids import PeerId, SessionId

ANN, BEN = SessionId(1), SessionId(2)
HASH = "".join(map(chr, range(0, 256, 13)))
PEER, OTHER = "-WW0001-peer-one-...", "-WW0001-peer-two-..."


def hexed(text: str) -> str:
    return text.encode("latin-1").hex()


def swarm(info_hash: str = HASH) -> str:
    return namespace_of(Kind.SWARM, hexed(info_hash))


def member(peer: str = PEER, info_hash: str = HASH) -> PeerId:
    return member_id(Kind.SWARM, hexed(info_hash), hexed(peer))


def announce(peer: object = PEER, info_hash: object = HASH, **more: object) -> str:
    return json.dumps({"action": "announce", "info_hash": info_hash, "peer_id": peer} | more)


def hash_number(number: int) -> str:
    return f"{number:020}"


def told(wants: Iterable[Want]) -> list[dict[str, object]]:
    """Return what a client is told, and nothing else may be wanted."""
    texts = []
    for want in wants:
        assert isinstance(want, Say)
        texts.append(json.loads(want.payload))
    return texts


def told_off(wants: Iterable[Want]) -> dict[str, object]:
    """Return what a client is told of something that makes no sense, which is counted."""
    answer, fault = wants
    assert fault == Fault("a message that makes no sense")
    [text] = told([answer])
    return text


def fresh() -> Tracker:
    tracker = Tracker()
    assert list(tracker.opened(ANN, "/announce", 0.0)) == []
    return tracker


def with_member(**more: object) -> Tracker:
    """Return a tracker at which a peer has its place in a swarm."""
    tracker = fresh()
    tracker.said(ANN, announce(**more), 0.0)
    tracker.told(ANN, Granted(swarm(), member()), 0.0)
    return tracker


# Announces


def test_an_announce_enters_the_swarm_and_its_offers_are_drawn_for_once_it_has_its_place() -> None:
    tracker: Dialect = fresh()
    offers = [{"offer": {"type": "offer", "sdp": f"v={n}"}, "offer_id": HASH} for n in range(2)]
    first = announce(numwant=2, left=100, event="started", offers=offers)
    assert list(tracker.said(ANN, first, 0.0)) == [Enter(swarm(), member())]
    (draw,) = tracker.told(ANN, Granted(swarm(), member()), 0.0)
    assert isinstance(draw, Draw)
    assert (draw.namespace, draw.member) == (swarm(), member())
    assert [json.loads(each) for each in draw.payloads] == [
        {"action": "announce", **offer, "peer_id": PEER, "info_hash": HASH} for offer in offers
    ]
    assert list(json.loads(draw.payloads[0])) == [
        "action",
        "offer",
        "offer_id",
        "peer_id",
        "info_hash",
    ]
    assert list(tracker.told(ANN, Granted(swarm(), member()), 0.0)) == []


def test_each_announce_is_for_its_own_peer_and_swarm_whoever_was_the_last_one() -> None:
    tracker, other_hash = fresh(), HASH[::-1]
    places = [(PEER, HASH), (PEER, other_hash), (OTHER, HASH), (OTHER, other_hash)]
    for place in places:
        tracker.said(ANN, announce(*place), 0.0)
        tracker.told(ANN, Granted(swarm(place[1]), member(*place)), 0.0)
    for one in places:
        for other in places:
            for place in (one, one, other, one):
                wanted = [Draw(swarm(place[1]), member(*place), ())]
                assert list(tracker.said(ANN, announce(*place), 1.0)) == wanted


def test_the_answer_to_an_announce_has_the_counts() -> None:
    tracker = with_member()
    (said,) = tracker.told(ANN, Counted(swarm(), member(), 5, 2), 0.0)
    assert isinstance(said, Say)
    text = '{"complete":2,"incomplete":3,"action":"announce","interval":120,"info_hash":'
    assert said.payload.decode().startswith(text)
    assert json.loads(said.payload)["info_hash"] == HASH


def test_each_further_announce_draws_anew_and_does_not_enter_again() -> None:
    tracker = with_member()
    (draw,) = tracker.said(ANN, announce(offers=[{"offer": 1, "offer_id": 2}]), 1.0)
    assert isinstance(draw, Draw)
    assert [json.loads(each)["offer_id"] for each in draw.payloads] == [2]


@pytest.mark.parametrize(
    ("more", "is_complete"),
    [
        ({"left": 0}, True),
        ({"left": "0"}, True),
        ({"event": "completed"}, True),
        ({"event": "completed", "left": 5}, True),
        ({"left": 1}, False),
        ({"left": None}, False),
        ({"left": "all"}, False),
        ({"left": [0]}, False),
        ({}, False),
    ],
)
def test_a_seeder_is_who_says_that_nothing_is_left(
    more: dict[str, object], *, is_complete: bool
) -> None:
    """The reference takes ``null``, which clients say before they know, for 0."""
    (enter,) = fresh().said(ANN, announce(**more), 0.0)
    assert enter == Enter(swarm(), member(), is_flagged=is_complete)


def test_who_becomes_complete_says_so_once_and_stays_so() -> None:
    tracker = with_member(left=5)
    enter, draw = tracker.said(ANN, announce(event="completed"), 1.0)
    assert enter == Enter(swarm(), member(), is_flagged=True)
    assert isinstance(draw, Draw)
    for more in ({"left": 5}, {"event": "completed"}, {"left": 0}):
        (draw,) = tracker.said(ANN, announce(**more), 2.0)
        assert isinstance(draw, Draw)


@pytest.mark.parametrize(
    "event", ["started", "paused", "update", "empty", "", None, False, 0, "stopped"]
)
def test_events_that_there_are(event: object) -> None:
    assert not any(isinstance(want, Say) for want in fresh().said(ANN, announce(event=event), 0.0))


@pytest.mark.parametrize("event", ["begun", 5, True, [], {}])
def test_an_event_that_there_is_not(event: object) -> None:
    tracker = fresh()
    failed = {"action": "announce", "failure reason": "invalid event", "info_hash": HASH}
    assert told_off(tracker.said(ANN, announce(event=event), 0.0)) == failed
    answer = announce(event=event, answer={"sdp": ""}, to_peer_id=OTHER)
    assert told_off(tracker.said(ANN, answer, 0.0)) == failed


# Offers and answers


@pytest.mark.parametrize(
    ("offers", "usable"),
    [
        ([None], 0),
        ([5, "offer", [], {"offer": 1}], 1),
        ([{}], 1),
        ("offers", 0),
        ({"length": 3}, 0),
        (5, 0),
        (None, 0),
        ([{"offer": 1}] * (MAX_OFFERS + 1), MAX_OFFERS),
    ],
)
def test_offers_of_any_form_end_nothing(offers: object, usable: int) -> None:
    """``[null]`` ends the reference's process."""
    tracker = with_member()
    (draw,) = tracker.said(ANN, announce(offers=offers), 1.0)
    assert isinstance(draw, Draw)
    assert len(draw.payloads) == usable


def test_an_offer_that_no_hub_would_pass_on_is_left_out() -> None:
    tracker = with_member()
    deep = announce(offers=[{"offer": 1}]).replace("1}]", "[" * 128 + "]" * 128 + "}]")
    (draw,) = tracker.said(ANN, deep, 1.0)
    assert draw == Draw(swarm(), member(), ())


def test_an_answer_goes_to_who_made_the_offer_and_nobody_answers_it() -> None:
    tracker = with_member()
    answer = {"type": "answer", "sdp": "v=0"}
    text = announce(answer=answer, to_peer_id=OTHER, offer_id=[1], event="completed", offers=[{}])
    (send,) = tracker.said(ANN, text, 1.0)
    assert isinstance(send, Send)
    assert (send.namespace, send.sender, send.target) == (swarm(), member(), member(OTHER))
    assert not send.waits
    passed = json.loads(send.payload)
    wanted = {"action": "announce", "answer": answer, "offer_id": [1]}
    assert passed == wanted | {"peer_id": PEER, "info_hash": HASH}
    assert list(passed) == ["action", "answer", "offer_id", "peer_id", "info_hash"]
    news = Undelivered(swarm(), member(), member(OTHER))
    assert list(tracker.told(ANN, news, 2.0)) == []


def test_an_answer_of_who_is_not_there_makes_it_a_member() -> None:
    tracker = fresh()
    assert list(tracker.said(ANN, announce(answer={"sdp": ""}, to_peer_id=OTHER), 0.0)) == [
        Enter(swarm(), member())
    ]
    (send,) = tracker.told(ANN, Granted(swarm(), member()), 0.0)
    assert isinstance(send, Send)


def test_an_answer_that_no_hub_would_pass_on_is_dropped() -> None:
    tracker = with_member()
    text = announce(answer=1, to_peer_id=OTHER).replace(": 1,", ":" + "[" * 128 + "]" * 128 + ",")
    assert list(tracker.said(ANN, text, 1.0)) == []


@pytest.mark.parametrize("answer", [None, False, 0, ""])
def test_an_empty_answer_is_none(answer: object) -> None:
    (want,) = with_member().said(ANN, announce(answer=answer, to_peer_id=OTHER), 1.0)
    assert isinstance(want, Draw)


# What is refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not json", "invalid JSON"),
        ("", "invalid JSON"),
        pytest.param("[" * 100_000, "invalid message: it is nested too deeply", id="deep"),
        pytest.param(
            '{"action":"announce","left":' + "[" * 100_000, "invalid JSON", id="deep within"
        ),
        ("5", "invalid message: it is no JSON object"),
        ("null", "invalid message: it is no JSON object"),
        ("[]", "invalid message: it is no JSON object"),
        ("{}", "invalid action: it is announce or scrape"),
        ('{"action":5}', "invalid action: it is announce or scrape"),
        (announce().replace("announce", "connect"), "invalid action: it is announce or scrape"),
        ('{"action":"announce"}', "invalid info_hash"),
        (announce(info_hash="x" * 19), "invalid info_hash"),
        (announce(info_hash="x" * 21), "invalid info_hash"),
        (announce(info_hash="x" * 19 + "\u0100"), "invalid info_hash"),
        (announce(peer="x" * 19), "invalid peer_id"),
        (announce(peer_id=["x" * 20]), "invalid peer_id"),
        (announce(answer=True), "invalid `to_peer_id` (required with `answer`)"),
        (announce(answer=1, to_peer_id=7), "invalid `to_peer_id` (required with `answer`)"),
        ('{"action":"scrape","info_hash":5}', "invalid info_hash"),
        ('{"action":"scrape","info_hash":[]}', "invalid info_hash"),
        ('{"action":"scrape","info_hash":"x"}', "invalid info_hash"),
        ('{"action":"scrape","info_hash":[[]]}', "invalid info_hash"),
    ],
)
def test_what_cannot_be_used_is_answered_with_the_reason(text: str, reason: str) -> None:
    """Without an action, upon which real clients come back later."""
    assert told_off(fresh().said(ANN, text, 0.0)) == {"failure reason": reason}


def test_a_peer_whose_id_another_socket_has_is_told_the_counts_and_comes_again_soon() -> None:
    """It may be the same client, which has several hubs for its trackers."""
    tracker = fresh()
    tracker.said(ANN, announce(), 0.0)
    taken = Taken(swarm(), member())
    assert list(tracker.told(ANN, taken, 0.0)) == [Count(swarm())]
    counted = {"complete": 1, "incomplete": 2, "action": "announce", "interval": 30}
    counts = Counted(swarm(), None, 3, 1)
    assert told(tracker.told(ANN, counts, 0.0)) == [counted | {"info_hash": HASH}]
    assert list(tracker.told(ANN, taken, 0.0)) == []
    assert list(tracker.told(ANN, Granted(swarm(), member()), 0.0)) == []
    assert tracker.deadline() is None


def test_each_announce_made_before_another_socket_proves_to_have_the_id_is_answered() -> None:
    """As of a client that starts with a whole file: it says both things at once."""
    tracker = fresh()
    for event in ("started", "completed"):
        tracker.said(ANN, announce(event=event, left=0), 0.0)
    assert list(tracker.told(ANN, Taken(swarm(), member()), 0.0)) == [Count(swarm())] * 2
    for _ in range(2):
        [answer] = told(tracker.told(ANN, Counted(swarm(), None, 3, 1), 0.0))
        assert answer["interval"] == SPARE_INTERVAL


def test_a_peer_that_may_not_enter_is_told_why() -> None:
    tracker = fresh()
    tracker.said(ANN, announce(), 0.0)
    failed = {"action": "announce", "failure reason": "it is closed", "info_hash": HASH}
    denied = Denied(swarm(), member(), "it is closed")
    assert told(tracker.told(ANN, denied, 0.0)) == [failed]
    assert list(tracker.told(ANN, denied, 0.0)) == []
    assert tracker.deadline() is None


def test_one_socket_speaks_for_a_bounded_number_of_peers() -> None:
    tracker = fresh()
    for number in range(MAX_MEMBERS):
        tracker.said(ANN, announce(info_hash=hash_number(number)), float(number))
    late = MAX_MEMBERS + 1.0
    failed = {"action": "announce", "info_hash": HASH}
    reason = f"one socket speaks for {MAX_MEMBERS} peers in swarms at most"
    assert told(tracker.said(ANN, announce(), late)) == [failed | {"failure reason": reason}]
    tracker.said(ANN, announce(info_hash=hash_number(0)), late)
    gone, entered = tracker.said(ANN, announce(), 1.0 + IDLE_ENOUGH)
    first = hash_number(1)
    assert gone == Exit(swarm(first), member(info_hash=first))
    assert entered == Enter(swarm(), member())


def test_what_waits_for_a_place_is_bounded() -> None:
    tracker = fresh()
    for _ in range(MAX_WAITING + 1):
        tracker.said(ANN, announce(), 0.0)
    tracker.said(ANN, announce(OTHER, offers=[{"offer": "x" * MAX_WAITING_SIZE}]), 0.0)
    tracker.said(ANN, announce(OTHER, offers=[{"offer": "x" * (MAX_WAITING_SIZE // 2)}]), 0.0)
    tracker.said(ANN, announce(OTHER, offers=[{"offer": "x" * (MAX_WAITING_SIZE // 2)}]), 0.0)
    assert len(list(tracker.told(ANN, Granted(swarm(), member()), 0.0))) == MAX_WAITING
    assert len(list(tracker.told(ANN, Granted(swarm(), member(OTHER)), 0.0))) == 1
    third = "x" * 20
    tracker.said(ANN, announce(third, offers=[{"offer": "x" * (MAX_WAITING_SIZE - 200)}]), 0.0)
    assert len(list(tracker.told(ANN, Granted(swarm(), member(third)), 0.0))) == 1


# Leaving


def test_who_stops_leaves_and_is_told_the_counts_without_it() -> None:
    tracker = with_member()
    assert list(tracker.said(ANN, announce(event="stopped"), 1.0)) == [
        Exit(swarm(), member()),
        Count(swarm()),
    ]
    wanted = {"complete": 1, "incomplete": 1, "action": "announce", "interval": 120}
    counted = Counted(swarm(), None, 2, 1)
    assert told(tracker.told(ANN, counted, 1.0)) == [wanted | {"info_hash": HASH}]
    assert list(tracker.told(ANN, counted, 1.0)) == []
    assert list(tracker.told(ANN, Counted(swarm(), member(), 2, 1), 1.0)) == []
    assert list(tracker.said(ANN, announce(event="stopped"), 1.0)) == [Count(swarm())]
    assert tracker.deadline() is None


def test_nobody_stops_the_peer_of_another_socket() -> None:
    tracker = with_member()
    tracker.opened(BEN, "/announce", 0.0)
    assert list(tracker.said(BEN, announce(event="stopped"), 1.0)) == [Count(swarm())]
    assert len(list(tracker.said(ANN, announce(), 1.0))) == 1


def test_who_is_silent_for_long_has_left() -> None:
    tracker = with_member()
    tracker.said(ANN, announce(OTHER), 5.0)
    tracker.said(ANN, announce(), 7.0)
    assert tracker.deadline() == 5.0 + MAX_IDLE
    assert list(tracker.tick(4.0 + MAX_IDLE)) == []
    assert list(tracker.tick(5.0 + MAX_IDLE)) == [(ANN, Exit(swarm(), member(OTHER)))]
    assert tracker.deadline() == 7.0 + MAX_IDLE


def test_a_closed_socket_is_forgotten_with_its_peers() -> None:
    tracker = with_member()
    tracker.said(ANN, announce(OTHER), 0.0)
    tracker.closed(ANN)
    tracker.closed(ANN)
    assert (len(tracker), tracker.deadline()) == (0, None)
    assert list(tracker.told(ANN, Granted(swarm(), member()), 0.0)) == []


# Scrapes


def scraped(**counts: tuple[int, int]) -> dict[str, object]:
    return {
        "action": "scrape",
        "files": {
            info_hash: {"complete": complete, "incomplete": incomplete, "downloaded": complete}
            for info_hash, (complete, incomplete) in counts.items()
        },
        "flags": {"min_request_interval": 600},
    }


def test_a_scrape_of_one_swarm() -> None:
    tracker = fresh()
    wanted = tracker.said(ANN, json.dumps({"action": "scrape", "info_hash": HASH}), 0.0)
    assert list(wanted) == [Count(swarm())]
    counted = Counted(swarm(), None, 3, 1)
    assert told(tracker.told(ANN, counted, 0.0)) == [scraped(**{HASH: (1, 2)})]


def test_a_scrape_of_some_is_answered_when_all_are_counted() -> None:
    tracker = fresh()
    asked = [hash_number(1), HASH, hash_number(1)]
    wanted = tracker.said(ANN, json.dumps({"action": "scrape", "info_hash": asked}), 0.0)
    assert list(wanted) == [Count(swarm(hash_number(1))), Count(swarm())]
    again = tracker.said(ANN, json.dumps({"action": "scrape", "info_hash": HASH}), 0.0)
    assert list(again) == [Count(swarm())]
    assert list(tracker.told(ANN, Counted(swarm(), None, 3, 1), 0.0)) == []
    counted = tracker.told(ANN, Counted(swarm(hash_number(1)), None, 0, 0), 0.0)
    assert told(counted) == [scraped(**{hash_number(1): (0, 0), HASH: (1, 2)})]
    counted = tracker.told(ANN, Counted(swarm(), None, 4, 1), 0.0)
    assert told(counted) == [scraped(**{HASH: (1, 3)})]


@pytest.mark.parametrize("text", ['{"action":"scrape"}', '{"action":"scrape","info_hash":null}'])
def test_a_scrape_of_no_swarm_is_one_of_those_of_the_socket(text: str) -> None:
    """The reference lists all that there are, which no hub of a mesh knows."""
    assert told(fresh().said(ANN, text, 0.0)) == [scraped()]
    tracker = with_member()
    tracker.said(ANN, announce(OTHER), 0.0)
    assert list(tracker.said(ANN, text, 0.0)) == [Count(swarm())]


def test_one_socket_waits_for_a_bounded_number_of_counts() -> None:
    tracker = fresh()
    asked = [hash_number(number) for number in range(MAX_AWAITED)]
    text = json.dumps({"action": "scrape", "info_hash": asked})
    assert len(list(tracker.said(ANN, text, 0.0))) == MAX_AWAITED
    reason = f"one socket asks for {MAX_AWAITED} swarms at a time at most"
    failed = {"action": "scrape", "failure reason": reason, "info_hash": HASH}
    one = json.dumps({"action": "scrape", "info_hash": HASH})
    assert told(tracker.said(ANN, one, 0.0)) == [failed]
    tracker.told(ANN, Counted(swarm(hash_number(7)), None, 0, 0), 0.0)
    assert list(tracker.said(ANN, one, 0.0)) == [Count(swarm())]


# Anything

hashes = st.text(st.characters(max_codepoint=255), min_size=20, max_size=20)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
messages = st.fixed_dictionaries(
    {"action": st.sampled_from(["announce", "scrape"]), "info_hash": st.just(HASH) | hashes},
    optional={
        "peer_id": st.just(PEER) | hashes | jsons,
        "to_peer_id": st.just(OTHER) | jsons,
        "event": st.sampled_from(["started", "stopped", "completed"]) | jsons,
        "left": jsons,
        "offers": st.lists(st.fixed_dictionaries({"offer": jsons}) | jsons, max_size=3) | jsons,
        "answer": jsons,
        "offer_id": jsons,
    },
)


@pytest.mark.hypothesis
@given(st.lists(messages.map(json.dumps) | jsons.map(json.dumps) | st.text(max_size=20)))
def test_whatever_is_said_ends_nothing_and_leaves_nothing(texts: list[str]) -> None:
    """With a mesh that grants each place at once."""
    tracker = fresh()
    inside: set[tuple[str, PeerId]] = set()
    for number, text in enumerate(texts):
        wants = list(tracker.said(ANN, text, float(number)))
        for want in wants:
            match want:
                case Enter(namespace, own):
                    inside.add((namespace, own))
                    wants += tracker.told(ANN, Granted(namespace, own), float(number))
                case Exit(namespace, own):
                    inside.remove((namespace, own))
                case Draw(namespace, own) | Send(namespace, own):
                    assert (namespace, own) in inside
                case Count(namespace):
                    answer = tracker.told(ANN, Counted(namespace, None, 1, 1), float(number))
                    assert len(told(answer)) <= 1
                case Fault():
                    assert len(wants) == 2
                case _:
                    assert isinstance(want, Say)
                    json.loads(want.payload)
    tracker.closed(ANN)
    assert (len(tracker), tracker.deadline()) == (0, None)
