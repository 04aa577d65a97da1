"""What must come of each deed, as computed without a mesh."""

from collections import Counter

from peerpigeon.scenario.course import Course
from peerpigeon.scenario.outcome import P2P, WEBSOCKET, Due, Outcome, Sent, Signals
from peerpigeon.scenario.steps import read


def outcome(*sentences: str) -> Outcome:
    """Return what must come of three hubs with a client each, and what follows."""
    course = Course()
    hubs = "3 hubs, at most 3 links each"
    for step in read("\n".join([hubs, "1 client at each hub in namespace a", *sentences])):
        assert step.deed is not None
        course.do(step.deed)
    return course.outcome([])


def test_all_hubs_are_linked_and_all_clients_meet_once() -> None:
    must = outcome()
    assert must.hubs == {1, 2, 3}
    pairs = {(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)}
    assert must.known == pairs
    assert must.links == {(*pair, P2P) for pair in pairs}
    assert must.met == Counter(pairs)
    assert must.farewells == Counter()
    assert (must.parts, must.most_links) == (1, 2)


def test_clients_of_different_namespaces_do_not_meet() -> None:
    assert outcome("2 clients at hub 1 in namespace b").met == outcome().met + Counter(
        [(4, 5), (5, 4)]
    )


def test_those_that_are_left_see_each_client_of_a_dead_hub_go_once() -> None:
    must = outcome("kill hub 3")
    assert must.hubs == {1, 2}
    assert must.links == {(1, 2, P2P), (2, 1, P2P)}
    assert must.farewells == Counter([(1, 3), (2, 3)])
    assert must.met == Counter([(1, 2), (1, 3), (2, 1), (2, 3)])


def test_who_comes_back_is_met_once_more_and_meets_all_anew() -> None:
    must = outcome("stop hub 3", "client 3 connects to hub 1")
    assert must.farewells == Counter([(1, 3), (2, 3)])
    assert must.met == Counter([(1, 2), (2, 1), (3, 1), (3, 2)]) + Counter({(1, 3): 2, (2, 3): 2})


def test_who_moves_is_seen_to_go_and_to_come() -> None:
    assert outcome("client 3 moves to hub 1") == outcome(
        "client 3 leaves", "client 3 connects to hub 1"
    )


def test_a_cut_makes_two_meshes_of_which_each_thinks_the_other_gone() -> None:
    must = outcome("cut hub 1 off")
    assert must.links == {(2, 3, P2P), (3, 2, P2P)}
    assert must.known == {(2, 3), (3, 2)}
    assert must.farewells == Counter([(1, 2), (1, 3), (2, 1), (3, 1)])
    assert must.parts == 2
    assert outcome("cut hub 1 off", "mend the cut").met[2, 1] == 2


def test_without_data_channels_the_same_links_are_sockets() -> None:
    course = Course()
    (step,) = read("3 hubs, at most 3 links each, without data channels")
    assert step.deed is not None
    course.do(step.deed)
    assert {carrier for _, _, carrier in course.outcome([]).links} == {WEBSOCKET}


def test_what_is_due_of_signals_is_counted() -> None:
    course = Course()
    sent = [Sent(f"1.{number}", 1, 2, due) for number, due in enumerate(Due)]
    assert course.outcome(sent).signals == Signals(sent=2, delivered=1)
