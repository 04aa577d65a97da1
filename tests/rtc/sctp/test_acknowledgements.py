"""When what has come is acknowledged (RFC 9260, section 6.2): with data, soon, or at once."""

from __future__ import annotations

from struct import pack

from peerpigeon.rtc.sctp.chunks import BINARY, FIRST, IMMEDIATE, LAST
from peerpigeon.rtc.sctp.incoming import ACKNOWLEDGE_WITHIN, Incoming

WHOLE = FIRST | LAST


def take(incoming: Incoming, *tsns: int, at: float = 0.0, flags: int = WHOLE) -> None:
    """Take a packet with so many fragments."""
    for tsn in tsns:
        incoming.take(flags, pack("!LHHL", tsn, 0, 0, BINARY) + b"text")
    incoming.end_packet(at)


def test_a_packet_is_acknowledged_soon_however_many_fragments_it_has() -> None:
    incoming = Incoming()
    take(incoming, 1, 2, 3, at=5.0)
    assert not incoming.is_urgent
    assert incoming.timer == 5.0 + ACKNOWLEDGE_WITHIN
    incoming.tick(5.0 + ACKNOWLEDGE_WITHIN / 2)
    assert not incoming.is_urgent
    incoming.tick(5.0 + ACKNOWLEDGE_WITHIN)
    assert incoming.is_urgent


def test_every_second_packet_is_acknowledged_at_once() -> None:
    incoming = Incoming()
    take(incoming, 1)
    take(incoming, 2)
    assert incoming.is_urgent
    incoming.acknowledgement()
    assert incoming.timer is None
    take(incoming, 3)
    assert incoming.is_urgent is False


def test_a_packet_without_data_is_not_acknowledged() -> None:
    incoming = Incoming()
    take(incoming)
    take(incoming)
    assert incoming.timer is None
    assert not incoming.is_urgent


def test_a_gap_and_what_came_twice_and_what_asks_for_it_is_acknowledged_at_once() -> None:
    for tsns, flags in (((2,), WHOLE), ((1, 1), WHOLE), ((1,), WHOLE | IMMEDIATE)):
        incoming = Incoming()
        take(incoming, *tsns, flags=flags)
        assert incoming.is_urgent
