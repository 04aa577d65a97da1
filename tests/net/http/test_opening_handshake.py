"""Opening handshakes of WebSockets: which are accepted, and how the others are refused."""

from __future__ import annotations

import pytest

from peerpigeon.net.http.opening_handshake import accept, is_websocket
from peerpigeon.net.http.request import parse_request
from tests.net.http.heads import accepted, head, refusal
from tests.net.raw import ACCEPT, KEY


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


def test_who_speaks_another_version_is_told_which_is_spoken_here() -> None:
    error = refusal(head("Sec-WebSocket-Version: 8", leave_out="Sec-WebSocket-Version"))
    assert error.headers == (
        ("Sec-WebSocket-Version", "13"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
    )


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
