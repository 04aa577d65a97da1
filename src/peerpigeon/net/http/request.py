"""The first request of a connection: its HTTP head, and whether it may open a WebSocket."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from peerpigeon.core.interface.events import Permits
from peerpigeon.net.http.audience import Audience

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_HEAD_SIZE = 16 * 1024  # bytes; browsers send 0.5 to 2 KiB, cookies make it up to 8
MAX_HEADERS = 100

# RFC 9110, section 5.6.2. All patterns here are single runs of characters, each run ended by a
# character that is not in it, so that none can backtrack.
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(_TOKEN)
_HOST = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=%:\[\]]+")
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes (RFC 6455, section 4.1)
_ESCAPE = re.compile(r"[%+]")
_ABSOLUTE = re.compile(r"(?:https?|wss?)://[^/?]*", re.IGNORECASE)

# RFC 9110, section 5.5: what may stand in a value. CR, LF and NUL are the dangerous ones.
_PRINTABLE = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])

SUBPROTOCOL = "peerpigeon"
"""What this server speaks, for clients that offer a subprotocol: they do it to show a token."""
_PROTOCOL_TAKEN = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}".encode()

_ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_VERSION = "13"

# RFC 9110, section 5.6.7. The time module has them in the language of the program around.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

# RFC 6455, section 4.4, and RFC 9110, section 15.5.22.
UPGRADE_TO = (
    ("Sec-WebSocket-Version", _VERSION),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
)


class HandshakeError(Exception):
    """A request is refused. The message is ours and repeats nothing of the request.

    ``log`` is what the log says, if that is not the message, with ``details`` of the request;
    nothing if it is empty.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *headers: tuple[str, str],
        log: str | None = None,
        **details: str,
    ) -> None:
        super().__init__(message)
        self.log = f"a request was refused ({status}): {message}" if log is None else log
        self.details = details
        self.status = HTTPStatus(status)
        self.message = message
        self.headers = headers

    def response(self) -> bytes:
        """Return the refusal as a whole HTTP response."""
        return response(self.status, self.headers, f"{self.message}\n".encode())


def http_date(at: float) -> str:
    """Return a time, in seconds of the Unix epoch, as HTTP writes it (RFC 9110, section 5.6.7)."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(at)
    return (
        f"{_WEEKDAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04}"
        f" {hour:02}:{minute:02}:{second:02} GMT"
    )


def response(
    status: HTTPStatus,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    kind: str = "text/plain",
    *,
    is_head: bool = False,
) -> bytes:
    """Return a whole HTTP response, the last on its connection.

    With ``is_head`` it has no body, as for the method HEAD.
    """
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Date: {http_date(time.time())}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    ]
    if status is not HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append(f"Content-Type: {kind}; charset=utf-8")
    head = "\r\n".join([*lines, "\r\n"]).encode()
    return head if is_head else head + body


class Request(msgspec.Struct, frozen=True, gc=False):
    """The head of an HTTP request, and who asks; for pages that read it the body, too.

    Not a dataclass, because to make a frozen one takes ten times as long, and a handshake makes
    several of these two.
    """

    method: str
    target: str
    version: tuple[int, int]
    headers: tuple[tuple[str, str], ...]
    """Names in lower case; a value's bytes beyond ASCII are read as Latin-1."""

    is_from_here: bool = False
    """Whether the connection comes from this machine."""

    address: str = ""
    """The IP address that it comes from, as far as proxies that are trusted tell."""

    audience: Audience = Audience.EVERYBODY
    """Who asks."""

    body: bytes = b""
    """Empty for ``GET`` and ``HEAD``."""

    def __repr__(self) -> str:
        """Return what may be in a log: there may be a secret in all else."""
        return f"Request({self.method!r}, address={self.address!r})"

    def values(self, name: str) -> list[str]:
        """Return all values of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def single(self, name: str) -> str | None:
        """Return the value of a header. Raises ``HandshakeError`` if it is given more than once."""
        values = self.values(name)
        if len(values) > 1:
            raise HandshakeError(400, f"the header {name} is given more than once")
        return values[0] if values else None

    def lists(self, name: str, token: str) -> bool:
        """Tell whether a comma-separated header names ``token``, in whatever case."""
        return any(item.lower() == token for item in _items(self.values(name)))


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


def parse_request(head: bytes) -> Request:
    """Return the request of which ``head`` is all before the empty line.

    As strict as RFC 9112 allows, because attacks use requests that two parsers read differently.
    Raises ``HandshakeError``.
    """
    first, *lines = head.split(b"\r\n")
    if len(lines) > MAX_HEADERS:
        raise HandshakeError(431, f"more than {MAX_HEADERS} headers")
    if b"".join((first, *lines)).translate(None, _PRINTABLE):
        raise HandshakeError(400, "control character in the request")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise HandshakeError(400, "malformed request line")
    method, target, major, minor = match.groups()
    if major != b"1":
        raise HandshakeError(505, "only HTTP/1.1 is spoken here")
    headers = tuple(_parse_header(line) for line in lines)
    return Request(method.decode(), target.decode(), (int(major), int(minor)), headers)


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
    protocols = tuple(_items(request.values("sec-websocket-protocol")))
    return UpgradeRequest(path, query, host, request.single("origin"), key, protocols, address)


def _parse_header(line: bytes) -> tuple[str, str]:
    # A line that begins with a space (obs-fold) or has one before the colon fails here too, as
    # RFC 9112, sections 5.1 and 5.2 ask.
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name):
        raise HandshakeError(400, "malformed header")
    return name.decode().lower(), value.strip(b" \t").decode("latin-1")


def _check_method(request: Request) -> None:
    if request.method != "GET":
        raise HandshakeError(405, "a WebSocket is opened with GET", ("Allow", "GET"))
    if request.version < (1, 1):
        raise HandshakeError(400, "a WebSocket needs HTTP/1.1")


def _check_no_body(request: Request) -> None:
    # The bytes of a body would be read as frames.
    if request.values("transfer-encoding") or request.single("content-length") not in {None, "0"}:
        raise HandshakeError(400, "a WebSocket handshake has no body")


def check_length(request: Request) -> None:
    """See to it that the length of a body is said before it comes. Raises ``HandshakeError``.

    Pages take a line or two, of which every client knows the length; to read a body in chunks takes
    a microsecond for each, and they may have a byte each. So they are refused (RFC 9110, section
    15.5.12), of whatever request.
    """
    if request.values("transfer-encoding"):
        raise HandshakeError(411, "say how long the body is (Content-Length); chunks are not read")


def split_target(target: str) -> tuple[str, str]:
    """Return path and query of a request's target, as they were sent.

    Raises ``HandshakeError`` for one that names neither a path nor a whole address.
    """
    absolute = _ABSOLUTE.match(target)
    path, _, query = target[absolute.end() if absolute else 0 :].partition("?")
    if absolute and not path:
        path = "/"
    if not path.startswith("/") or "#" in target:
        raise HandshakeError(400, "malformed request target")
    return path, query


def parameter(query: str, name: str) -> str:
    """Return a parameter of a query, decoded; the first of several, empty if there is none."""
    return next(parameters(query, name), "")


def parameters(query: str, name: str) -> Iterator[str]:
    """Go over all parameters of a query that have a name, decoded."""
    if name not in query and not _ESCAPE.search(query):  # as most names that are asked for
        return
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if _decode(key) == name:
            yield _decode(value)


def _items(values: Iterable[str]) -> Iterator[str]:
    """Go over the items of a header that is a comma-separated list (RFC 9110, section 5.6.1)."""
    return (item.strip(" \t") for value in values for item in value.split(","))


def _decode(text: str) -> str:
    return unquote(text.replace("+", " "), errors="replace")
