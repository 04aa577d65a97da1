"""What an onlooker makes of what hubs tell and clients have heard."""

from collections import Counter

import pytest

from peerpigeon.scenario.cast import client_id, client_number, hub_id, hub_number
from peerpigeon.scenario.outcome import (
    P2P,
    Diary,
    Due,
    Outcome,
    Sent,
    Signals,
    View,
    differences,
    observe,
)

FIVE = [Sent(f"1.{number}", 1, 2, Due.ARRIVAL) for number in range(5)]
ALL = [signal.serial for signal in FIVE]


def judged(sent: list[Sent], heard: list[str], refused: int = 0) -> Signals:
    diaries = {1: Diary(refused=Counter({2: refused})), 2: Diary(heard=heard)}
    return observe({}, diaries, [1, 2], sent, has_channels=True).signals


def test_all_delivered() -> None:
    assert judged(FIVE, ALL) == Signals(sent=5, delivered=5)


def test_one_lost() -> None:
    assert judged(FIVE, ALL[1:]) == Signals(sent=5, delivered=4, lost=1)


def test_one_refused_is_neither_lost_nor_delivered() -> None:
    assert judged(FIVE, ALL[1:], refused=1) == Signals(sent=5, delivered=4)


def test_one_delivered_and_refused() -> None:
    assert judged(FIVE, ALL, refused=1) == Signals(sent=5, delivered=5, refused_wrongly=1)


def test_one_repeated() -> None:
    assert judged(FIVE, [*ALL, ALL[2]]) == Signals(sent=5, delivered=5, repeated=1)


def test_one_out_of_order() -> None:
    late = [*ALL[:1], *ALL[2:], ALL[1]]
    assert judged(FIVE, late) == Signals(sent=5, delivered=5, out_of_order=1)


def test_what_may_be_refused_must_be_answered_but_need_not_arrive() -> None:
    sent = [Sent(f"1.{number}", 1, 2, Due.ANSWER) for number in range(3)]
    assert judged(sent, ["1.0"], refused=2) == Signals(sent=3)
    assert judged(sent, ["1.0"], refused=1) == Signals(sent=3, lost=1)
    assert judged(sent, ["1.0", "1.1", "1.2"], refused=3) == Signals(sent=3)


def test_of_what_may_vanish_nothing_is_due() -> None:
    assert judged([Sent("1.0", 1, 2, Due.NOTHING)], []) == Signals()


def seen(*views: tuple[int, str, str], has_channels: bool = True) -> Outcome:
    view = View(frozenset({1, 2, 3}), frozenset(views))
    return observe({1: view}, {}, [], [], has_channels=has_channels)


def test_a_socket_that_is_left_over_is_seen_where_there_should_be_channels() -> None:
    links = (2, "p2p", "mesh"), (3, "websocket", "spare")
    assert seen(*links).links == {(1, 2, "p2p"), (1, 3, "websocket")}


def test_without_channels_just_the_sockets_of_the_mesh_count() -> None:
    links = (2, "websocket", "mesh"), (3, "websocket", "bootstrap")
    assert seen(*links, has_channels=False).links == {(1, 2, "websocket")}


def test_only_those_that_are_there_are_asked_whom_they_met() -> None:
    diaries = {1: Diary(Counter({2: 1})), 2: Diary(Counter({1: 1}), Counter({1: 1}))}
    outcome = observe({}, diaries, [1], [], has_channels=True)
    assert outcome.met == Counter({(1, 2): 1})
    assert outcome.farewells == Counter()


def test_an_arrival_begins_a_new_diary_but_what_was_heard_stays() -> None:
    diary = Diary(Counter({2: 1}), Counter({2: 1}), ["2.1"], Counter({2: 1}))
    diary.arrive()
    assert diary == Diary(heard=["2.1"], refused=Counter({2: 1}))


def plain() -> Outcome:
    both = frozenset({(1, 2, P2P), (2, 1, P2P)})
    known = frozenset({(1, 2), (2, 1)})
    met = Counter({(1, 2): 1, (2, 1): 1})
    return Outcome(frozenset({1, 2}), known, both, met, Counter(), Signals())


def test_equal_outcomes_do_not_differ() -> None:
    assert differences(plain(), plain()) == []


def test_a_difference_is_a_sentence() -> None:
    wanted = plain()
    is_so = Outcome(
        wanted.hubs,
        wanted.known,
        wanted.links - {(2, 1, P2P)},
        wanted.met + Counter({(1, 2): 1}),
        Counter({(2, 1): 1}),
        Signals(lost=3),
    )
    assert differences(is_so, wanted) == [
        "it should be that hub 2 has a link to hub 1 by p2p",
        "it should be that client 1 met client 2",
        "it should be that 0 signals were lost",
        "it should not be that client 1 met client 2 2 times",
        "it should not be that client 2 was told that client 1 is gone",
        "it should not be that 3 signals were lost",
    ]


def test_how_many_were_refused_makes_no_difference() -> None:
    assert Signals(refused=3) == Signals(refused=5)


@pytest.mark.parametrize("number", [1, 17, 999])
def test_an_id_tells_its_number_and_nobody_elses(number: int) -> None:
    assert hub_number(hub_id(number)) == client_number(client_id(number)) == number
    assert hub_number(client_id(number)) == hub_number("f" * 40) == hub_number("") == 0
    assert len(hub_id(number)) == 40
