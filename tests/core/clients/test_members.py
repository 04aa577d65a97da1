"""Foreign clients with ids, at one hub: who has an id, and what becomes of messages (PeerJS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.clients.patient_signals import MOST_TARGETS
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.dialects.dialect import Enter, Exit, Granted, Send
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of
from peerpigeon.core.interface.events import PeerBehind
from peerpigeon.core.sessions.registry import Visitor
from tests.core.harness import Desk, Json

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId

OPEN = {"type": "OPEN"}
ID_TAKEN = {"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}


def connect(desk: Desk, peer_id: str, token: str = "", now: float = 0.0) -> SessionId:
    """Connect as a PeerJS client, with a token of its own."""
    query = f"key=peerjs&id={peer_id}&token={token or 'of ' + peer_id}"
    return desk.visit(f"/peerjs?{query}", now, dialect="peerjs")


def send(desk: Desk, session: SessionId, to: str, payload: object = 1, now: float = 0.0) -> None:
    desk.say(session, {"type": "OFFER", "payload": payload, "dst": to}, now)


def offer(sender: str, to: str, payload: object = 1) -> Json:
    return {"type": "OFFER", "src": sender, "dst": to, "payload": payload}


def expire(sender: str, to: str) -> Json:
    return {"type": "EXPIRE", "src": to, "dst": sender}


# Ids


def test_an_id_that_is_free_is_granted_and_who_has_it_is_spoken_to() -> None:
    desk = Desk()
    ann, ben = connect(desk, "ann"), connect(desk, "ben")
    send(desk, ann, "ben", 1)
    send(desk, ann, "ben", 2)
    send(desk, ben, "ann", 3)
    assert desk.take(ben) == [OPEN, offer("ann", "ben", 1), offer("ann", "ben", 2)]
    assert desk.take(ann) == [OPEN, offer("ben", "ann", 3)]
    assert desk.closed == {}


def test_the_id_of_a_client_that_lives_is_taken() -> None:
    desk = Desk()
    first = connect(desk, "ann")
    other = connect(desk, "ann", "another token", 1.0)
    assert desk.take(other) == []
    desk.pong(first, 1.1)
    assert desk.take(other) == [ID_TAKEN]
    assert desk.closed == {other: (1000, "the id is taken")}
    assert desk.take(first) == [OPEN]


def test_the_id_of_a_client_that_does_not_answer_is_free_soon() -> None:
    desk = Desk(ServerConfig(takeover_timeout=2.0))
    first = connect(desk, "ann")
    other = connect(desk, "ann", "another token", 1.0)
    send(desk, other, "ann", now=1.5)
    desk.tick(3.0)
    assert desk.closed == {first: (1000, "another socket has this id and its token")}
    assert desk.take(other) == [OPEN, offer("ann", "ann")]


def test_who_comes_again_with_its_token_has_its_id_at_once() -> None:
    desk = Desk()
    first, ben = connect(desk, "ann"), connect(desk, "ben")
    again = connect(desk, "ann", now=1.0)
    assert desk.take(again) == [OPEN]
    assert desk.closed == {first: (1000, "another socket has this id and its token")}
    send(desk, ben, "ann", now=1.0)
    assert desk.take(again) == [offer("ben", "ann")]
    desk.lose(first, 1.1)
    assert desk.take(again) == []


def test_who_has_its_token_goes_before_others_that_wait() -> None:
    desk = Desk()
    connect(desk, "ann")
    other = connect(desk, "ann", "another token", 1.0)
    again = connect(desk, "ann", now=1.1)
    assert desk.take(again) == [OPEN]
    assert desk.take(other) == [ID_TAKEN]


def test_a_token_of_old_is_no_claim_to_an_id_that_another_one_has_by_now() -> None:
    """What was opened is not taken back, as the client would not understand it."""
    desk = Desk()
    desk.lose(connect(desk, "ann"), 5.0)
    other = connect(desk, "ann", "another token", 6.0)
    late = connect(desk, "ann", now=7.0)
    desk.pong(other, 7.1)
    assert desk.take(other) == [OPEN]
    assert desk.take(late) == [ID_TAKEN]


def test_an_id_is_free_when_its_client_is_gone() -> None:
    desk = Desk()
    desk.lose(connect(desk, "ann"), 1.0)
    assert desk.take(connect(desk, "ann", "another token", 1.0)) == [OPEN]


def test_of_several_that_wait_one_has_the_id_when_its_client_is_gone() -> None:
    desk = Desk()
    first = connect(desk, "ann")
    waiting = [connect(desk, "ann", f"token {number}", 1.0) for number in range(3)]
    desk.lose(first, 1.1)
    assert desk.take(waiting[0]) == [OPEN]
    desk.pong(waiting[0], 1.2)
    assert [desk.take(each) for each in waiting[1:]] == [[ID_TAKEN], [ID_TAKEN]]


def test_few_wait_for_one_id() -> None:
    desk = Desk()
    connect(desk, "ann")
    waiting = [connect(desk, "ann", f"token {number}", 1.0) for number in range(5)]
    assert [desk.take(each) for each in waiting] == [[], [], [], [], [ID_TAKEN]]


def test_who_waits_and_goes_is_forgotten() -> None:
    desk = Desk()
    first = connect(desk, "ann")
    desk.lose(connect(desk, "ann", "another token", 1.0), 1.1)
    desk.pong(first, 1.2)
    desk.lose(connect(desk, "ann", "a third token", 2.0), 2.1)
    desk.lose(first, 2.2)
    assert len(desk.hub._clients.registry) == 0


def test_ids_under_two_keys_do_not_meet() -> None:
    desk = Desk()
    here = connect(desk, "ann")
    there = desk.visit("/peerjs?key=other&id=ann&token=t", dialect="peerjs")
    assert (desk.take(here), desk.take(there)) == ([OPEN], [OPEN])
    send(desk, there, "ben")
    desk.take(connect(desk, "ben"))
    desk.tick(5.0)
    assert desk.take(there) == [expire("ann", "ben")]


def test_an_id_that_an_operator_has_closed_is_refused_with_the_reason() -> None:
    desk = Desk(ServerConfig(namespace_access=("peerjs/*=closed",)))
    ann = connect(desk, "ann")
    [told] = desk.take(ann)
    assert told["type"] == "ERROR"
    assert "is closed here" in told["payload"]["msg"]
    assert desk.closed[ann][0] == 1000


def test_a_client_with_an_id_takes_one_place() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    connect(desk, "ann")
    assert desk.take(connect(desk, "ben")) == [OPEN]
    surplus = connect(desk, "cat")
    assert desk.closed[surplus] == (1008, "Maximum connections reached")


def test_nothing_is_kept_of_clients_that_are_gone() -> None:
    desk = Desk()
    ann, ben = connect(desk, "ann"), connect(desk, "ben")
    send(desk, ann, "cat")
    desk.say(ben, {"type": "LEAVE"})
    desk.lose(ann)
    desk.lose(ben)
    desk.tick(5.0)
    clients = desk.hub._clients
    assert (len(clients.registry), clients.announcements.count, len(clients.patient)) == (0, 0, 0)


# Messages for who is not there


def test_who_comes_in_time_hears_all_that_was_said_to_it_in_order() -> None:
    desk = Desk()
    ann = connect(desk, "ann")
    for number in range(3):
        send(desk, ann, "ben", number, now=float(number))
    ben = connect(desk, "ben", now=4.9)
    assert desk.take(ben) == [OPEN, *(offer("ann", "ben", number) for number in range(3))]
    desk.tick(9.0)
    assert desk.take(ann) == [OPEN]


def test_who_has_waited_in_vain_is_told_once_for_each_target() -> None:
    desk = Desk()
    ann, cat = connect(desk, "ann"), connect(desk, "cat")
    for sender, target in ((ann, "ben"), (ann, "ben"), (cat, "ben"), (ann, "dan")):
        send(desk, sender, target)
    desk.take(ann)
    desk.tick(4.9)
    assert desk.take(ann) == []
    desk.tick(5.0)
    assert desk.take(ann) == [expire("ann", "ben"), expire("ann", "dan")]
    assert desk.take(cat) == [OPEN, expire("cat", "ben")]


def test_who_is_gone_by_then_is_not_told() -> None:
    desk = Desk()
    ann = connect(desk, "ann")
    send(desk, ann, "ben")
    desk.lose(ann, 1.0)
    desk.tick(5.0)
    assert desk.take(ann) == [OPEN]


def test_what_needs_no_answer_does_not_wait() -> None:
    desk = Desk()
    ann = connect(desk, "ann")
    desk.say(ann, {"type": "LEAVE", "dst": "ben"})
    assert desk.take(connect(desk, "ben")) == [OPEN]
    desk.tick(60.0)
    assert desk.take(ann) == [OPEN]


def test_what_needs_no_answer_does_not_overtake_what_waits() -> None:
    """A connection that is closed at once is closed after it was offered."""
    desk = Desk()
    ann = connect(desk, "ann")
    send(desk, ann, "ben")
    desk.say(ann, {"type": "LEAVE", "dst": "ben"}, 1.0)
    ben = connect(desk, "ben", now=2.0)
    leave = {"type": "LEAVE", "src": "ann", "dst": "ben"}
    assert desk.take(ben) == [OPEN, offer("ann", "ben"), leave]


def test_who_has_waited_in_vain_is_told_whatever_else_it_has_said() -> None:
    desk = Desk()
    ann, cat = connect(desk, "ann"), connect(desk, "cat")
    send(desk, cat, "ben")
    desk.say(ann, {"type": "LEAVE", "dst": "ben"})
    send(desk, ann, "ben")
    desk.tick(5.0)
    assert desk.take(ann) == [OPEN, expire("ann", "ben")]


def test_who_has_come_again_meanwhile_is_told_of_what_it_has_said_since() -> None:
    desk = Desk()
    send(desk, connect(desk, "ann"), "ben")
    again = connect(desk, "ann", now=1.0)
    send(desk, again, "ben", now=2.0)
    desk.tick(5.0)
    assert desk.take(again) == [OPEN, expire("ann", "ben")]


def test_a_hub_that_starts_from_others_hears_of_them_before_it_grants_an_id() -> None:
    desk = Desk(ServerConfig(is_hub=True, bootstrap_hubs=("ws://other:3000",)))
    ann = connect(desk, "ann", now=0.1)
    desk.tick(1.9)
    assert desk.take(ann) == []
    desk.tick(2.0)
    assert desk.take(ann) == [OPEN]


def test_what_is_for_a_client_whose_id_is_being_decided_waits_for_that() -> None:
    desk = Desk(ServerConfig(takeover_timeout=2.0))
    connect(desk, "ann")
    ben = connect(desk, "ben")
    other = connect(desk, "ann", "another token", 1.0)
    desk.tick(3.0)
    send(desk, ben, "ann", now=3.0)
    assert desk.take(other) == [OPEN, offer("ben", "ann")]


def test_so_many_targets_are_waited_for() -> None:
    desk = Desk()
    ann, ben = connect(desk, "ann"), connect(desk, "ben")
    half = MOST_TARGETS // 2
    for number in range(half):
        send(desk, ann, f"nobody {number}")
    assert desk.take(ann) == [OPEN]
    send(desk, ann, "surplus")
    assert desk.take(ann) == [expire("ann", "surplus")]
    send(desk, ann, "nobody 0")
    send(desk, ben, "surplus")
    assert desk.take(ann) == []
    desk.tick(5.0)
    assert len(desk.take(ann)) == half
    assert desk.take(ben) == [OPEN, expire("ben", "surplus")]
    send(desk, ann, "surplus", now=5.0)
    assert desk.take(ann) == []


def test_so_much_waits_for_one_target() -> None:
    """A client that sends more to nobody than a third of the room is told at once."""
    desk = Desk()
    ann = connect(desk, "ann")
    desk.take(ann)
    size = 0
    while not (told := desk.take(ann)):
        send(desk, ann, "ben", "x" * 32_000)
        size += 32_000
    assert told == [expire("ann", "ben")]
    assert 4_000_000 < size < 6_000_000


# What a dialect may want, and PeerJS does not


@pytest.fixture
def desk() -> Desk:
    """A hub with two clients, ann and ben."""
    desk = Desk()
    for name in ("ann", "ben"):
        connect(desk, name)
    return desk


def place(peer_id: str) -> Granted:
    namespace = namespace_of(Kind.PEER, "peerjs", peer_id)
    return Granted(namespace, member_id(Kind.PEER, "peerjs", peer_id))


def visitor_of(desk: Desk, peer_id: str) -> Visitor:
    member = desk.hub._clients.registry.find(place(peer_id).member)
    visitor = desk.hub._clients.registry.get(member.hub)  # type: ignore[union-attr]
    assert isinstance(visitor, Visitor)
    return visitor


def test_what_is_wanted_for_one_that_is_no_member_is_not_done(desk: Desk) -> None:
    ann, ben, members = place("ann"), place("ben"), desk.hub._clients.visitors._members
    visitor = visitor_of(desk, "ann")
    members.send(visitor, Send(ann.namespace, ben.member, ann.member, b"{}"), 0.0)
    members.follow(visitor, Exit(ben.namespace, ben.member), 0.0)
    members.note_grant(visitor, ben)
    members.begin(visitor, ben, 0.0)
    desk.tick(0.0)
    assert desk.sent == {1: [OPEN], 2: [OPEN]}
    assert len(desk.hub._clients.registry) == 4


def test_what_needs_no_answer_is_handed_over_at_once(desk: Desk) -> None:
    desk.say(1, {"type": "LEAVE", "dst": "ben"})  # type: ignore[arg-type]
    assert desk.take(2) == [OPEN, {"type": "LEAVE", "src": "ann", "dst": "ben"}]  # type: ignore[arg-type]


def test_a_member_may_change_what_it_is(desk: Desk) -> None:
    ann, clients = place("ann"), desk.hub._clients
    enter = Enter(ann.namespace, ann.member, is_flagged=True)
    clients.visitors._members.follow(visitor_of(desk, "ann"), enter, 0.0)
    desk.tick(0.0)
    record = clients._presence.find(ann.namespace, ann.member)
    assert record is not None
    assert b'"flagged":true' in record.introduction
    assert desk.take(1) == [OPEN]  # type: ignore[arg-type]


def test_who_reads_slowly_is_sent_no_more_than_waits_for_it() -> None:
    desk = Desk(ServerConfig(max_outbox_size=65_536, max_message_size=16_384))
    ann, ben = connect(desk, "ann"), connect(desk, "ben")
    desk.take(ann)
    desk.feed(PeerBehind(ben, is_behind=True))
    for _ in range(8):
        send(desk, ann, "ben", "x" * 4000)
    assert expire("ann", "ben") in desk.take(ann)
    assert 1 < len(desk.take(ben)) < 8


def test_what_waits_for_nobody_comes_while_somebody_reads_slowly_too() -> None:
    desk = Desk()
    ann, ben, slow = (connect(desk, name) for name in ("ann", "ben", "slow"))
    desk.take(ben)
    desk.feed(PeerBehind(slow, is_behind=True))
    desk.say(ann, {"type": "LEAVE", "dst": "ben"})
    assert desk.take(ben) == [{"type": "LEAVE", "src": "ann", "dst": "ben"}]
