"""The namespaces of one hub by the regions of their keys, to go over those that lie in some.

After a change of the mesh these are gone over in pieces, and all else has its turn between two: of
tens of thousands of namespaces most may have other rendezvous hubs in a small mesh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.keys import region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIECE = 256
"""Steps that are done at once, about: at some 10 microseconds each, with the news that each leads
to, that is 3 ms."""


class Regions:
    """The names of namespaces, by region."""

    def __init__(self) -> None:
        self._names: dict[int, dict[str, None]] = {}

    def __len__(self) -> int:
        """Return in how many regions there are some."""
        return len(self._names)

    def __contains__(self, region: int) -> bool:
        """Tell whether there are some in a region."""
        return region in self._names

    def add(self, name: str) -> None:
        """Take in a namespace."""
        self._names.setdefault(region_of(name), {})[name] = None

    def remove(self, name: str) -> None:
        """Forget a namespace that was taken in."""
        region = region_of(name)
        names = self._names[region]
        del names[name]
        if not names:
            del self._names[region]

    def within(self, regions: Iterable[int]) -> Iterator[str]:
        """Go over the namespaces in some regions; they may change meanwhile."""
        for region in regions:
            yield from tuple(self._names.get(region, ()))

    def occupied(self) -> Iterable[int]:
        """Return the regions in which there are some."""
        return self._names.keys()


class Round:
    """The regions that are to be gone over, each namespace in them by ``step``.

    That does one namespace, and returns how much it was, in steps.
    """

    def __init__(self, names: Regions, step: Callable[[str, float], int]) -> None:
        self._names = names
        self._step = step
        self._left: dict[int, None] = {}
        self._due = 0.0

    def add(self, regions: Iterable[int]) -> None:
        """Have some regions gone over, once more if they were already."""
        self._left |= dict.fromkeys(region for region in regions if region in self._names)

    def go_on(self, now: float) -> None:
        """Do one piece, if something is left."""
        done = 0
        while self._left and done < PIECE:
            region = next(iter(self._left))
            del self._left[region]
            for name in self._names.within((region,)):
                done += self._step(name, now)
        self._due = now

    def deadline(self) -> float | None:
        """Return when to go on: at once, if something is left."""
        return self._due if self._left else None
