"""Packets as another end may send them, for any association of a path."""

from peerpigeon.rtc.sctp import chunks as c
from tests.rtc.sctp.path import Path, Side


def sealed(path: Path, *parts: bytes) -> bytes:
    """A packet of the first end with any chunks."""
    return c.packet(path.one.association._header, list(parts))


def data(
    path: Path,
    payload: bytes,
    *,
    protocol: int = 53,
    stream: int = 0,
    flags: int = 3,
    ahead: int = 0,
) -> bytes:
    """A packet of the first end with one fragment, whose TSN is so far from the next."""
    tsn = (path.one.association._outgoing.next_tsn + ahead) % (1 << 32)
    head = c.DATA_HEAD.pack(c.DATA, flags, 16 + len(payload), tsn, stream, 0, protocol)
    return sealed(path, head + payload + bytes(-len(payload) % 4))


def give(side: Side, path: Path, *packets: bytes) -> list[tuple[int, int, bytes]]:
    """Let an end take packets in one turn; return the chunks that it sends."""
    for packet in packets:
        side.association.receive(packet, path.now)
    side.note()
    return [found for sent in side.association.packets(path.now) for found in c.chunks(sent)]


def opened(**changed: int) -> Path:
    """A path with an open association, on which nothing is to be acknowledged."""
    path = Path(**changed)
    path.connect()
    path.run(1.0)
    return path
