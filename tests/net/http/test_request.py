"""Heads of requests: how they are read, and what is refused how."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.http.opening_handshake import accept
from peerpigeon.net.http.request import MAX_HEADERS, Request, parse_request
from tests.net.http.heads import accepted, head, refusal, status_of

# Parsing


def test_a_request_is_its_method_target_version_and_headers() -> None:
    assert parse_request(b"POST /a?b HTTP/1.0\r\nHost: x\r\nX-Y: \t a b \t") == Request(
        "POST", "/a?b", (1, 0), (("host", "x"), ("x-y", "a b"))
    )


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET\t/\tHTTP/1.1", 400),
        (b"G@T / HTTP/1.1", 400),
        (b"GET / HTTP/11", 400),
        (b"GET / http/1.1", 400),
        (b"GET / HTTP/1.10", 400),
        (b"GET /\xc3\xa4 HTTP/1.1", 400),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\nHost: x", 400),
        (b"GET / HTTP/1.1\rHost: x", 400),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost", 400),
        (b"GET / HTTP/1.1\r\nHost : x", 400),
        (b"GET / HTTP/1.1\r\n Host: x", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\tfolded", 400),
        (b"GET / HTTP/1.1\r\n: x", 400),
        (b"GET / HTTP/1.1\r\nH\xc3\xb6st: x", 400),
        (b"GET / HTTP/1.1\r\nHost: x\x00y", 400),
        (b"GET / HTTP/1.1\r\nHost: x\ny: z", 400),
        (b"GET / HTTP/1.1\r\nHost: x\ry: z", 400),
        (b"GET / HTTP/1.1\r\nHost: \x7f", 400),
        (b"GET / HTTP/1.1\r\nHost: \x1b[31m", 400),
    ],
)
def test_a_malformed_head_is_refused(data: bytes, status: int) -> None:
    assert refusal(data).status == status


def test_as_many_headers_as_allowed_pass_and_one_more_is_refused() -> None:
    """As in ws CVE-2024-37890, where more headers than the limit stopped the server."""
    lines = b"GET / HTTP/1.1" + b"\r\nX: y" * MAX_HEADERS
    assert len(parse_request(lines).headers) == MAX_HEADERS
    assert refusal(lines + b"\r\nX: y").status == 431
    assert refusal(b"GET / HTTP/1.1" + b"\r\nA:" * 4000).status == 431


@pytest.mark.parametrize(
    "name",
    ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Upgrade", "Connection", "X", "Host"],
)
@pytest.mark.parametrize("unit", ["a" + " " * 7000, ", " * 7000, '"' * 14_000, "\t" * 14_000 + "x"])
def test_long_values_take_no_long_time(name: str, unit: str) -> None:
    """As in ws CVE-2021-32640, where a header of spaces kept a regular expression busy."""
    data = head(f"{name}: {unit}", leave_out="Host" if name == "Host" else "-")
    began = time.perf_counter()
    assert status_of(data) in {101, 400}
    assert time.perf_counter() - began < 0.1


@given(st.binary(max_size=200))
def test_no_head_raises_anything_but_a_refusal(noise: bytes) -> None:
    for data in (noise, b"GET / HTTP/1.1\r\n" + noise, head() + b"\r\nX: " + noise, head() + noise):
        assert status_of(data) in {101, 400, 405, 426, 431, 505}


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80), st.text(max_size=5)
)
def test_no_target_raises_anything_but_a_refusal(target: str, name: str) -> None:
    data = head(target="/?" + target)
    assert status_of(data) in {101, 400}
    if status_of(data) == 101:
        accept(parse_request(data)).parameter(name).encode()


# Targets


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("peerId=abc", "abc"),
        ("a=1&peerId=abc&b", "abc"),
        ("peerId=abc&peerId=def", "abc"),
        ("peerId=", ""),
        ("peerId", ""),
        ("", ""),
        ("peerid=abc", ""),
        ("xpeerId=abc", ""),
        ("peerId=a=b", "a=b"),
        ("peer%49d=abc", "abc"),
        ("peerId=%61%C3%A4+%2B", "aä +"),
        ("peerId=%zz%", "%zz%"),
        ("peerId=%ff", "\N{REPLACEMENT CHARACTER}"),
        ("peerId=%ed%a0%80", "\N{REPLACEMENT CHARACTER}" * 3),
        ("peerId=%00%0d%0a", "\x00\r\n"),
    ],
)
def test_a_parameter_is_decoded_and_the_first_wins(query: str, value: str) -> None:
    assert accepted(target=f"/?{query}").parameter("peerId") == value


@pytest.mark.parametrize(
    ("target", "path"),
    [("/", "/"), ("/a/%62", "/a/%62"), ("//a", "//a"), ("http://h:1/a?b", "/a"), ("WS://h?b", "/")],
)
def test_the_path_is_as_it_was_sent(target: str, path: str) -> None:
    assert accepted(target=target).path == path


@pytest.mark.parametrize("target", ["*", "a", "?a", "/#a", "ftp://h/a", "h:1", "http:/h"])
def test_a_malformed_target_is_refused(target: str) -> None:
    assert refusal(head(target=target)).status == 400


# Refusing


def test_a_refusal_repeats_nothing_of_the_request() -> None:
    """As in uvicorn PYSEC-2020-150, where a request forged lines of the log."""
    marked = [
        b"GET /MARK\x7f HTTP/1.1",
        b"GET / HTTP/1.1\r\nMARK",
        head("Host: MARK"),
        head(target="MARK"),
    ]
    for data in marked:
        assert not re.search("MARK", refusal(data).response().decode() + str(refusal(data)))
