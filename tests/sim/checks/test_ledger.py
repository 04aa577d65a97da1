"""The ledger tells each fate of a signal from the others."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.reasons import Reason
from peerpigeon.sim.checks.ledger import LIFETIME, Guests, Losses, fates, last_trouble
from peerpigeon.sim.checks.naps import Nap
from peerpigeon.sim.client import Client
from peerpigeon.sim.history import HeardError, HeardSignal, SentSignal, Stay
from peerpigeon.sim.scheduler import Scheduler

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.websocket import Connection

A, B = PeerId("a" * 40), PeerId("b" * 40)


class Line:
    def __init__(self) -> None:
        self.ends = "client", object()  # the hub

    silent_since: float | None = None
    broken_at: float | None = None


def stay(peer: PeerId) -> Stay:
    return Stay(peer, "net", cast("Connection", Line()), since=0.0, confirmed=0.0)


class Pair:
    """Two clients who have met, and what one sends the other."""

    def __init__(self) -> None:
        self.one, self.other = (
            Client(number, peer, Random(number), Scheduler(), reconnects=False)
            for number, peer in ((1, A), (2, B))
        )
        for client in (self.one, self.other):
            client.stays.append(stay(client.peer_id))
            client._stay = client.stays[0]

    def send(self, time: float) -> str:
        serial = f"1.{len(self.one.sent)}"
        self.one.sent.append(SentSignal(serial, "offer", B, "net", time, self.one.stays[0]))
        return serial

    def hear(self, serial: str, time: float) -> None:
        heard = HeardSignal(serial, "offer", A, "net", time, self.other.stays[0])
        self.other.signals.append(heard)

    def refuse(self, time: float, text: str = "no") -> None:
        self.one.errors.append(HeardError(text, B, time))

    def counts(self, guests: Guests | None = None) -> dict[str, int]:
        judged = fates([self.one, self.other], guests=guests)
        names = (
            "sent",
            "delivered",
            "refused",
            "lost",
            "cut_off",
            "repeated",
            "out_of_order",
            "refused_wrongly",
        )
        return {name: count for name in names if (count := getattr(judged, name))}

    @property
    def is_clean(self) -> bool:
        return fates([self.one, self.other]).is_clean


def test_a_signal_that_arrives_is_delivered() -> None:
    pair = Pair()
    pair.hear(pair.send(1.0), 1.1)
    assert pair.counts() == {"sent": 1, "delivered": 1}
    assert pair.is_clean


def test_a_signal_that_is_answered_by_an_error_is_refused() -> None:
    pair = Pair()
    pair.send(1.0)
    pair.refuse(11.0)
    assert pair.counts() == {"sent": 1, "refused": 1}
    assert pair.is_clean


def test_a_signal_of_which_nothing_is_heard_is_lost() -> None:
    pair = Pair()
    pair.send(1.0)
    assert pair.counts() == {"sent": 1, "lost": 1}
    assert not pair.is_clean
    judged = fates([pair.one, pair.other])
    assert judged.examples == ["signal 1.0 to bbbbbbbb at 1.000 is lost"]


def test_a_signal_to_somebody_whose_line_broke_meanwhile_is_cut_off() -> None:
    pair = Pair()
    pair.other.stays[0].until = 5.0
    pair.send(1.0)
    assert pair.counts() == {"sent": 1, "cut_off": 1}
    assert pair.is_clean


def test_a_signal_of_somebody_whose_line_broke_meanwhile_is_cut_off() -> None:
    pair = Pair()
    pair.one.stays[0].until = 1.0 + LIFETIME
    pair.send(1.0)
    assert pair.counts() == {"sent": 1, "cut_off": 1}


@pytest.mark.parametrize(("leaves", "fate"), [(16.9, "cut_off"), (17.1, "lost")])
def test_a_signal_to_a_hub_that_takes_a_nap_has_its_time_from_the_end_of_that(
    leaves: float, fate: str
) -> None:
    pair = Pair()
    pair.one.stays[0].until = leaves
    pair.send(1.0)
    hub = cast("Host", pair.one.stays[0].connection.ends[1])
    other = cast("Host", object())
    naps = [Nap(hub, 0.0, 0.9), Nap(hub, 1.4, 5.0), Nap(hub, 5.0, 9.0), Nap(other, 0.0, 9.0)]
    judged = fates([pair.one, pair.other], naps=naps)
    assert getattr(judged, fate) == 1
    assert fates([pair.one, pair.other]).lost == 1, "if it was awake"


def test_a_signal_to_somebody_who_was_long_gone_must_be_answered() -> None:
    pair = Pair()
    pair.other.stays[0].until = 0.5
    pair.send(1.0)
    assert pair.counts() == {"sent": 1, "lost": 1}


def moved() -> Pair:
    """Return a pair of whom the other has left at 1.2 s and come back at 1.3 s."""
    pair = Pair()
    pair.other.stays[0].until = 1.2
    pair.other.stays.append(stay(B))
    pair.other.stays[1].since = 1.3
    return pair


def test_a_signal_to_somebody_who_left_and_came_back_meanwhile_may_have_gone_past() -> None:
    pair = moved()
    pair.send(1.1)
    assert pair.counts() == {"sent": 1, "cut_off": 1}


def test_a_signal_to_somebody_whose_hub_closed_a_socket_is_not_on_its_way_there() -> None:
    pair = moved()
    pair.other.stays[0].was_closed = True
    pair.send(1.1)
    assert pair.counts() == {"sent": 1, "lost": 1}


def test_a_signal_that_arrives_twice_is_repeated() -> None:
    pair = Pair()
    serial = pair.send(1.0)
    pair.hear(serial, 1.1)
    pair.hear(serial, 1.2)
    assert pair.counts() == {"sent": 1, "delivered": 1, "repeated": 1}
    assert not pair.is_clean


def test_a_signal_that_arrives_after_a_later_one_is_out_of_order() -> None:
    pair = Pair()
    first, second = pair.send(1.0), pair.send(1.1)
    pair.hear(second, 1.2)
    pair.hear(first, 1.3)
    assert pair.counts() == {"sent": 2, "delivered": 2, "out_of_order": 1}
    assert not pair.is_clean


def test_a_signal_that_arrives_and_is_refused_is_refused_wrongly() -> None:
    pair = Pair()
    pair.hear(pair.send(1.0), 1.1)
    pair.refuse(11.0)
    assert pair.counts() == {"sent": 1, "delivered": 1, "refused_wrongly": 1}
    assert not pair.is_clean


def test_what_arrived_just_before_a_cut_may_be_refused_all_the_same() -> None:
    pair = Pair()
    pair.hear(pair.send(1.0), 1.1)
    pair.refuse(11.0)
    assert fates([pair.one, pair.other], cuts=[1.2]).is_clean
    assert not fates([pair.one, pair.other], cuts=[0.9]).is_clean


@pytest.mark.parametrize(
    ("delays", "is_clean"),
    [
        ([0.9, 1.0], True),
        ([0.9, 1.0 + LIFETIME], True),
        ([0.9], False),
        ([1.0 + LIFETIME + 0.1], False),
        ([], False),
    ],
)
def test_what_arrived_may_be_told_as_expired_where_something_was_held_up_in_its_life(
    delays: list[float], is_clean: bool
) -> None:
    pair = Pair()
    pair.hear(pair.send(1.0), 1.1)
    pair.refuse(11.0, f"cannot be delivered: {Reason.EXPIRED.text}")
    assert fates([pair.one, pair.other], losses=Losses(delays)).is_clean is is_clean


def test_what_arrived_is_never_told_as_anything_else_because_something_was_held_up() -> None:
    pair = Pair()
    pair.hear(pair.send(1.0), 1.1)
    pair.refuse(11.0, f"cannot be delivered: {Reason.NOT_FOUND.text}")
    assert not fates([pair.one, pair.other], losses=Losses([1.0])).is_clean


def test_where_lines_of_clients_are_slow_the_fate_of_a_signal_is_waited_for() -> None:
    pair = Pair()
    pair.send(1.0)
    pair.other.stays[0].until = 1.0 + LIFETIME + 4.0
    slow = Losses(slack=5.0)
    assert fates([pair.one, pair.other]).lost == 1
    assert fates([pair.one, pair.other], losses=slow).cut_off == 1
    pair = Pair()
    pair.other.stays[0].until = 0.0
    pair.send(5.0)
    assert fates([pair.one, pair.other]).lost == 1
    assert fates([pair.one, pair.other], losses=slow).cut_off == 1
    pair.send(6.0)
    assert fates([pair.one, pair.other], losses=slow).lost == 1, "that farewell had arrived"


def test_what_arrived_at_somebody_whose_line_then_broke_may_be_refused_all_the_same() -> None:
    pair = Pair()
    pair.other.stays[0].until = 5.0
    pair.hear(pair.send(1.0), 1.1)
    pair.refuse(11.0)
    assert pair.is_clean


def test_the_last_trouble_is_the_last_signal_that_did_not_arrive_promptly() -> None:
    pair = Pair()
    for time, arrival in ((1.0, 9.0), (2.0, 9.0), (3.0, 3.1)):
        pair.hear(pair.send(time), arrival)
    both = [pair.one, pair.other]
    assert last_trouble(both, since=0.5, patience=2.0) == 2.0
    assert last_trouble(both, since=2.5, patience=2.0) == 2.5
    pair.send(4.0)
    assert last_trouble(both, since=0.5, patience=2.0) == 4.0


def test_who_has_left_is_no_trouble() -> None:
    pair = Pair()
    pair.send(1.0)
    pair.other._stay = None
    assert last_trouble([pair.one, pair.other], since=0.0, patience=2.0) == 0.0


def test_no_error_is_asked_for_to_a_guest_whose_target_is_gone() -> None:
    pair = Pair()
    pair.other.stays[0].until = 1.0
    pair.send(5.0)
    assert pair.counts() == {"sent": 1, "lost": 1}
    assert pair.counts(Guests([A])) == {"sent": 1, "cut_off": 1}


def test_a_guests_signal_to_somebody_who_is_there_must_arrive() -> None:
    pair = Pair()
    pair.send(5.0)
    assert pair.counts(Guests([A])) == {"sent": 1, "lost": 1}


def test_while_guests_are_apart_signals_to_and_from_them_may_be_lost() -> None:
    for apart in ([A], [B]):
        pair = Pair()
        for time in (100.0 - LIFETIME - 0.1, 100.0 - LIFETIME + 0.1, 110.0, 110.1):
            pair.send(time)
        assert pair.counts(Guests([], apart, 100.0, 110.0)) == {"sent": 4, "lost": 2, "cut_off": 2}


def test_guests_that_are_apart_together_lose_nothing_among_themselves() -> None:
    pair = Pair()
    pair.send(105.0)
    assert pair.counts(Guests([], [A, B], 100.0, 110.0)) == {"sent": 1, "lost": 1}
