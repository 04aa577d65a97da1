"""Where namespaces lie among the hubs: both are 160-bit numbers, and their distance is XOR.

A *region* is all keys that begin with the same ``REGION_BITS`` bits. Which rendezvous hubs change
for a change of the mesh is asked of regions and not of each namespace, since those that have a hub
among their closest ones lie in a few of them.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

ID_BITS = 160

REGION_BITS = 12
"""4096 regions: in a mesh of as many hubs each is close to about one, and of 50,000 namespaces
there are 12 in each."""

_REGION_SHIFT = 16 - REGION_BITS


def namespace_key(namespace: str) -> int:
    """Return the place of a namespace among the hub ids: the SHA-1 of its name, as a number."""
    return int.from_bytes(_digest(namespace), "big")


def region_of(namespace: str) -> int:
    """Return the region of a namespace's key."""
    digest = _digest(namespace)
    return (digest[0] << 8 | digest[1]) >> _REGION_SHIFT


@lru_cache(16)  # who comes into a namespace that is new has it placed several times
def _digest(namespace: str) -> bytes:
    return sha1(namespace.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()


def nearest(keys: Sequence[int], target: int, count: int) -> list[int]:
    """Return the indices of the ``count`` (at least 1) keys XOR-closest to ``target``, in order.

    ``keys`` are distinct 160-bit numbers in rising order. All keys that share a prefix lie side by
    side, so whole ranges are taken or left at once: O(160 log n + count log count).
    """
    chosen: list[int] = []
    low, high, bit = 0, len(keys), ID_BITS - 1
    while high - low > count - len(chosen):
        ones = ((keys[low] >> bit) | 1) << bit
        middle = bisect_left(keys, ones, low, high)
        zero_side, one_side = (low, middle), (middle, high)
        near, far = (one_side, zero_side) if target >> bit & 1 else (zero_side, one_side)
        bit -= 1
        if near[1] - near[0] >= count - len(chosen):
            low, high = near
        else:
            chosen.extend(range(*near))
            low, high = far
    chosen.extend(range(low, high))
    return sorted(chosen, key=lambda index: keys[index] ^ target)


def regions_near(keys: Sequence[int], some: Collection[int], count: int) -> Iterator[range]:
    """Return the regions in which ``some`` keys may be among the ``count`` closest of all ``keys``.

    They are disjoint ranges; in no other region any of those is. ``keys`` are as for ``nearest``,
    and have all of ``some``.
    """
    marked = sorted(bisect_left(keys, key) for key in some)
    return _near(keys, marked, (0, len(keys)), (0, 0), count)


def _near(
    keys: Sequence[int],
    marked: Sequence[int],
    hubs: tuple[int, int],
    place: tuple[int, int],
    count: int,
) -> Iterator[range]:
    """Go over the regions that share a prefix: ``place`` is that and how many bits it has.

    The closest keys there are not decided yet but for ``count`` of those in ``hubs``, which are
    keys with a common prefix of as many bits.
    """
    (low, high), (prefix, bits) = hubs, place
    if not _has_any(marked, hubs):
        return
    if high - low <= count or bits == REGION_BITS:
        width = REGION_BITS - bits
        yield range(prefix << width, (prefix + 1) << width)
        return
    bit = ID_BITS - 1 - bits
    middle = bisect_left(keys, ((keys[low] >> bit) | 1) << bit, low, high)
    sides = (low, middle), (middle, high)
    for side in (0, 1):
        near, far = sides[side], sides[1 - side]
        inside, found = (prefix << 1 | side, bits + 1), near[1] - near[0]
        if found >= count:
            yield from _near(keys, marked, near, inside, count)
        elif _has_any(marked, near):
            yield from _near(keys, marked, near, inside, found)
        else:
            yield from _near(keys, marked, far, inside, count - found)


def _has_any(marked: Sequence[int], hubs: tuple[int, int]) -> bool:
    return bisect_left(marked, hubs[0]) < bisect_left(marked, hubs[1])
