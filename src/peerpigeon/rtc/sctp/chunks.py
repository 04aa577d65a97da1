"""Packets and chunks as bytes (RFC 9260, section 3; RFC 6525)."""

from __future__ import annotations

from struct import Struct, error

from google_crc32c import value as crc32c

HEADER = Struct("!HHL")  # ports and verification tag; the checksum follows
HEADER_SIZE = 12
CHUNK = Struct("!BBH")  # type, flags, length
CHUNK_SIZE = 4
DATA_HEAD = Struct("!BBHLHHL")  # as CHUNK; TSN, stream, sequence number, protocol
DATA_SIZE = 16
INIT_BODY = Struct("!LLHHL")  # tag, window, streams out and in, first TSN
SACK_BODY = Struct("!LLHH")  # cumulative TSN, window, number of gaps and of duplicates
GAP = Struct("!HH")
WORD = Struct("!L")
RESET_BODY = Struct("!LLL")  # number of the request, of the response, last TSN
PAIR = Struct("!LL")
STREAM_NUMBER = Struct("!H")
StructError = error

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK = range(9)
ERROR, COOKIE_ECHO, COOKIE_ACK = 9, 10, 11
SHUTDOWN_COMPLETE = 14
RE_CONFIG = 130

LAST, FIRST, IMMEDIATE = 1, 2, 8  # flags of DATA; the third is RFC 7053's
REFLECTED = 1  # flag of ABORT and SHUTDOWN COMPLETE: the tag is the sender's own

COOKIE, UNKNOWN_PARAMETER = 7, 8  # parameters of INIT ACK and INIT
EXTENSIONS = 0x8008
RESET_OUTGOING = 13  # parameters of RE-CONFIG
RECONFIG_RESPONSE = 16
UNKNOWN_CHUNK = 6  # cause of an ERROR

DCEP, BINARY, BINARY_EMPTY = 50, 53, 57  # protocols of DATA (RFC 8831, section 8)
TEXT, TEXT_EMPTY = 51, 56
DCEP_OPEN, DCEP_ACK = b"\x03", b"\x02"  # RFC 8832, section 8.2.1

_CRC = Struct("<L")


def chunk(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """Write one chunk, padded to four bytes."""
    return CHUNK.pack(kind, flags, CHUNK_SIZE + len(body)) + body + bytes(-len(body) % 4)


def parameter(kind: int, body: bytes) -> bytes:
    """Write one parameter of a chunk, padded to four bytes."""
    return GAP.pack(kind, CHUNK_SIZE + len(body)) + body + bytes(-len(body) % 4)


def parameters(body: bytes) -> list[tuple[int, bytes]]:
    """Read parameters. Raises ``ValueError``."""
    found = []
    at = 0
    while at + CHUNK_SIZE <= len(body):
        kind, length = GAP.unpack_from(body, at)
        if length < CHUNK_SIZE or at + length > len(body):
            raise ValueError("a parameter is cut off")
        found.append((kind, body[at + CHUNK_SIZE : at + length]))
        at += length + -length % 4
    return found


def packet(header: bytes, chunks: list[bytes]) -> bytes:
    """Put chunks behind a header, with the checksum between them."""
    rest = b"".join(chunks)
    return b"".join((header, _CRC.pack(crc32c(b"".join((header, b"\0\0\0\0", rest)))), rest))


def is_intact(data: bytes) -> bool:
    """Tell whether a packet's checksum is right (RFC 9260, section 6.8)."""
    if len(data) < HEADER_SIZE + CHUNK_SIZE:
        return False
    (said,) = _CRC.unpack_from(data, 8)
    return bool(crc32c(b"".join((data[:8], b"\0\0\0\0", data[12:]))) == said)


def chunks(data: bytes) -> list[tuple[int, int, bytes]]:
    """Read type, flags and body of each chunk of a packet. Raises ``ValueError``."""
    found = []
    at, end = HEADER_SIZE, len(data)
    while at + CHUNK_SIZE <= end:
        kind, flags, length = CHUNK.unpack_from(data, at)
        if length < CHUNK_SIZE or at + length > end:
            raise ValueError("a chunk is cut off")
        found.append((kind, flags, data[at + CHUNK_SIZE : at + length]))
        at += length + -length % 4
    return found
