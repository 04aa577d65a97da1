"""The server's side of a WebSocket's opening handshake (RFC 6455, section 4.2)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.interface.events import Permits
from peerpigeon.net.http.request import parameter, parameters, split_target
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from peerpigeon.net.http.request import Request

_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=%:\[\]]+")
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes (RFC 6455, section 4.1)

SUBPROTOCOL = "peerpigeon"
"""What this server speaks, for clients that offer a subprotocol: they do it to show a token."""
_PROTOCOL_TAKEN = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}".encode()

_ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_VERSION = "13"


# RFC 6455, section 4.4, and RFC 9110, section 15.5.22.
UPGRADE_TO = (
    ("Sec-WebSocket-Version", _VERSION),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
)


class UpgradeRequest(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket handshake that is in order."""

    path: str
    """As it was sent, not percent-decoded."""

    query: str
    """As it was sent. There may be a token in it, so that it is for no log."""

    host: str
    origin: str | None
    """The web page's origin; ``None`` if it did not come from a browser."""

    key: str

    protocols: tuple[str, ...] = ()
    """The subprotocols that are offered; one of them may be a token."""

    address: str = ""
    """The IP address that it comes from, as far as proxies that are trusted tell; empty if that is
    for the connection to tell."""

    permits: Permits | None = None
    """What the token allows that was shown, if it has been checked."""

    dialect: str = ""
    """Which dialect its client speaks, if it is a foreign one."""

    is_of_worker: bool = False
    """Whether it comes from another worker of the same command."""

    def __repr__(self) -> str:
        """Return what may be in a log."""
        return f"UpgradeRequest({self.path!r}, address={self.address!r})"

    def parameter(self, name: str) -> str:
        """Return a query parameter, decoded; the first of several, empty if there is none."""
        return parameter(self.query, name)

    def parameters(self, name: str) -> list[str]:
        """Return all query parameters of a name, decoded."""
        return list(parameters(self.query, name))

    def response(self) -> bytes:
        """Return the response that opens the WebSocket."""
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: "
            + accept_value(self.key).encode()
            + self._protocol
            + b"\r\n\r\n"
        )

    @property
    def _protocol(self) -> bytes:
        # A browser that has offered subprotocols wants one of them. That of the tokens is a secret.
        return b"\r\n" + _PROTOCOL_TAKEN if SUBPROTOCOL in self.protocols else b""


def accept_value(key: str) -> str:
    """Return what a server shows to have read a ``Sec-WebSocket-Key`` (RFC 6455, section 4.2.2)."""
    digest = hashlib.sha1((key + _ACCEPT_SALT).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def is_websocket(request: Request) -> bool:
    """Tell whether a request asks for a WebSocket, well-formed or not."""
    return request.lists("upgrade", "websocket")


def accept(request: Request, address: str = "") -> UpgradeRequest:
    """Return the WebSocket handshake a request is (RFC 6455, section 4.2.1), from an address.

    Extensions are offers. None is accepted, so they are not read. That it has not lost the headers
    of an upgrade is checked before (``lost_upgrade``). Raises ``HandshakeError``.
    """
    _check_method(request)
    _check_no_body(request)
    if request.single("sec-websocket-version") != _VERSION:
        raise HandshakeError(426, "only WebSocket version 13 is spoken here", *UPGRADE_TO)
    key = request.single("sec-websocket-key") or ""
    if not _KEY.fullmatch(key):
        raise HandshakeError(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    host = request.single("host") or ""
    if not _HOST.fullmatch(host):
        raise HandshakeError(400, "Host is missing or malformed")
    path, query = split_target(request.target)
    protocols = tuple(request.items("sec-websocket-protocol"))
    return UpgradeRequest(path, query, host, request.single("origin"), key, protocols, address)


def _check_method(request: Request) -> None:
    if request.method != "GET":
        raise HandshakeError(405, "a WebSocket is opened with GET", ("Allow", "GET"))
    if request.version < (1, 1):
        raise HandshakeError(400, "a WebSocket needs HTTP/1.1")


def _check_no_body(request: Request) -> None:
    # The bytes of a body would be read as frames.
    if request.values("transfer-encoding") or request.single("content-length") not in {None, "0"}:
        raise HandshakeError(400, "a WebSocket handshake has no body")
