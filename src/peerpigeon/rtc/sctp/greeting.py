"""What both ends say of themselves at first, INIT and INIT ACK (RFC 9260, section 3.3)."""

from __future__ import annotations

import msgspec

from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp.incoming import WINDOW

STREAMS = 16
"""How many streams are offered and taken; one is used."""
MAX_UNKNOWN = 512
"""Bytes of unknown parameters that are told back to who sent them."""

_KNOWN = frozenset({5, 6, c.COOKIE, c.UNKNOWN_PARAMETER, 9, 11, 12})
"""Of these an address, a host name and the like say nothing over DTLS (RFC 8261, section 6)."""


class Greeting(msgspec.Struct, frozen=True):
    """What the other end says."""

    tag: int
    window: int
    first: int
    """The TSN of its first data."""
    cookie: bytes
    unknown: bytes
    """Parameters, as they came, that it wants to be told of if they are not known."""


def write(tag: int, first: int, more: bytes = b"") -> bytes:
    """Write the body of our INIT, or of our INIT ACK with ``more`` parameters."""
    extensions = c.parameter(c.EXTENSIONS, bytes([c.RE_CONFIG]))
    return c.INIT_BODY.pack(tag, WINDOW, STREAMS, STREAMS, first) + extensions + more


def read(body: bytes) -> Greeting:
    """Read such a body. Raises ``ValueError`` or ``struct.error``."""
    tag, window, streams_out, streams_in, first = c.INIT_BODY.unpack_from(body)
    if not tag or not streams_out or not streams_in:
        raise ValueError("a number is 0 that must not be")
    cookie, unknown = b"", b""
    for kind, value in c.parameters(body[c.INIT_BODY.size :]):
        if kind == c.COOKIE:
            cookie = value
        if kind in _KNOWN:
            continue
        # The two upper bits say what is done with what is not known (RFC 9260, section 3.2.1).
        if kind & 0x4000 and len(unknown) + len(value) <= MAX_UNKNOWN:
            unknown += c.parameter(c.UNKNOWN_PARAMETER, c.parameter(kind, value))
        if not kind & 0x8000:
            break
    return Greeting(tag, window, first, cookie, unknown)
