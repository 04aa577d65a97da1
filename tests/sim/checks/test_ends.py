"""One signal has one end, and the check notices when it has another."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from peerpigeon.sim.checks.ends import Excuse, broken_ends
from peerpigeon.sim.checks.naps import Nap
from peerpigeon.sim.history import HeardError, HeardSignal, SentSignal
from tests.sim.checks.test_ledger import Pair

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host

HUB = cast("Host", object())


class Told(Pair):
    """Two clients; errors name the type of the signal. The second one's hub is ``HUB``."""

    def __init__(self) -> None:
        super().__init__()
        self.line = self.other.stays[0].connection
        self.line.ends = (self.other, HUB)

    def send(self, time: float, kind: str = "offer") -> str:
        serial = f"1.{len(self.one.sent)}"
        stay = self.one.stays[0]
        self.one.sent.append(SentSignal(serial, kind, self.other.peer_id, "net", time, stay))
        return serial

    def hear(self, serial: str, time: float) -> None:
        stay = self.other.stays[0]
        self.other.signals.append(HeardSignal(serial, "", self.one.peer_id, "net", time, stay))

    def refuse(self, time: float, kind: str = "offer") -> None:
        self.one.errors.append(HeardError("no", self.other.peer_id, time, kind))

    def faults(self, excuse: Excuse | None = None) -> list[str]:
        return list(broken_ends([self.one, self.other], excuse))


def arrived_and_refused() -> Told:
    told = Told()
    told.hear(told.send(1.0), 1.1)
    told.refuse(11.0)
    return told


def test_one_end_is_enough() -> None:
    told = Told()
    told.hear(told.send(1.0), 1.1)
    told.send(2.0)
    told.refuse(12.0)
    told.one.errors.append(HeardError("what is that?", "", 13.0))
    assert told.faults() == []


def test_two_arrivals_are_one_too_many() -> None:
    told = Told()
    serial = told.send(1.0)
    told.hear(serial, 1.1)
    told.hear(serial, 1.2)
    assert told.faults() == ["signal 1.0 arrived 2 times"]


def test_two_answers_are_one_too_many_even_if_others_of_another_type_had_none() -> None:
    told = Told()
    told.send(1.0, "offer")
    told.send(1.0, "answer")
    told.refuse(2.0)
    told.refuse(11.0)
    assert told.faults() == ["offer of client 1 to bbbbbbbb: 1 sent, 0 arrived, 2 answered"]


def test_what_arrived_is_not_refused() -> None:
    told = arrived_and_refused()
    assert told.faults() == ["offer of client 1 to bbbbbbbb: 1 sent, 1 arrived, 1 answered"]


def test_it_may_be_if_the_hub_died_before_it_could_say_so() -> None:
    told = arrived_and_refused()
    told.line.broken_at = 5.0
    assert told.faults() == []
    told.line.broken_at = 20.0
    assert told.faults() != []


def test_it_may_not_be_if_the_hub_stopped_in_good_order() -> None:
    told = arrived_and_refused()
    told.other.stays[0].until = 1.2
    assert told.faults() != []


def test_it_may_be_if_the_hub_stood_still_from_then_on() -> None:
    told = arrived_and_refused()
    assert told.faults(Excuse(naps=[Nap(HUB, 1.2, 30.0)])) == []
    assert told.faults(Excuse(naps=[Nap(HUB, 2.0, 30.0)])) != []
    assert told.faults(Excuse(naps=[Nap(cast("Host", object()), 1.2, 30.0)])) != []


def test_it_may_be_if_the_network_was_cut_or_the_hub_is_not_seen() -> None:
    told = arrived_and_refused()
    assert told.faults(Excuse(cuts=[1.2])) == []
    assert told.faults(Excuse(cuts=[0.9])) != []
    assert told.faults(Excuse(guests=[told.other.peer_id])) == []


def test_it_may_be_if_both_are_so_close_that_lost_packets_explain_it() -> None:
    told = arrived_and_refused()
    assert told.faults(Excuse(lateness=9.0)) != []
    assert told.faults(Excuse(lateness=10.0)) == []
