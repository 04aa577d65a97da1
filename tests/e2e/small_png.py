"""Makes pictures of pages small: 256 colours at most, which such pictures hardly need."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST = 256

Colour = tuple[int, int, int]


def shrink(path: Path) -> None:
    """Write a PNG of 8 bits for each of red, green, blue (and opacity, ignored) anew, by palette.

    The commonest colours stay as they are; the others become the nearest of these.
    """
    width, height, depth, data = _read(path.read_bytes())
    rows = list(_rows(data, width * depth, depth))
    starts = range(0, width * depth, depth)
    pixels = [[(row[at], row[at + 1], row[at + 2]) for at in starts] for row in rows]
    counted = Counter(pixel for row in pixels for pixel in row)
    palette = _palette(counted)
    index = {colour: place for place, colour in enumerate(palette)}
    for colour in counted:
        if colour not in index:
            index[colour] = _nearest(colour, palette)
    body = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", b"".join(map(bytes, palette))),
        (b"IDAT", zlib.compress(body, 9)),
        (b"IEND", b""),
    )
    path.write_bytes(SIGNATURE + b"".join(_chunk(name, content) for name, content in parts))
    assert height == len(rows)


def _read(image: bytes) -> tuple[int, int, int, bytes]:
    assert image.startswith(SIGNATURE)
    at, parts, head = len(SIGNATURE), [], b""
    while at < len(image):
        (size,) = struct.unpack_from(">I", image, at)
        name, content = image[at + 4 : at + 8], image[at + 8 : at + 8 + size]
        if name == b"IHDR":
            head = content
        elif name == b"IDAT":
            parts.append(content)
        at += size + 12
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    assert (bits, interlaced) == (8, 0)
    return width, height, {2: 3, 6: 4}[kind], zlib.decompress(b"".join(parts))


def _rows(data: bytes, size: int, depth: int) -> list[bytearray]:
    """Undo the filters (PNG specification, section 9)."""
    before, rows = bytearray(size), []
    for at in range(0, len(data), size + 1):
        row, kind = bytearray(data[at + 1 : at + 1 + size]), data[at]
        if kind == 1:
            for i in range(depth, size):
                row[i] = (row[i] + row[i - depth]) & 255
        elif kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before, strict=True))
        elif kind == 3:
            for i in range(size):
                left = row[i - depth] if i >= depth else 0
                row[i] = (row[i] + (left + before[i]) // 2) & 255
        elif kind == 4:
            for i in range(size):
                left, corner = (row[i - depth], before[i - depth]) if i >= depth else (0, 0)
                row[i] = (row[i] + _paeth(left, before[i], corner)) & 255
        rows.append(row)
        before = row
    return rows


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))


def _palette(counted: Counter[Colour]) -> list[Colour]:
    """Return the commonest colours, but no two that are nearly the same."""
    chosen: list[Colour] = []
    for room in (24, 0):
        for colour, _ in counted.most_common():
            if len(chosen) == MOST:
                return chosen
            if all(_distance(colour, other) > room for other in chosen):
                chosen.append(colour)
    return chosen


def _nearest(colour: Colour, palette: list[Colour]) -> int:
    return min(range(len(palette)), key=lambda place: _distance(colour, palette[place]))


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
