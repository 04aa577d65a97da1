"""Signals that wait until something is known: where their target is, or who has an id."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from peerpigeon.core.wire.hub_sizes import MEMBER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.memory import Pot
    from peerpigeon.core.wire.hub_news import Relay

K = TypeVar("K", bound=Hashable)


WAITING_SIZE = 16 * 1024 * 1024
"""Bytes of signals that may wait for each of the three things that signals wait for."""


class Queued(Enum):
    """What became of a signal that has to wait."""

    ASK = "it waits, and nobody has asked yet"
    WAIT = "it waits, like others for the same"
    FULL = "there is no room"


class Waiting(NamedTuple):
    """A signal that waits."""

    hub: PeerId
    """The hub that it came from; this one if its sender is a client of ours."""
    relay: Relay


class PendingSignals(Generic[K]):
    """Signals that wait for one thing each, named by a key, in the order in which they came.

    While a signal waits, later ones for the same must wait too, even if the answer is known by
    then: ``queues`` is to be looked at first.
    """

    def __init__(self, lifetime: float, max_size: int, memory: Pot) -> None:
        self._lifetime = lifetime
        self._max_size = max_size
        self._memory = memory
        memory.gauges.append(lambda: self._size)
        self._size = 0
        self._queues: dict[K, tuple[float, list[Waiting]]] = {}
        self.queues: Mapping[K, tuple[float, list[Waiting]]] = self._queues
        """By key: until when they wait, and which."""

    def add(self, key: K, hub: PeerId, relay: Relay, now: float) -> Queued:
        """Let a signal wait that came from a hub."""
        size = _size(relay)
        if self._size + size > self._max_size or not self._memory.has_room(size):
            return Queued.FULL
        self._size += size
        waiting = Waiting(hub, relay)
        if key in self._queues:
            self._queues[key][1].append(waiting)
            return Queued.WAIT
        self._queues[key] = now + self._lifetime, [waiting]
        return Queued.ASK

    def take(self, key: K) -> list[Waiting]:
        """Take out what waits for something, because it is known now."""
        if key not in self._queues:
            return []
        _, queue = self._queues.pop(key)
        self._size -= sum(_size(waiting.relay) for waiting in queue)
        return queue

    def change(self, hub: PeerId, changed: Callable[[Relay], Relay]) -> None:
        """Let each signal that came from a hub be another one, of the same size."""
        for _, queue in self._queues.values():
            queue[:] = [
                Waiting(hub, changed(waiting.relay)) if waiting.hub == hub else waiting
                for waiting in queue
            ]

    def rename(self, keys: Mapping[K, K]) -> None:
        """Let signals wait for the things that ``keys`` has for those they have waited for."""
        renamed = {keys.get(key, key): queue for key, queue in self._queues.items()}
        self._queues.clear()
        self._queues.update(renamed)

    def expire(self, now: float) -> list[Waiting]:
        """Take out what has waited in vain: from the first for a thing on, all of them."""
        due: list[Waiting] = []
        while self._queues:
            key, (until, _) = next(iter(self._queues.items()))
            if until > now:
                break
            due += self.take(key)
        return due

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to say."""
        return next((until for until, _ in self._queues.values()), None)


def _size(relay: Relay) -> int:
    return MEMBER_BYTES + len(relay.data)
