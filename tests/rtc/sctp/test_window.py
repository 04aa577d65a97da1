"""How many bytes may be under way: by how long the path is, not by how busy its ends are."""

from __future__ import annotations

from peerpigeon.rtc.sctp.congestion import RATE, SMALLEST_WINDOW
from peerpigeon.rtc.sctp.outgoing import Outgoing
from peerpigeon.rtc.sctp.round_trip import REMEMBERED

MTU = 1160


class Sending:
    """One end that has much to send, and whose other end acknowledges all that is under way."""

    def __init__(self) -> None:
        self.now = 100.0
        self.outgoing = Outgoing(1, MTU)
        self.outgoing.allow(1 << 24)

    def round_trip(self, seconds: float) -> int:
        """Send what may be sent; return how many bytes that was. It arrives after so long."""
        outgoing = self.outgoing
        size = 0
        while outgoing.waiting_size < 1 << 20:
            outgoing.add(bytes(100_000))
        while chunks := outgoing.next_chunks(MTU, self.now):
            size += sum(map(len, chunks))
        self.now += seconds
        assert outgoing.acknowledge(outgoing.next_tsn - 1, 1 << 24, b"", self.now)
        return size

    def most(self, seconds: float, times: int = 80) -> int:
        return max(self.round_trip(seconds) for _ in range(times))


def test_it_grows_with_the_length_of_the_path() -> None:
    assert SMALLEST_WINDOW / 2 < Sending().most(0.001) < SMALLEST_WINDOW + 32 * MTU
    assert RATE * 0.1 / 2 < Sending().most(0.1) < RATE * 0.1 + 32 * MTU


def test_an_end_that_takes_long_to_answer_has_no_more_under_way() -> None:
    """The more it has not read, the longer the next would take, and nothing overtakes that."""
    sending = Sending()
    sending.round_trip(0.001)
    assert sending.most(0.5) < SMALLEST_WINDOW + 32 * MTU


def test_a_path_that_has_become_longer_is_known_as_such_after_a_while() -> None:
    sending = Sending()
    sending.round_trip(0.001)
    for _ in range(2):
        sending.round_trip(0.1)
        sending.now += REMEMBERED
    assert sending.most(0.1) > RATE * 0.1 / 2


def test_a_path_that_has_become_shorter_is_known_as_such_at_once() -> None:
    sending = Sending()
    assert sending.most(0.1) > RATE * 0.1 / 2
    sending.round_trip(0.001)
    assert sending.round_trip(0.001) < SMALLEST_WINDOW + 32 * MTU
