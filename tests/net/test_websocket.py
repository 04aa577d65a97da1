"""RFC 6455 as a table; what a table cannot say is in `test_sockets`."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

import pytest

from tests.net.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MASK,
    PING,
    PONG,
    TEXT,
    Frame,
    RawClient,
    close_frame,
    frame,
    mask,
    on_every_loop,
    serving,
)

LIMIT = 70_000  # largest message in the table


@dataclass(frozen=True)
class Case:
    """What a client sends, what it gets back, and what the listener hears of the end.

    ``close`` is the code of the server's close frame, -1 for an empty one, 0 for none: then the
    connection is still good, and is closed in order.
    """

    name: str
    sent: bytes
    answers: tuple[Frame, ...] = ()
    close: int = 0
    reported: int = -1
    reason: str = ""

    def __str__(self) -> str:
        return self.name


def text(payload: bytes) -> Frame:
    return (FIN | TEXT, payload)


def pong(payload: bytes) -> Frame:
    return (FIN | PONG, payload)


def fails(name: str, sent: bytes, code: int, *answers: Frame) -> Case:
    reasons = {1002: "protocol error", 1003: "text messages only"}
    reasons |= {1007: "invalid UTF-8", 1009: "message too big"}
    return Case(name, sent, answers, code, code, reasons[code])


def echoed(payload: bytes) -> Case:
    return Case(f"text of {len(payload)}", frame(TEXT, payload), (text(payload),))


def fragments(*parts: bytes) -> bytes:
    opcodes = [TEXT] + [CONTINUATION] * (len(parts) - 1)
    last = len(parts) - 1
    return b"".join(
        frame(opcode, part, fin=number == last)
        for number, (opcode, part) in enumerate(zip(opcodes, parts, strict=True))
    )


SIZES = [echoed(b"*" * size) for size in (0, 1, 125, 126, 127, 128, 65535, 65536, LIMIT)]

LENGTHS = [
    fails("one byte over the limit", frame(TEXT, b"*" * (LIMIT + 1)), 1009),
    fails("a length of 2^63", b"\x81\xff" + struct.pack("!Q", 1 << 63) + MASK, 1002),
    fails("a length of 2^63 - 1", b"\x81\xff" + struct.pack("!Q", (1 << 63) - 1) + MASK, 1009),
    fails("a length of 2^64 - 1", b"\x81\xff" + b"\xff" * 8 + MASK, 1002),
    fails("a length of 4 GiB", b"\x81\xff" + struct.pack("!Q", 1 << 32) + MASK, 1009),
    fails("125 in two bytes", b"\x81\xfe\x00\x7d" + MASK + mask(b"*" * 125), 1002),
    fails("65535 in eight bytes", b"\x81\xff" + struct.pack("!Q", 65535) + MASK, 1002),
]

PINGS = [
    Case("empty ping", frame(PING), (pong(b""),)),
    Case("ping with text", frame(PING, b"Hello"), (pong(b"Hello"),)),
    Case("ping with bytes", frame(PING, b"\x00\xff\xfe\xfd"), (pong(b"\x00\xff\xfe\xfd"),)),
    Case("ping of 125", frame(PING, b"\xfe" * 125), (pong(b"\xfe" * 125),)),
    fails("ping of 126", frame(PING, b"\xfe" * 126), 1002),
    Case("unasked pong", frame(PONG)),
    Case("unasked pong with text", frame(PONG, b"hi")),
    fails("pong of 126", frame(PONG, b"\xfe" * 126), 1002),
    Case("pong then ping", frame(PONG, b"a") + frame(PING, b"b"), (pong(b"b"),)),
    Case(
        "ten pings",
        b"".join(frame(PING, b"%d" % n) for n in range(10)),
        tuple(pong(b"%d" % n) for n in range(10)),
    ),
    fails("fragmented ping", frame(PING, fin=False) + frame(CONTINUATION), 1002),
    fails("fragmented pong", frame(PONG, fin=False), 1002),
    fails("ping of 126 that is short", b"\x89\xfe\x00\x05" + MASK, 1002),
]

RESERVED = [
    *(
        fails(f"reserved bits {rsv:#x}", frame(TEXT, b"a", rsv=rsv), 1002)
        for rsv in range(16, 128, 16)
    ),
    fails(
        "good message, then a reserved bit",
        frame(TEXT, b"a") + frame(TEXT, b"b", rsv=64),
        1002,
        text(b"a"),
    ),
    fails("reserved bit in a ping", frame(PING, b"a", rsv=32), 1002),
    fails("reserved bit in a close", frame(CLOSE, b"", rsv=16), 1002),
    *(
        fails(f"opcode {code}", frame(code, b"a"), 1002)
        for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ),
    fails("good message, then opcode 5", frame(TEXT, b"a") + frame(5), 1002, text(b"a")),
    fails("good ping, then opcode 12", frame(PING, b"a") + frame(12), 1002, pong(b"a")),
    fails("unmasked text", b"\x81\x01a", 1002),
    fails("unmasked ping", b"\x89\x00", 1002),
    fails("unmasked close", b"\x88\x02\x03\xe8", 1002),
    fails("good message, then an unmasked one", frame(TEXT, b"a") + b"\x81\x01b", 1002, text(b"a")),
]

BINARIES = [
    fails("binary", frame(BINARY, b"a"), 1003),
    fails("empty binary", frame(BINARY), 1003),
    fails("first fragment of a binary", frame(BINARY, b"a", fin=False), 1003),
    fails("good message, then binary", frame(TEXT, b"a") + frame(BINARY), 1003, text(b"a")),
]

FRAGMENTS = [
    Case("two fragments", fragments(b"a", b"b"), (text(b"ab"),)),
    Case("five fragments", fragments(b"a", b"b", b"", b"c", b"d"), (text(b"abcd"),)),
    Case("three empty fragments", fragments(b"", b"", b""), (text(b""),)),
    Case("empty but in the middle", fragments(b"", b"mid", b""), (text(b"mid"),)),
    Case("a thousand empty fragments", fragments(b"a", *[b""] * 1000, b"b"), (text(b"ab"),)),
    Case(
        "ping between fragments",
        frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"b"),
        (pong(b"p"), text(b"ab")),
    ),
    Case(
        "pong between fragments",
        frame(TEXT, b"a", fin=False) + frame(PONG, b"p") + frame(CONTINUATION, b"b"),
        (text(b"ab"),),
    ),
    Case(
        "fragments as large as allowed", fragments(b"*" * (LIMIT - 1), b"*"), (text(b"*" * LIMIT),)
    ),
    fails("fragments one byte too large", fragments(b"*" * LIMIT, b"*"), 1009),
    fails(
        "a message that grows for ever",
        frame(TEXT, b"*" * 1000, fin=False) + frame(CONTINUATION, b"*" * 1000, fin=False) * 70,
        1009,
    ),
    fails("continuation of nothing", frame(CONTINUATION, b"a"), 1002),
    fails("unfinished continuation of nothing", frame(CONTINUATION, b"a", fin=False), 1002),
    fails(
        "continuation after a whole message",
        frame(TEXT, b"a") + frame(CONTINUATION),
        1002,
        text(b"a"),
    ),
    fails("text within fragments", frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    fails("binary within fragments", frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"), 1002),
    Case(
        "close between fragments",
        frame(TEXT, b"a", fin=False) + close_frame(1000),
        close=1000,
        reported=1000,
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
    *(Case(f"UTF-8 {good!r}", frame(TEXT, good), (text(good),)) for good in VALID_UTF8),
    *(
        Case(
            f"UTF-8 {good!r} in fragments",
            fragments(*(good[n : n + 1] for n in range(len(good)))),
            (text(good),),
        )
        for good in VALID_UTF8
    ),
    *(fails(f"no UTF-8 {bad!r}", frame(TEXT, bad), 1007) for bad in INVALID_UTF8),
    *(
        fails(f"no UTF-8 {bad!r} in fragments", fragments(bad[:1], bad[1:], b""), 1007)
        for bad in INVALID_UTF8
    ),
    fails(
        "good message, then no UTF-8", frame(TEXT, b"a") + frame(TEXT, b"\xff"), 1007, text(b"a")
    ),
    fails(
        "UTF-8 cut off at the end of the message",
        fragments(b"\xe2", b"\x82") + frame(TEXT, b"\xac"),
        1007,
    ),
]


def closes(code: int, reason: str = "") -> Case:
    name = f"close {code} {reason[:8]}"
    return Case(name, close_frame(code, reason), (), code, code, reason)


CLOSES = [
    Case("empty close", frame(CLOSE), close=-1, reported=1005),
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
    fails("close with a reason that is no UTF-8", frame(CLOSE, b"\x03\xe8\xce"), 1007),
    fails("good message, then a bad close", frame(TEXT, b"a") + close_frame(999), 1002, text(b"a")),
    Case("message, then close", frame(TEXT, b"a") + close_frame(1000), (text(b"a"),), 1000, 1000),
    Case("ping, then close", frame(PING, b"a") + close_frame(1000), (pong(b"a"),), 1000, 1000),
    Case("close, then a message", close_frame(1000) + frame(TEXT, b"late"), (), 1000, 1000),
    Case("close, then a ping", close_frame(1000) + frame(PING, b"late"), (), 1000, 1000),
    Case("close twice", close_frame(1000) + close_frame(1001), (), 1000, 1000),
    Case("close, then noise", close_frame(1000) + b"\xff" * 50, (), 1000, 1000),
]

TABLE = [*SIZES, *LENGTHS, *PINGS, *RESERVED, *BINARIES, *FRAGMENTS, *UTF8, *CLOSES]


def cuts(chop: str, size: int) -> list[int]:
    if chop == "byte by byte":
        # Where anything is decided: what lies between is payload.
        return [*range(1, min(size, 40)), *range(max(40, size - 20), size)]
    return [size // 2] if chop == "split in two" else []


@pytest.mark.parametrize("chop", ["whole", "split in two", "byte by byte"])
@pytest.mark.parametrize("case", TABLE, ids=str)
@on_every_loop
async def test_the_table(case: Case, chop: str) -> None:
    async with serving(max_message_size=LIMIT) as served:
        bystander = await RawClient.open(served.port)
        async with await RawClient.open(served.port) as client:
            sent, close, reported = case.sent, case.close, case.reported
            if not close:
                sent, close, reported = sent + close_frame(1000), 1000, 1000
            sending = asyncio.ensure_future(client.send(sent, cuts(chop, len(sent))))
            for answer in case.answers:
                assert await client.frame() == answer
            first, payload = await client.frame()
            assert first == FIN | CLOSE
            expected = b"" if close == -1 else close.to_bytes(2, "big")
            assert payload[:2] == expected
            assert await client.rest() == b""
            client.abort()
            await sending
        await bystander.echo()
        await bystander.send(close_frame(1000))
        await served.until_empty()
        assert served.recorder.closed == [(reported, case.reason), (1000, "")]
        await bystander.__aexit__(None, None, None)
