"""RFC 6455 as a table: what the other side sends, and what is to come of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

from peerpigeon.net.websocket.protocol import (
    CloseReceived,
    Event,
    Pinged,
    Ponged,
    Violation,
)
from tests.net.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MASK,
    PING,
    PONG,
    TEXT,
    mask,
)

LIMIT = 70_000  # largest message in the table


@dataclass(frozen=True)
class Piece:
    """A frame, or the beginning of one, before it is known whether its sender masks."""

    head: bytes
    """With the bit unset that says whether it is masked."""
    payload: bytes = b""
    is_masked_wrongly: bool = False
    """Whether it is masked if a server sends it, and only then."""

    def sent_by(self, *, client: bool) -> bytes:
        if client == self.is_masked_wrongly:
            return self.head + self.payload
        first, size, *more = self.head
        return bytes((first, 0x80 | size, *more)) + MASK + mask(self.payload)


Pieces: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True)
class Case:
    """What the other side sends, and the events that come of it.

    If none of them is an end, the WebSocket is still good.
    """

    name: str
    sent: Pieces
    events: tuple[Event, ...] = ()
    noise: bytes = b""
    """What is sent after all else, as it stands."""

    def sent_by(self, *, client: bool) -> bytes:
        return b"".join(piece.sent_by(client=client) for piece in self.sent) + self.noise

    @property
    def end(self) -> CloseReceived | Violation | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, CloseReceived | Violation) else None


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> Piece:
    """Return a frame with the shortest length."""
    first, size = opcode | (FIN if fin else 0) | rsv, len(payload)
    if size < 126:
        return Piece(bytes((first, size)), payload)
    if size < 1 << 16:
        return Piece(struct.pack("!BBH", first, 126, size), payload)
    return Piece(struct.pack("!BBQ", first, 127, size), payload)


def close_frame(code: int, reason: bytes = b"") -> Piece:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def wrongly_masked(opcode: int, payload: bytes = b"") -> Piece:
    return Piece(bytes((FIN | opcode, len(payload))), payload, is_masked_wrongly=True)


def fails(name: str, sent: Piece | Pieces, code: int, *events: Event) -> Case:
    reasons = {1002: "protocol error", 1003: "text messages only"}
    reasons |= {1007: "invalid UTF-8", 1009: "message too big"}
    pieces = (sent,) if isinstance(sent, Piece) else sent
    return Case(name, pieces, (*events, Violation(code, reasons[code])))


def good(name: str, sent: Piece | Pieces, *events: Event) -> Case:
    return Case(name, (sent,) if isinstance(sent, Piece) else sent, events)


def received(payload: bytes) -> Case:
    return good(f"text of {len(payload)}", frame(TEXT, payload), payload.decode())


def fragments(*parts: bytes) -> Pieces:
    last = len(parts) - 1
    return tuple(
        frame(CONTINUATION if number else TEXT, part, fin=number == last)
        for number, part in enumerate(parts)
    )


SIZES = [received(b"*" * size) for size in (0, 1, 125, 126, 127, 128, 65535, 65536, LIMIT)]


def long_head(first: int, size: int) -> Piece:
    """Return the head of a frame whose length is given in eight bytes."""
    return Piece(struct.pack("!BBQ", first, 127, size))


LENGTHS = [
    fails("one byte over the limit", frame(TEXT, b"*" * (LIMIT + 1)), 1009),
    fails("a length of 2^63", long_head(0x81, 1 << 63), 1002),
    fails("a length of 2^63 - 1", long_head(0x81, (1 << 63) - 1), 1009),
    fails("a length of 2^64 - 1", long_head(0x81, (1 << 64) - 1), 1002),
    fails("a length of 4 GiB", long_head(0x81, 1 << 32), 1009),
    fails("125 in two bytes", Piece(b"\x81\x7e\x00\x7d", b"*" * 125), 1002),
    fails("65535 in eight bytes", long_head(0x81, 65535), 1002),
]

PINGS = [
    good("empty ping", frame(PING), Pinged(b"")),
    good("ping with text", frame(PING, b"Hello"), Pinged(b"Hello")),
    good("ping with bytes", frame(PING, b"\x00\xff\xfe\xfd"), Pinged(b"\x00\xff\xfe\xfd")),
    good("ping of 125", frame(PING, b"\xfe" * 125), Pinged(b"\xfe" * 125)),
    fails("ping of 126", frame(PING, b"\xfe" * 126), 1002),
    good("unasked pong", frame(PONG), Ponged(b"")),
    good("unasked pong with text", frame(PONG, b"hi"), Ponged(b"hi")),
    fails("pong of 126", frame(PONG, b"\xfe" * 126), 1002),
    good("pong then ping", (frame(PONG, b"a"), frame(PING, b"b")), Ponged(b"a"), Pinged(b"b")),
    good(
        "ten pings",
        tuple(frame(PING, b"%d" % n) for n in range(10)),
        *(Pinged(b"%d" % n) for n in range(10)),
    ),
    fails("fragmented ping", (frame(PING, fin=False), frame(CONTINUATION)), 1002),
    fails("fragmented pong", frame(PONG, fin=False), 1002),
    fails("ping of 126 that is short", Piece(b"\x89\x7e\x00\x05"), 1002),
]

RESERVED = [
    *(
        fails(f"reserved bits {rsv:#x}", frame(TEXT, b"a", rsv=rsv), 1002)
        for rsv in range(16, 128, 16)
    ),
    fails(
        "good message, then a reserved bit",
        (frame(TEXT, b"a"), frame(TEXT, b"b", rsv=64)),
        1002,
        "a",
    ),
    fails("reserved bit in a ping", frame(PING, b"a", rsv=32), 1002),
    fails("reserved bit in a close", frame(CLOSE, b"", rsv=16), 1002),
    *(
        fails(f"opcode {code}", frame(code, b"a"), 1002)
        for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ),
    fails("good message, then opcode 5", (frame(TEXT, b"a"), frame(5)), 1002, "a"),
    fails("good ping, then opcode 12", (frame(PING, b"a"), frame(12)), 1002, Pinged(b"a")),
]

MASKS = [
    fails("text masked wrongly", wrongly_masked(TEXT, b"a"), 1002),
    fails("ping masked wrongly", wrongly_masked(PING), 1002),
    fails("close masked wrongly", wrongly_masked(CLOSE, b"\x03\xe8"), 1002),
    fails(
        "good message, then one masked wrongly",
        (frame(TEXT, b"a"), wrongly_masked(TEXT, b"b")),
        1002,
        "a",
    ),
]

BINARIES = [
    fails("binary", frame(BINARY, b"a"), 1003),
    fails("empty binary", frame(BINARY), 1003),
    fails("first fragment of a binary", frame(BINARY, b"a", fin=False), 1003),
    fails("good message, then binary", (frame(TEXT, b"a"), frame(BINARY)), 1003, "a"),
]

FRAGMENTS = [
    good("two fragments", fragments(b"a", b"b"), "ab"),
    good("five fragments", fragments(b"a", b"b", b"", b"c", b"d"), "abcd"),
    good("three empty fragments", fragments(b"", b"", b""), ""),
    good("empty but in the middle", fragments(b"", b"mid", b""), "mid"),
    good("a thousand empty fragments", fragments(b"a", *[b""] * 1000, b"b"), "ab"),
    good(
        "ping between fragments",
        (frame(TEXT, b"a", fin=False), frame(PING, b"p"), frame(CONTINUATION, b"b")),
        Pinged(b"p"),
        "ab",
    ),
    good(
        "pong between fragments",
        (frame(TEXT, b"a", fin=False), frame(PONG, b"p"), frame(CONTINUATION, b"b")),
        Ponged(b"p"),
        "ab",
    ),
    good("fragments as large as allowed", fragments(b"*" * (LIMIT - 1), b"*"), "*" * LIMIT),
    fails("fragments one byte too large", fragments(b"*" * LIMIT, b"*"), 1009),
    fails(
        "a message that grows for ever",
        (
            frame(TEXT, b"*" * 1000, fin=False),
            *[frame(CONTINUATION, b"*" * 1000, fin=False)] * 70,
        ),
        1009,
    ),
    fails("continuation of nothing", frame(CONTINUATION, b"a"), 1002),
    fails("unfinished continuation of nothing", frame(CONTINUATION, b"a", fin=False), 1002),
    fails(
        "continuation after a whole message", (frame(TEXT, b"a"), frame(CONTINUATION)), 1002, "a"
    ),
    fails("text within fragments", (frame(TEXT, b"a", fin=False), frame(TEXT, b"b")), 1002),
    fails("binary within fragments", (frame(TEXT, b"a", fin=False), frame(BINARY, b"b")), 1002),
    good(
        "close between fragments",
        (frame(TEXT, b"a", fin=False), close_frame(1000)),
        CloseReceived(1000, ""),
    ),
]

VALID_UTF8 = [
    "κόσμε".encode(),
    "Hello-µ@ßöäüàá-UTF-8!!".encode(),
    b"\x00",
    b"\xc2\x80",
    b"\xe0\xa0\x80",
    b"\xf0\x90\x80\x80",
    b"\x7f",
    b"\xdf\xbf",
    b"\xef\xbf\xbf",
    b"\xf4\x8f\xbf\xbf",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbd",
    b"\xef\xbb\xbfafter a byte order mark",
]
INVALID_UTF8 = [
    b"\x80",
    b"\xbf",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xf8\x88\x80\x80\x80",
    b"\xfe",
    b"\xff",
    b"good \xce",
    b"good \xe2\x82",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
]

UTF8 = [
    *(good(f"UTF-8 {text!r}", frame(TEXT, text), text.decode()) for text in VALID_UTF8),
    *(
        good(
            f"UTF-8 {text!r} in fragments",
            fragments(*(text[n : n + 1] for n in range(len(text)))),
            text.decode(),
        )
        for text in VALID_UTF8
    ),
    *(fails(f"no UTF-8 {bad!r}", frame(TEXT, bad), 1007) for bad in INVALID_UTF8),
    *(
        fails(f"no UTF-8 {bad!r} in fragments", fragments(bad[:1], bad[1:], b""), 1007)
        for bad in INVALID_UTF8
    ),
    fails("good message, then no UTF-8", (frame(TEXT, b"a"), frame(TEXT, b"\xff")), 1007, "a"),
    fails(
        "UTF-8 cut off at the end of the message",
        (*fragments(b"\xe2", b"\x82"), frame(TEXT, b"\xac")),
        1007,
    ),
]


def closes(code: int, reason: str = "") -> Case:
    sent = close_frame(code, reason.encode())
    return good(f"close {code} {reason[:8]}", sent, CloseReceived(code, reason))


ORDERLY = CloseReceived(1000, "")

CLOSES = [
    good("empty close", frame(CLOSE), CloseReceived(1005, "")),
    *(
        closes(code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014)
    ),
    *(closes(code) for code in (3000, 3999, 4000, 4999)),
    closes(1000, "bye"),
    closes(1000, "*" * 123),
    closes(4000, "tschüß"),
    *(
        fails(f"close with {code}", close_frame(code), 1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ),
    fails("close of one byte", frame(CLOSE, b"\x03"), 1002),
    fails("close of 126", frame(CLOSE, b"\x03\xe8" + b"*" * 124), 1002),
    fails("fragmented close", frame(CLOSE, b"\x03\xe8", fin=False), 1002),
    fails("close with a reason that is no UTF-8", close_frame(1000, b"\xce"), 1007),
    fails("good message, then a bad close", (frame(TEXT, b"a"), close_frame(999)), 1002, "a"),
    good("message, then close", (frame(TEXT, b"a"), close_frame(1000)), "a", ORDERLY),
    good("ping, then close", (frame(PING, b"a"), close_frame(1000)), Pinged(b"a"), ORDERLY),
    good("close, then a message", (close_frame(1000), frame(TEXT, b"late")), ORDERLY),
    good("close, then a ping", (close_frame(1000), frame(PING, b"late")), ORDERLY),
    good("close twice", (close_frame(1000), close_frame(1001)), ORDERLY),
    Case("close, then noise", (close_frame(1000),), (ORDERLY,), noise=b"\xff" * 50),
]

TABLE = [*SIZES, *LENGTHS, *PINGS, *RESERVED, *MASKS, *BINARIES, *FRAGMENTS, *UTF8, *CLOSES]
