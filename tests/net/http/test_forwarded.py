"""Whose word counts for where a request comes from."""

from __future__ import annotations

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.request import parse_request

PROXY, CLIENT = "10.0.0.7", "203.0.113.9"


def origin(*lines: str, peer: str = PROXY, trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> str:
    head = "\r\n".join(["GET / HTTP/1.1", "Host: a", *lines])
    config = ServerConfig(trusted_proxies=trusted)
    return Forwarded(config.trusted_networks).origin(parse_request(head.encode()), peer)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"X-Forwarded-For: {CLIENT}"], CLIENT),
        ([f"X-Forwarded-For: 192.0.2.1, {CLIENT}"], CLIENT),
        ([f"X-Forwarded-For: 192.0.2.1,{CLIENT} , 10.2.3.4"], CLIENT),
        (["X-Forwarded-For: 192.0.2.1", f"X-Forwarded-For: {CLIENT}"], CLIENT),
        ([f"X-Forwarded-For: {CLIENT}:4711"], CLIENT),
        (["X-Forwarded-For: 2001:DB8::1"], "2001:db8::1"),
        (["X-Forwarded-For: [2001:db8::1]:443"], "2001:db8::1"),
        (["X-Forwarded-For: 10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ([f"X-Forwarded-For: {CLIENT}, unknown"], PROXY),
        ([f"X-Forwarded-For: {CLIENT}, nonsense, 10.2.2.2"], "10.2.2.2"),
        (["X-Forwarded-For:"], PROXY),
        ([f"Forwarded: for={CLIENT};proto=https;by=10.0.0.7"], CLIENT),
        ([f"Forwarded: for=192.0.2.1, proto=https; For = {CLIENT}"], CLIENT),
        (['Forwarded: for="[2001:db8::1]:4711"'], "2001:db8::1"),
        (["Forwarded: for=192.0.2.1, for=_hidden"], PROXY),
        (["Forwarded: proto=https"], PROXY),
        ([f"Forwarded: for={CLIENT}", "X-Forwarded-For: 192.0.2.5"], "192.0.2.5"),
        ([], PROXY),
    ],
)
def test_what_a_trusted_proxy_adds_counts_and_nothing_before_it(
    lines: list[str], expected: str
) -> None:
    assert origin(*lines) == expected


def test_what_anybody_else_writes_does_not_count() -> None:
    assert origin("X-Forwarded-For: 192.0.2.1", peer=CLIENT) == CLIENT
    assert origin("X-Forwarded-For: 192.0.2.1", trusted=()) == PROXY
    assert origin("X-Forwarded-For: 192.0.2.1", peer="?") == "?"


def test_a_proxy_is_known_by_its_address_in_either_family() -> None:
    line = f"X-Forwarded-For: {CLIENT}"
    assert origin(line, peer="::ffff:10.0.0.7") == CLIENT
    assert origin(line, peer="2001:db8::7", trusted=("2001:db8::/32",)) == CLIENT
    assert origin(line, peer="10.0.0.7", trusted=("10.0.0.7",)) == CLIENT
    assert origin(line, peer="10.0.0.8", trusted=("10.0.0.7",)) == "10.0.0.8"
