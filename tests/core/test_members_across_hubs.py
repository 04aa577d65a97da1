"""Foreign clients with ids, at several hubs: one has an id, and messages reach it (PeerJS)."""

from __future__ import annotations

import pytest

from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, Json, linked

OPEN = {"type": "OPEN"}
ID_TAKEN = {"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}
# Whichever hub is the rendezvous hub of an id, some of these are elsewhere.
NAMES = [f"peer{number}" for number in range(8)]


def connect(hubs: Hubs, number: int, peer_id: str, token: str = "") -> tuple[int, int]:
    """Connect as a PeerJS client, with a token of its own."""
    query = f"key=peerjs&id={peer_id}&token={token or 'of ' + peer_id}"
    client = hubs.visit_as(number, "peerjs", f"/peerjs?{query}")
    hubs.run()
    return client


def send(hubs: Hubs, client: tuple[int, int], to: str, payload: object = 1) -> None:
    hubs.say(client, {"type": "OFFER", "payload": payload, "dst": to})


def offer(sender: str, to: str, payload: object = 1) -> Json:
    return {"type": "OFFER", "src": sender, "dst": to, "payload": payload}


def expire(sender: str, to: str) -> Json:
    return {"type": "EXPIRE", "src": to, "dst": sender}


@pytest.mark.parametrize("name", NAMES)
def test_messages_reach_a_client_of_another_hub_in_order(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    for number in range(3):
        send(hubs, ann, name, number)
    hubs.run()
    send(hubs, other, "ann", "back")
    hubs.run()
    assert hubs.take(other) == [OPEN, *(offer("ann", name, number) for number in range(3))]
    assert hubs.take(ann) == [OPEN, offer(name, "ann", "back")]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_candidates_come_in_order(name: str, *, is_there: bool) -> None:
    """Also when their target comes while they are sent."""
    hubs = linked(FIRST, SECOND, THIRD)
    ann = connect(hubs, 0, "ann")
    other = connect(hubs, 2, name) if is_there else None
    for number in range(100):
        if number == 50 and other is None:
            other = hubs.visit_as(2, "peerjs", f"/peerjs?key=peerjs&id={name}&token=x")
        hubs.say(ann, {"type": "CANDIDATE", "payload": number, "dst": name})
        if number % 7 == 0:
            hubs.run()
    hubs.pass_time(1.0)
    assert other is not None
    heard = hubs.take(other)
    assert [message.get("payload") for message in heard] == [None, *range(100)]


@pytest.mark.parametrize("name", NAMES)
def test_an_id_is_one_clients_in_the_whole_mesh(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    first = connect(hubs, 0, name)
    other = connect(hubs, 2, name, "another token")
    assert hubs.take(other) == []  # not before it is decided
    hubs.pong(first)
    hubs.run()
    assert hubs.take(other) == [ID_TAKEN]
    assert hubs.closed == {other: (1000, "the id is taken")}
    assert hubs.take(first) == [OPEN]


@pytest.mark.parametrize("name", NAMES)
def test_who_comes_to_another_hub_with_its_token_has_its_id_at_once(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    first, ann = connect(hubs, 0, name), connect(hubs, 1, "ann")
    again = connect(hubs, 2, name)
    assert hubs.take(again) == [OPEN]
    assert hubs.closed == {first: (1000, "another socket has this id and its token")}
    send(hubs, ann, name)
    hubs.run()
    assert hubs.take(again) == [offer("ann", name)]


@pytest.mark.parametrize("name", NAMES)
def test_the_id_of_a_client_that_does_not_answer_is_free_soon(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    first = connect(hubs, 0, name)
    other = connect(hubs, 2, name, "another token")
    hubs.pass_time(2.1)
    assert hubs.take(other) == [OPEN]
    assert hubs.closed == {first: (1000, "another socket has this id and its token")}


@pytest.mark.parametrize("name", NAMES)
def test_who_comes_in_time_to_another_hub_hears_what_was_said_to_it(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann = connect(hubs, 0, "ann")
    send(hubs, ann, name, 1)
    hubs.run()
    hubs.pass_time(2.0)
    send(hubs, ann, name, 2)
    other = connect(hubs, 2, name)
    hubs.pass_time(0.5)
    assert hubs.take(other) == [OPEN, offer("ann", name, 1), offer("ann", name, 2)]
    hubs.pass_time(10.0)
    assert hubs.take(ann) == [OPEN]


@pytest.mark.parametrize("name", NAMES)
def test_who_has_waited_in_vain_is_told_once(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann = connect(hubs, 0, "ann")
    send(hubs, ann, name, 1)
    send(hubs, ann, name, 2)
    hubs.run()
    hubs.take(ann)
    hubs.pass_time(4.9)
    assert hubs.take(ann) == []
    hubs.pass_time(0.2)
    assert hubs.take(ann) == [expire("ann", name)]


@pytest.mark.parametrize("name", NAMES)
def test_who_has_just_gone_from_another_hub_cannot_be_reached(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    send(hubs, ann, name)
    hubs.run()
    hubs.lose(other)
    send(hubs, ann, name)
    hubs.run()
    hubs.take(ann)
    hubs.pass_time(6.0)
    send(hubs, ann, name)
    hubs.pass_time(6.0)
    assert hubs.take(ann)[-1] == expire("ann", name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("there", [0, 1, 2])
def test_who_has_gone_and_come_again_is_reached_wherever_it_was_known_to_be(
    there: int, name: str
) -> None:
    """A page that is loaded anew, say: others have spoken to it a moment before."""
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    send(hubs, ann, name, "before")
    hubs.run()
    hubs.lose(other)
    hubs.run()
    again = connect(hubs, there, name, "another token")
    for number in range(3):
        send(hubs, ann, name, number)
    hubs.pass_time(1.0)
    assert hubs.take(again) == [OPEN, *(offer("ann", name, number) for number in range(3))]
    assert hubs.take(ann) == [OPEN]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("there", [0, 1, 2])
def test_what_has_met_nobody_waits_for_who_comes_a_little_later(there: int, name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    send(hubs, ann, name, "before")
    hubs.run()
    hubs.lose(other)
    for number in range(3):
        send(hubs, ann, name, number)
    hubs.pass_time(3.0)
    assert hubs.take(ann) == [OPEN]
    again = connect(hubs, there, name, "another token")
    hubs.pass_time(1.0)
    assert hubs.take(again) == [OPEN, *(offer("ann", name, number) for number in range(3))]
    assert hubs.take(ann) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_has_met_nobody_and_waits_in_vain_is_told_once(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    send(hubs, ann, name, "before")
    hubs.run()
    hubs.lose(other)
    send(hubs, ann, name, 1)
    send(hubs, ann, name, 2)
    hubs.pass_time(4.9)
    assert hubs.take(ann) == [OPEN]
    hubs.pass_time(0.2)
    assert hubs.take(ann) == [expire("ann", name)]
    hubs.pass_time(10.0)
    assert hubs.take(ann) == []


def test_what_comes_back_for_who_has_left_is_dropped() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, "ben")
    send(hubs, ann, "ben", "before")
    hubs.run()
    hubs.lose(other)
    send(hubs, ann, "ben")
    hubs.lose(ann)
    hubs.run()
    again = connect(hubs, 2, "ben")
    hubs.pass_time(10.0)
    assert hubs.take(again) == [OPEN]


def test_a_large_message_that_has_met_nobody_does_not_come_back_with_its_end() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, "ben")
    send(hubs, ann, "ben", "before")
    hubs.run()
    hubs.lose(other)
    send(hubs, ann, "ben", "x" * 65_536)
    hubs.run()
    assert hubs.take(ann) == [OPEN, expire("ann", "ben")]


def test_a_client_of_a_hub_that_is_gone_has_its_id_elsewhere() -> None:
    hubs = linked(FIRST, SECOND)
    connect(hubs, 1, "ann")
    hubs.cut(next(iter(hubs.others)))
    hubs.run()
    hubs.pass_time(60.0)
    assert hubs.take(connect(hubs, 0, "ann", "another token")) == [OPEN]


@pytest.mark.parametrize("name", NAMES)
def test_what_waits_for_nobody_reaches_who_is_there_and_is_dropped_without_a_word(
    name: str,
) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann, other = connect(hubs, 0, "ann"), connect(hubs, 2, name)
    hubs.say(ann, {"type": "LEAVE", "dst": name})
    hubs.say(ann, {"type": "LEAVE", "dst": f"not {name}"})
    hubs.pass_time(10.0)
    assert hubs.take(other) == [OPEN, {"type": "LEAVE", "src": "ann", "dst": name}]
    assert hubs.take(ann) == [OPEN]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_for_one_whose_id_is_being_decided_waits_in_order(name: str) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ann = connect(hubs, 0, "ann")
    query = f"key=peerjs&id={name}&token=t"
    here = hubs.visit_as(0, "peerjs", f"/peerjs?{query}")
    send(hubs, ann, name, 1)
    hubs.say(ann, {"type": "LEAVE", "dst": name})
    send(hubs, ann, name, 2)
    hubs.run()
    leave = {"type": "LEAVE", "src": "ann", "dst": name}
    assert hubs.take(here) == [OPEN, offer("ann", name, 1), leave, offer("ann", name, 2)]
