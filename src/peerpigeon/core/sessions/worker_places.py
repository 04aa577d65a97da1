"""How many clients each worker of a command may have: all together no more than one hub.

What is free is shared out evenly, and each takes of its part without asking; it tells the others
how many it has, so that what one does not use comes to be free for all. Each reckons with the most
that the others may believe to be free: with the least that it has told them since the last word
they are known to have heard. So all together never go beyond the limit, however late words come,
and at most one place for each other worker stays free that somebody might have had.

Of single addresses only those are told that have a lot, so that they may go a little beyond.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from peerpigeon.core.wire.hub_frames import Load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from peerpigeon.core.ids import PeerId

_NOBODY: dict[int, int] = {}


class _Sibling(msgspec.Struct):
    """What is known of another worker, and what it knows of this one."""

    heard: Load | None = None
    told: deque[Load] = msgspec.field(default_factory=deque)
    """From the last one that it has surely heard, or the first."""
    is_owed: bool = True
    """Whether it waits for a word."""

    @property
    def used(self) -> int:
        return 0 if self.heard is None else self.heard.used


class WorkerPlaces:
    """The places of one worker, and what it knows of those of the others, by their hubs."""

    def __init__(self, worker: int, limit: int) -> None:
        self._worker = worker
        self._limit = limit
        self._siblings: dict[PeerId, _Sibling] = {}
        self._said: Load | None = None
        self._lots: dict[str, int] = {}
        self.was_anybody_here = False
        """Whether one of the others has ever said that there have been clients."""

    def meet(self, hubs: Iterable[PeerId]) -> None:
        """Note which other workers there are now."""
        before, self._siblings = self._siblings, {}
        for hub in hubs:
            self._siblings[hub] = before.get(hub) or _Sibling()

    def __contains__(self, hub: PeerId) -> bool:
        """Tell whether a hub is one of the other workers that are there."""
        return hub in self._siblings

    def __len__(self) -> int:
        """Return how many others there are."""
        return len(self._siblings)

    # Words

    def hear(self, hub: PeerId, load: Load) -> None:
        """Take what another worker says."""
        sibling = self._siblings[hub]
        before, sibling.heard = sibling.heard, load
        self.was_anybody_here = self.was_anybody_here or not load.is_new
        # A word that only says what was heard needs no answer.
        sibling.is_owed = sibling.is_owed or before is None or _content(before) != _content(load)
        while sibling.told and sibling.told[0].serial < load.seen:
            sibling.told.popleft()

    def owes(
        self, used: int, lots: Mapping[str, int], *, is_full: bool, is_placed: bool = False
    ) -> bool:
        """Tell whether somebody has to hear something, as things are now."""
        if not self._siblings:
            return False
        said = self._said
        state = used, is_full, is_placed
        if said is None or (said.used, said.is_full, said.is_placed) != state or self._lots != lots:
            return True
        return any(each.is_owed for each in self._siblings.values())

    def tell(
        self,
        used: int,
        lots: Mapping[str, int],
        *,
        is_full: bool,
        is_new: bool = False,
        is_placed: bool = False,
        taken: Mapping[int, int] = _NOBODY,
    ) -> list[tuple[PeerId, Load]]:
        """Return what to say to each of the others, as things are now.

        ``lots``: the addresses that have a lot of clients here, and how many; ``taken``: how many
        clients were taken over from each worker, by its number.
        """
        serial = 1 if self._said is None else self._said.serial + 1
        self._lots = dict(lots)
        addresses = tuple(lots.items())
        self._said = Load(
            self._worker, serial, 0, used, is_full, addresses, is_new, is_placed=is_placed
        )
        words: list[tuple[PeerId, Load]] = []
        for hub, sibling in self._siblings.items():
            heard = sibling.heard
            seen, number = (0, -1) if heard is None else (heard.serial, heard.worker)
            load = replace(self._said, seen=seen, taken=taken.get(number, 0))
            sibling.told.append(load)
            sibling.is_owed = False
            words.append((hub, load))
        return words

    # What follows from them

    def cap(self, used: int) -> int:
        """Return how many this worker may have, which has ``used`` now."""
        siblings = self._siblings.values()
        least = min((load.used for each in siblings for load in each.told), default=used)
        least = min(least, used)
        free = max(0, self._limit - least - sum(each.used for each in siblings))
        share, rest = divmod(free, len(siblings) + 1)
        rank = sum(
            1 for each in siblings if each.heard is not None and each.heard.worker < self._worker
        )
        return least + share + (rank < rest)

    def of_address(self, address: str) -> int:
        """Return how many clients of an address the others have said that they have."""
        found = 0
        for each in self._siblings.values():
            if each.heard is not None:
                found += dict(each.heard.addresses).get(address, 0)
        return found

    def are_heard(self) -> bool:
        """Tell whether all others that are there have said something."""
        return all(each.heard is not None for each in self._siblings.values())

    def are_placed(self) -> bool:
        """Tell whether this worker and all others have said that they count on all workers."""
        words = (self._said, *(each.heard for each in self._siblings.values()))
        return all(load is not None and load.is_placed for load in words)

    def full(self) -> frozenset[int]:
        """Return the workers that say that they hold no more."""
        heard = (each.heard for each in self._siblings.values())
        return frozenset(load.worker for load in heard if load is not None and load.is_full)


def _content(load: Load) -> tuple[object, ...]:
    return load.used, load.is_full, load.addresses
