"""How fast one address may ask."""

from __future__ import annotations

import pytest

from peerpigeon.net.http.arrivals import AT_ONCE, MOST_ADDRESSES, PER_SECOND, Arrivals
from peerpigeon.net.http.response import HandshakeError

ONE, OTHER = "192.0.2.1", "192.0.2.2"


def ask(arrivals: Arrivals, count: int, now: float) -> None:
    for _ in range(count):
        arrivals.count(ONE, now)


def test_so_many_at_once_and_so_many_a_second() -> None:
    arrivals = Arrivals()
    for _ in range(AT_ONCE):
        arrivals.count(ONE, 100.0)
    with pytest.raises(HandshakeError) as error:
        arrivals.count(ONE, 100.0)
    assert error.value.status == 429
    assert error.value.headers == (("Retry-After", "1"),)
    assert "trusted_proxies" in error.value.log
    arrivals.count(OTHER, 100.0)
    for second in range(1, 4):
        for _ in range(PER_SECOND):
            arrivals.count(ONE, 100.1 + second)
    with pytest.raises(HandshakeError):
        ask(arrivals, 10, 103.1)


def test_what_is_refused_does_not_count() -> None:
    arrivals = Arrivals()
    for _ in range(AT_ONCE):
        arrivals.count(ONE, 100.0)
    for _ in range(1000):
        with pytest.raises(HandshakeError):
            arrivals.count(ONE, 100.0)
    arrivals.count(ONE, 100.1)


def test_a_network_of_64_bits_is_one_address_and_this_machine_has_no_limit() -> None:
    arrivals = Arrivals()
    for number in range(AT_ONCE):
        arrivals.count(f"2001:db8::{number:x}", 100.0)
        arrivals.count("127.0.0.1", 100.0)
        arrivals.count("::1", 100.0)
    arrivals.count("127.0.0.1", 100.0)
    with pytest.raises(HandshakeError):
        arrivals.count("2001:db8::ffff", 100.0)


def test_of_very_many_addresses_the_one_that_was_silent_longest_is_forgotten() -> None:
    arrivals = Arrivals()
    for _ in range(AT_ONCE):
        arrivals.count(ONE, 100.0)
        arrivals.count(OTHER, 100.0)
    for number in range(MOST_ADDRESSES - 1):
        arrivals.count(f"10.0.{number >> 8}.{number & 255}", 100.0)
    assert len(arrivals._paid_until) == MOST_ADDRESSES
    with pytest.raises(HandshakeError):
        arrivals.count(OTHER, 100.0)
    arrivals.count(ONE, 100.0)
