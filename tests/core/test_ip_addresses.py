"""Who is one stranger: an IPv4 address, or 64 bits of IPv6."""

from __future__ import annotations

import pytest

from peerpigeon.core.ip_addresses import THIS_MACHINE, UNIX, subscriber


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("ws://hub.example", "ws://hub.example"),
        ("", ""),
    ],
)
def test_addresses_of_one_subscriber_are_one(address: str, expected: str) -> None:
    assert subscriber(address) == expected


def test_programs_of_this_machine_are_known_and_other_names_of_it_are_not() -> None:
    assert {subscriber("127.0.0.1"), subscriber("0:0::1"), UNIX} == THIS_MACHINE
    assert subscriber("127.0.0.2") not in THIS_MACHINE


def test_what_has_no_address_is_counted_as_this_machine() -> None:
    assert subscriber(UNIX) in THIS_MACHINE
