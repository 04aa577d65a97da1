"""Heads of requests: what is a WebSocket handshake, and what is refused how."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.http.request import (
    MAX_HEADERS,
    HandshakeError,
    Request,
    UpgradeRequest,
    accept,
    http_date,
    is_websocket,
    parse_request,
)
from tests.net.raw import ACCEPT, KEY, upgrade


def head(*lines: str, target: str = "/?peerId=abc", leave_out: str = "-") -> bytes:
    return upgrade(*lines, target=target, leave_out=leave_out)[:-4]


def refusal(data: bytes) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        accept(parse_request(data))
    return caught.value


def status_of(data: bytes) -> int:
    try:
        accept(parse_request(data))
    except HandshakeError as error:
        return error.status
    return 101


def accepted(*lines: str, target: str = "/?peerId=abc", leave_out: str = "-") -> UpgradeRequest:
    return accept(parse_request(head(*lines, target=target, leave_out=leave_out)))


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


# Accepting


def test_the_handshake_of_the_rfc_gets_the_answer_of_the_rfc() -> None:
    request = accepted("Origin: http://example.com", target="/chat?peerId=abc")
    assert (request.path, request.query, request.host) == ("/chat", "peerId=abc", "localhost:3000")
    assert request.origin == "http://example.com"
    assert request.response() == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n"
    )


@pytest.mark.parametrize(
    "value", ["websocket", "WebSocket", "WEBSOCKET", "h2c, websocket", "a ,\twebsocket ,b"]
)
def test_upgrade_is_a_list_in_any_case(value: str) -> None:
    request = parse_request(head(f"Upgrade: {value}", leave_out="Upgrade"))
    assert is_websocket(request)
    accept(request)


@pytest.mark.parametrize("value", ["", "h2c", "websockets", "web socket", "websocket/13"])
def test_another_upgrade_is_a_plain_request(value: str) -> None:
    assert not is_websocket(parse_request(head(f"Upgrade: {value}", leave_out="Upgrade")))
    assert not is_websocket(parse_request(head(leave_out="Upgrade")))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Sec-WebSocket-Version: 8", 426),
        ("Sec-WebSocket-Version: 7", 426),
        ("Sec-WebSocket-Version: 14", 426),
        ("Sec-WebSocket-Version: 013", 426),
        ("Sec-WebSocket-Version: 13, 8", 426),
        ("Sec-WebSocket-Key: ", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==x", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, a", 400),
        ("Sec-WebSocket-Key: AAAA", 400),
        ("Sec-WebSocket-Key: é" + KEY[1:], 400),
        ("Host: ", 400),
        ("Host: a b", 400),
        ("Host: a/b", 400),
        ("Host: user@host", 400),
        ("Host: é", 400),
    ],
)
def test_a_wrong_value_is_refused(line: str, status: int) -> None:
    assert refusal(head(line, leave_out=line.partition(":")[0])).status == status


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Sec-WebSocket-Version", 426),
        ("Sec-WebSocket-Key", 400),
        ("Host", 400),
    ],
)
def test_what_is_lacking_is_refused(name: str, status: int) -> None:
    assert refusal(head(leave_out=name)).status == status


@pytest.mark.parametrize(
    "line", ["Host: a", f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", "Origin: a"]
)
def test_what_may_stand_once_is_refused_twice(line: str) -> None:
    assert refusal(head(line, "Origin: b")).status == 400


@pytest.mark.parametrize(
    "line",
    [
        "Content-Length: 5",
        "Content-Length: 0, 0",
        "Content-Length: +0",
        "Transfer-Encoding: chunked",
    ],
)
def test_a_body_is_refused(line: str) -> None:
    assert refusal(head(line)).status == 400


def test_an_empty_body_is_none() -> None:
    accepted("Content-Length: 0")


def test_only_get_and_http_1_1_open_a_websocket() -> None:
    error = refusal(head().replace(b"GET", b"POST"))
    assert (error.status, error.headers) == (405, (("Allow", "GET"),))
    assert refusal(head().replace(b"HTTP/1.1", b"HTTP/1.0")).status == 400
    accept(parse_request(head().replace(b"HTTP/1.1", b"HTTP/1.2")))


@pytest.mark.parametrize(
    "line",
    [
        "Sec-WebSocket-Protocol: chat",
        "Sec-WebSocket-Protocol: \xff\xfe\xe9",
        "Sec-WebSocket-Protocol: ,,,",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Extensions: \xc3\xa9",
        'Sec-WebSocket-Extensions: a; b="',
        "Cookie: \xe9",
    ],
)
def test_offers_are_ignored_whatever_they_hold(line: str) -> None:
    """As in granian CVE-2026-42544, where a subprotocol beyond ASCII killed the worker."""
    request = accepted(line, line)
    assert b"Sec-WebSocket-Protocol" not in request.response()
    assert b"Extensions" not in request.response()


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


@given(st.integers(0, 253402300799))
def test_a_date_is_written_as_in_mail(at: int) -> None:
    assert http_date(at) == formatdate(at, usegmt=True)


def test_a_refusal_is_a_whole_response_that_ends_the_connection() -> None:
    response = refusal(
        head("Sec-WebSocket-Version: 8", leave_out="Sec-WebSocket-Version")
    ).response()
    first, date, rest = response.split(b"\r\n", 2)
    assert first == b"HTTP/1.1 426 Upgrade Required"
    assert abs(parsedate_to_datetime(date.decode()[6:]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert rest == (
        b"Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Connection: close\r\nContent-Length: 41\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"\r\nonly WebSocket version 13 is spoken here\n"
    )


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
