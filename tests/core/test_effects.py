"""What is put down for clients comes out in order, in as few actions as that takes."""

from __future__ import annotations

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import ClosePeer, SendToPeers

ONE, TWO = SessionId(1), SessionId(2)


def test_messages_one_after_another_are_one_action() -> None:
    out = Effects(0.0)
    out.send(ONE, b"a")
    out.send_each([TWO, ONE], [b"b", b"c"])
    out.send(TWO, b"d")
    assert out.take_actions() == [SendToPeers((ONE, TWO, ONE, TWO), (b"a", b"b", b"c", b"d"))]
    assert out.take_actions() == []


def test_nothing_overtakes_another_action() -> None:
    out = Effects(0.0)
    out.send(ONE, b"a")
    out.send_all(TWO, [b"b", b"c"])
    out.send_all(TWO, [])
    out.act(ClosePeer(TWO, 1000, ""))
    out.send(ONE, b"d")
    assert out.take_actions() == [
        SendToPeers((ONE, TWO, TWO), (b"a", b"b", b"c")),
        ClosePeer(TWO, 1000, ""),
        SendToPeers((ONE,), (b"d",)),
    ]


def test_the_lists_that_it_is_given_are_not_changed() -> None:
    # Several peers are introduced to the same crowd: one list of sessions serves them all.
    out = Effects(0.0)
    sessions, payloads = [ONE, TWO], [b"a", b"b"]
    out.send_each(sessions, payloads)
    out.send_each(sessions, payloads)
    out.send(ONE, b"c")
    assert (sessions, payloads) == ([ONE, TWO], [b"a", b"b"])
    assert out.take_actions() == [
        SendToPeers((ONE, TWO, ONE, TWO, ONE), (b"a", b"b", b"a", b"b", b"c"))
    ]


def test_what_time_it_is_follows_the_clock_when_that_is_set() -> None:
    out = Effects(1000.0)
    assert (out.milliseconds(0.0), out.milliseconds(2.5)) == (1_000_000, 1_002_500)
    out.set_clock(-3.0)
    assert (out.milliseconds(2.5), out.milliseconds(0.0)) == (-500, -3_000)
