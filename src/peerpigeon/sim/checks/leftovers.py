"""What a hub still holds of foreign clients when all of them are gone.

Whatever a hub keeps of a dialect has the name of a namespace in it, which begins with U+0000. So
all that can be reached from a hub is looked through for such names, whichever table they are in.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.wire.announce_validation import RESERVED
from peerpigeon.sim.checks.holdings import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core import Hub


def leftovers(hub: Hub) -> Iterator[str]:
    """Yield for each name of a foreign namespace that a hub holds where it is."""
    found: dict[int, object] = {}
    ahead: list[tuple[object, tuple[object, ...]]] = [(hub, ())]
    while ahead:
        thing, way = ahead.pop()
        if id(thing) in found or isinstance(thing, SHARED):
            continue
        found[id(thing)] = thing
        if isinstance(thing, str):
            if len(thing) > 1 and thing.startswith(RESERVED):
                yield f"{thing!r} in {_written(way)}"
        elif not isinstance(thing, bytes | int | float):
            inner = (*way, thing)
            ahead += ((part, inner) for part in _parts(thing))


def _parts(thing: object) -> list[object]:
    if isinstance(thing, msgspec.Struct):  # some are unknown to the garbage collector
        return [getattr(thing, name, None) for name in thing.__struct_fields__]
    return gc.get_referents(thing)


def _written(way: tuple[object, ...]) -> str:
    """Return the kinds of things by which a name was found, from its hub on."""
    kinds = (type(thing).__name__ for thing in way)
    return " ".join(kind for kind in kinds if kind not in ("dict", "tuple", "list"))
