"""The opening handshake of a WebSocket as its client sees it (RFC 6455, section 4.1).

Bytes and text only: no socket, event loop, clock or chance.
"""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import msgspec

from peerpigeon.net.http.opening_handshake import accept_value
from peerpigeon.net.http.request import MAX_HEAD_SIZE, MAX_HEADERS

KEY_SIZE = 16
"""Bytes, drawn anew for each handshake, that in base64 are the key."""

_END = b"\r\n\r\n"
_PORTS = {"ws": 80, "wss": 443}  # section 3
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?")
"""A name or an address; an IPv6 address may have a zone (RFC 6874)."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9]{2})(?: .*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*")


class UpgradeError(Exception):
    """The server's answer opens no WebSocket; the message says why and repeats nothing of it."""


class WebSocketUri(msgspec.Struct, frozen=True):
    """The address of a WebSocket server (RFC 6455, section 3)."""

    is_secure: bool
    """Whether it is reached over TLS."""
    host: str
    """A name as it stands in DNS, or an IP address without brackets."""
    port: int
    resource: str
    """Path and query, percent-encoded."""

    @classmethod
    def parse(cls, text: str) -> WebSocketUri:
        """Return the address that a text is. Raises ``ValueError``."""
        parts = urlsplit(text)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{text!r} is not an address of the form ws://host:port")
        if "@" in parts.netloc:
            raise ValueError("an address of a WebSocket has no user or password in it")
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        if not _HOST.fullmatch(host):
            raise ValueError(f"{text!r} names no host that there can be")
        resource = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
        if parts.query:
            resource += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~")
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        return cls(parts.scheme == "wss", host, port, resource)

    @property
    def authority(self) -> str:
        """What the ``Host`` header says: the port only if it is not the usual one."""
        # The zone of an IPv6 address means something on this machine alone (RFC 6874, section 1).
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        usual = _PORTS["wss" if self.is_secure else "ws"]
        return host if self.port == usual else f"{host}:{self.port}"


class ClientHandshake:
    """One opening handshake: the request for ``uri``, and what comes back until it is answered.

    ``nonce`` is ``KEY_SIZE`` random bytes.
    """

    def __init__(self, uri: WebSocketUri, nonce: bytes) -> None:
        self._uri = uri
        self._key = base64.b64encode(nonce).decode()
        self._head = bytearray()

    def request(self) -> bytes:
        """Return what is to be sent."""
        return (
            f"GET {self._uri.resource} HTTP/1.1\r\n"
            f"Host: {self._uri.authority}\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {self._key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        ).encode()

    def receive_data(self, data: bytes) -> bytes | None:
        """Return what has come behind the server's answer, ``None`` while that is not whole.

        Raises ``UpgradeError`` for an answer that opens no WebSocket. A redirection does not.
        """
        # Searching only what is new keeps an answer that comes byte by byte linear.
        start = max(0, len(self._head) - len(_END) + 1)
        self._head += data
        end = self._head.find(_END, start, MAX_HEAD_SIZE)
        if end >= 0:
            _check(bytes(self._head[:end]), accept_value(self._key))
            return bytes(self._head[end + len(_END) :])
        if len(self._head) >= MAX_HEAD_SIZE:
            raise UpgradeError(f"the head of the server's answer is over {MAX_HEAD_SIZE} bytes")
        return None


def _check(head: bytes, accept: str) -> None:
    first, *lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise UpgradeError("what answers there does not speak HTTP/1.1")
    status = int(match[1])
    if status != HTTPStatus.SWITCHING_PROTOCOLS:
        raise UpgradeError(f"the server answered {_described(status)} and opened no WebSocket")
    headers = _parse_headers(lines)
    if headers.get(b"upgrade", b"").lower() != b"websocket":
        raise UpgradeError("the server's Upgrade is not websocket")
    tokens = headers.get(b"connection", b"").lower().split(b",")
    if b"upgrade" not in (token.strip() for token in tokens):
        raise UpgradeError("the server's Connection does not name upgrade")
    if headers.get(b"sec-websocket-accept", b"") != accept.encode():
        raise UpgradeError("the server's Sec-WebSocket-Accept is not the one for our key")
    # We have offered none.
    for name in (b"sec-websocket-extensions", b"sec-websocket-protocol"):
        if name in headers:
            raise UpgradeError(f"the server takes a {name.decode()} that was not offered")


def _described(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _parse_headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """Return headers by their names in lower case, those of one name joined (RFC 9110, 5.3)."""
    if len(lines) > MAX_HEADERS:
        raise UpgradeError(f"the server's answer has more than {MAX_HEADERS} headers")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise UpgradeError("the server's answer has a malformed header")
        name, value = match[1].lower(), match[2]
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers
