"""A client that reads slowly: who sends it much is slowed, who sends it little is not."""

from __future__ import annotations

from peerpigeon.core.clients.slow_targets import (
    IN_FLIGHT,
    LEAST_SHARE,
    MOST_SENDERS,
    PATIENCE,
    ROOM_PART,
    SlowTargets,
)
from peerpigeon.core.clients.throttle import Throttle
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import PausePeer, ResumePeer
from peerpigeon.core.interface.events import PeerBehind
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B, C, D, Desk
from tests.core.hubs import FIRST, SECOND, linked

ROOM = ServerConfig().max_outbox_size // ROOM_PART
BLOCK = "x" * (ROOM // 4)


def behind(desk: Desk, session: SessionId, *, is_so: bool = True, now: float = 1.0) -> None:
    desk.feed(PeerBehind(session, is_so), now)


def flood(desk: Desk, sender: SessionId, target: str, now: float) -> None:
    while sender not in desk.paused:
        desk.signal(sender, target, data=BLOCK, now=now)


def test_nobody_is_slowed_while_targets_read() -> None:
    desk = Desk()
    sender, target = desk.join(A), desk.join(B)
    for _ in range(100):
        desk.signal(sender, B, data=BLOCK, now=1.0)
    behind(desk, target)
    behind(desk, target, is_so=False)
    for _ in range(100):
        desk.signal(sender, B, data=BLOCK, now=1.0)
    assert desk.paused == set()


def test_who_sends_much_to_a_client_that_is_behind_is_not_read_until_that_has_caught_up() -> None:
    desk = Desk()
    sender, other, target = desk.join(A), desk.join(C), desk.join(B)
    behind(desk, target)
    desk.clear()
    flood(desk, sender, B, 1.0)
    got = len(desk.take(target))
    assert 4 <= got <= 6
    desk.signal(other, B, data="a small one", now=1.1)
    assert len(desk.take(target)) == 1
    assert desk.paused == {sender}
    behind(desk, target, is_so=False, now=1.2)
    assert desk.paused == set()
    desk.signal(sender, B, data=BLOCK, now=1.3)
    assert len(desk.take(target)) == 1


def test_what_was_read_before_a_sender_was_stopped_is_delivered_as_far_as_it_is_a_few_shares() -> (
    None
):
    desk = Desk()
    sender, target = desk.join(A), desk.join(B)
    behind(desk, target)
    desk.clear()
    for _ in range(8 * IN_FLIGHT):
        desk.signal(sender, B, data=BLOCK, now=1.0)
    delivered = len(desk.take(target)) * len(BLOCK)
    assert IN_FLIGHT * ROOM <= delivered <= (IN_FLIGHT + 1) * ROOM
    reasons = {each["data"]["reason"] for each in desk.take(sender)}
    assert reasons == {"overloaded"}


def test_who_was_stopped_in_vain_is_told_and_may_send_to_others() -> None:
    desk = Desk()
    sender, target, other = desk.join(A), desk.join(B), desk.join(C)
    behind(desk, target)
    flood(desk, sender, B, 1.0)
    desk.tick(1.0 + PATIENCE)
    assert desk.paused == set()
    desk.clear()
    desk.signal(sender, B, data="x", now=1.0 + PATIENCE)
    [error] = desk.take(sender)
    assert error["data"]["reason"] == "overloaded"
    assert desk.take(target) == []
    desk.signal(sender, C, data=BLOCK, now=1.0 + PATIENCE)
    assert len(desk.take(other)) == 1
    assert desk.paused == set()
    behind(desk, target, is_so=False, now=5.0)
    desk.signal(sender, B, data="x", now=5.0)
    assert len(desk.take(target)) == 1


def test_the_more_senders_the_less_each_may_add_but_a_little_always() -> None:
    desk = Desk(ServerConfig(max_outbox_size=64 * 1024, max_message_size=64 * 1024))
    target = desk.join(B)
    senders = [desk.join(f"{number:040x}") for number in range(1, 21)]
    behind(desk, target)
    desk.clear()
    for sender in senders:
        desk.signal(sender, B, data="x" * (LEAST_SHARE - 2), now=1.0)
    assert len(desk.take(target)) == 20
    assert desk.paused == set()
    desk.signal(senders[0], B, data="x", now=1.0)
    desk.signal(senders[1], B, data="x", now=1.0)
    desk.signal(senders[1], B, data="x", now=1.0)
    assert desk.paused == {senders[1]}


def test_a_target_that_leaves_lets_its_senders_go_on() -> None:
    desk = Desk()
    sender, target = desk.join(A), desk.join(B)
    behind(desk, target)
    flood(desk, sender, B, 1.0)
    desk.lose(target, now=1.1)
    assert desk.paused == set()
    behind(desk, target, now=1.2)
    behind(desk, target, is_so=False, now=1.3)


def test_who_is_held_for_two_targets_waits_for_the_later_one() -> None:
    desk = Desk()
    sender, one, two = desk.join(A), desk.join(B), desk.join(C)
    behind(desk, one)
    behind(desk, two)
    flood(desk, sender, B, 1.0)
    for _ in range(6):
        desk.signal(sender, C, data=BLOCK, now=1.5)  # read before it was stopped
    behind(desk, one, is_so=False, now=1.6)
    assert desk.paused == {sender}
    desk.tick(1.0 + PATIENCE)
    assert desk.paused == {sender}
    behind(desk, two, is_so=False, now=2.1)
    assert desk.paused == set()


def test_of_senders_of_other_hubs_too_much_is_sent_back_at_once() -> None:
    effects = Effects(0.0)
    slow = SlowTargets(8 * LEAST_SHARE, Throttle(effects))
    target = SessionId(1)
    slow.fall_behind(target)
    assert slow.objection(target, A, None, LEAST_SHARE + 1, 1.0) is None
    assert slow.objection(target, A, None, 1, 1.0) is Reason.OVERLOADED
    assert slow.objection(target, B, None, 1, 1.0) is None
    assert effects.take_actions() == []


def test_of_very_many_senders_the_counts_begin_anew() -> None:
    effects = Effects(0.0)
    slow = SlowTargets(8 * LEAST_SHARE, Throttle(effects))
    target, flooder = SessionId(1), SessionId(2)
    slow.fall_behind(target)
    assert slow.objection(target, D, flooder, LEAST_SHARE + 1, 1.0) is None
    assert slow.objection(target, D, flooder, 1, 1.0) is None
    assert effects.take_actions() == [PausePeer(flooder)]
    for number in range(MOST_SENDERS):
        assert slow.objection(target, PeerId(f"{number:040x}"), None, 1, 1.0) is None
    assert len(slow.senders[target] or ()) <= MOST_SENDERS
    assert effects.take_actions() == [ResumePeer(flooder)]


def test_a_signal_from_another_hub_for_a_client_that_is_behind_comes_back_if_it_is_too_much() -> (
    None
):
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(2.0)
    hubs.feed(1, PeerBehind(SessionId(b[1]), is_behind=True))
    hubs.take(a)
    for _ in range(8):
        hubs.signal(a, B, data=BLOCK)
    hubs.pass_time(2.0)
    assert hubs.take_types(b).count("offer") == 4
    assert [each["data"]["reason"] for each in hubs.take(a)] == ["overloaded"] * 4


def test_a_hold_is_not_shortened_by_a_shorter_one() -> None:
    effects = Effects(0.0)
    throttle = Throttle(effects)
    throttle.hold(SessionId(1), 5.0)
    throttle.hold(SessionId(1), 3.0)
    throttle.release(SessionId(1), 3.0)
    throttle.tick(4.9)
    assert effects.take_actions() == [PausePeer(SessionId(1))]
    assert throttle.deadline() == 5.0
    throttle.tick(5.0)
    assert effects.take_actions() == [ResumePeer(SessionId(1))]
    throttle.release(SessionId(1))
    throttle.forget(SessionId(1))
    assert effects.take_actions() == []
