"""The head of an HTTP request (RFC 9112), read as strictly as the standard allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HEAD_SIZE = 16 * 1024  # bytes; browsers send 0.5 to 2 KiB, cookies make it up to 8
MAX_HEADERS = 100

# RFC 9110, section 5.6.2. All patterns here are single runs of characters, each run ended by a
# character that is not in it, so that none can backtrack.
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(_TOKEN)
_ESCAPE = re.compile(r"[%+]")
_ABSOLUTE = re.compile(r"(?:https?|wss?)://[^/?]*", re.IGNORECASE)

# RFC 9110, section 5.5: what may stand in a value. CR, LF and NUL are the dangerous ones.
_PRINTABLE = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])


class Request(msgspec.Struct, frozen=True, gc=False):
    """The head of an HTTP request, and who asks; for pages that read it the body, too.

    Not a dataclass, because to make a frozen one takes ten times as long, and a handshake makes
    several of these and of ``UpgradeRequest``.
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
        return any(item.lower() == token for item in self.items(name))

    def items(self, name: str) -> Iterator[str]:
        """Go over the items of a header that is a comma-separated list.

        As RFC 9110, section 5.6.1, has it, over all headers of that name.
        """
        return (item.strip(" \t") for value in self.values(name) for item in value.split(","))


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


def _parse_header(line: bytes) -> tuple[str, str]:
    # A line that begins with a space (obs-fold) or has one before the colon fails here too, as
    # RFC 9112, sections 5.1 and 5.2 ask.
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name):
        raise HandshakeError(400, "malformed header")
    return name.decode().lower(), value.strip(b" \t").decode("latin-1")


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


def _decode(text: str) -> str:
    return unquote(text.replace("+", " "), errors="replace")
