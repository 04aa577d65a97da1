"""The opening handshake as its client sees it (RFC 6455, section 4.1), without sockets."""

from __future__ import annotations

import base64

import pytest

from peerpigeon.net.http.opening_handshake import accept
from peerpigeon.net.http.request import parse_request
from peerpigeon.net.websocket.client_handshake import ClientHandshake, UpgradeError, WebSocketUri
from tests.net.raw import ACCEPT, KEY

NONCE = base64.b64decode(KEY)
URI = "ws://hub.example:3000/?peerId=abc&hub=1"


def handshake(uri: str = URI) -> ClientHandshake:
    return ClientHandshake(WebSocketUri.parse(uri), NONCE)


def answer(*lines: str, status: str = "101 Switching Protocols", leave_out: str = "-") -> bytes:
    """Return a server's answer with some lines more, and without those of one name."""
    usual = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}"]
    kept = [line for line in usual if not line.lower().startswith(leave_out.lower() + ":")]
    return "\r\n".join([f"HTTP/1.1 {status}", *kept, *lines, "", ""]).encode("latin-1")


def refusal(data: bytes) -> str:
    with pytest.raises(UpgradeError) as caught:
        handshake().receive_data(data)
    return str(caught.value)


# The request


def test_the_request_is_what_the_rfc_asks_for() -> None:
    assert handshake().request() == (
        b"GET /?peerId=abc&hub=1 HTTP/1.1\r\n"
        b"Host: hub.example:3000\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("text", "parsed", "authority"),
    [
        ("ws://a", (False, "a", 80, "/"), "a"),
        ("wss://a", (True, "a", 443, "/"), "a"),
        ("ws://a:80/x", (False, "a", 80, "/x"), "a"),
        ("ws://a:443", (False, "a", 443, "/"), "a:443"),
        ("wss://a:80", (True, "a", 80, "/"), "a:80"),
        ("WS://A.Example:3000?b=c", (False, "a.example", 3000, "/?b=c"), "a.example:3000"),
        ("ws://[::1]:3000/", (False, "::1", 3000, "/"), "[::1]:3000"),
        ("ws://[fe80::1%eth0]", (False, "fe80::1%eth0", 80, "/"), "[fe80::1]"),
        ("ws://bücher.de", (False, "xn--bcher-kva.de", 80, "/"), "xn--bcher-kva.de"),
        ("ws://a/ü%20?ü=\x7f%41", (False, "a", 80, "/%C3%BC%20?%C3%BC=%7F%41"), "a"),
    ],
)
def test_an_address_is_read_as_host_port_and_resource(
    text: str, parsed: tuple[bool, str, int, str], authority: str
) -> None:
    uri = WebSocketUri.parse(text)
    assert uri == WebSocketUri(*parsed)
    assert uri.authority == authority


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:3000",
        "http://a",
        "ws://",
        "ws:///x",
        "ws://a:x",
        "ws://a:65536",
        "ws://u:p@a",
        "ws://a..b",
        "ws://a\x00b",
        "ws://a b",
        "ws://a\x7f",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        WebSocketUri.parse(text)


@pytest.mark.parametrize("uri", ["ws://a/x y", "ws://a/x\x00", "ws://a/?x\x1f", "ws://a/ä?ö"])
def test_our_own_server_accepts_the_request_whatever_is_in_the_address(uri: str) -> None:
    request = parse_request(handshake(uri).request()[:-4])
    assert accept(request).key == KEY


# The answer


@pytest.mark.parametrize(
    "data",
    [
        answer(),
        answer("Date: today", "X:", "Server: ü"),
        answer("UPGRADE: WebSocket", leave_out="Upgrade"),
        answer("connection: keep-alive, upgrade", leave_out="Connection"),
        answer("Connection: keep-alive"),
        answer(status="101"),
        answer(status="101 "),
    ],
)
def test_an_answer_that_accepts_is_taken_and_what_follows_is_frames(data: bytes) -> None:
    assert handshake().receive_data(data) == b""
    assert handshake().receive_data(data + b"\x81\x01a") == b"\x81\x01a"
    bytewise = handshake()
    for place in range(len(data) - 1):
        assert bytewise.receive_data(data[place : place + 1]) is None
    assert bytewise.receive_data(data[-1:] + b"\x81") == b"\x81"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x16\x03\x01\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/2 101\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 1010\r\n\r\n", "does not speak HTTP"),
        (answer(status="403 \x1b[2Jno"), "403 Forbidden"),
        (answer(status="200 OK"), "200 OK"),
        (answer("Location: ws://elsewhere", status="302 Found"), "302 Found"),
        (answer(status="599 ?"), "answered 599"),
        (answer(leave_out="Upgrade"), "Upgrade"),
        (answer("Upgrade: h2c"), "Upgrade"),
        (answer(leave_out="Connection"), "Connection"),
        (answer("Connection: close", leave_out="Connection"), "Connection"),
        (answer(leave_out="Sec-WebSocket-Accept"), "Sec-WebSocket-Accept"),
        (answer(f"Sec-WebSocket-Accept: {ACCEPT}"), "Sec-WebSocket-Accept"),
        (
            answer(f"Sec-WebSocket-Accept: {ACCEPT.lower()}", leave_out="Sec-WebSocket-Accept"),
            "Sec-WebSocket-Accept",
        ),
        (answer("Sec-WebSocket-Extensions: permessage-deflate"), "sec-websocket-extensions"),
        (answer("Sec-WebSocket-Protocol: chat"), "sec-websocket-protocol"),
        (answer("folded:", " line"), "malformed header"),
        (answer("space : x"), "malformed header"),
        (answer("no colon"), "malformed header"),
        (answer(*["X: y"] * 100), "more than 100 headers"),
        (b"HTTP/1.1 101 " + b"x" * 20_000, "over 16384 bytes"),
    ],
)
def test_an_answer_that_opens_no_websocket_is_refused_by_what_is_wrong(
    data: bytes, reason: str
) -> None:
    said = refusal(data)
    assert reason in said
    assert said.isprintable()
