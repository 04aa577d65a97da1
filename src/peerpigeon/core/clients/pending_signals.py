"""Signals that wait until something is known: where their target is, or who has an id."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from peerpigeon.core.shares import Shares
from peerpigeon.core.wire.hub_sizes import size_of

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
    flow: Hashable
    """Whose it is, among those from its hub."""


class PendingSignals(Generic[K]):
    """Signals that wait for one thing each, named by a key, in the order in which they came.

    While a signal waits, later ones for the same must wait too, even if the answer is known by
    then: ``queues`` is to be looked at first.

    Of the room, ``max_size`` bytes, those that came from one hub take no more than they leave free
    (``Shares``), and those of one client no more than they leave to its hub: a third of all if
    nobody else has any. As whom a client counts, ``flow_of`` says.
    """

    def __init__(
        self,
        lifetime: float,
        max_size: int,
        memory: Pot,
        flow_of: Callable[[PeerId], Hashable],
    ) -> None:
        self._lifetime = lifetime
        self._memory = memory
        self._flow_of = flow_of
        self._of_hubs: Shares[PeerId] = Shares(max_size)
        self._of_clients: Shares[tuple[PeerId, Hashable]] = Shares(max_size)
        memory.gauges.append(lambda: self._of_hubs.size)
        self._queues: dict[K, tuple[float, list[Waiting]]] = {}
        self.queues: Mapping[K, tuple[float, list[Waiting]]] = self._queues
        """By key: until when they wait, and which."""

    def __len__(self) -> int:
        """Return how many wait; costs O(things that are waited for)."""
        return sum(len(queue) for _, queue in self._queues.values())

    def add(
        self, key: K, hub: PeerId, relay: Relay, now: float, place: int | None = None
    ) -> Queued:
        """Let a signal wait that came from a hub: behind ``place`` others, or behind all."""
        size, client = size_of(relay), (hub, self._flow_of(relay.sender))
        of_hubs, of_clients = self._of_hubs, self._of_clients
        # It leaves its hub's other clients as much as it has, and its hub the other hubs.
        if of_clients.held(client) + 3 * size > of_hubs.left_to(hub):
            return Queued.FULL
        if not self._memory.has_room(size):
            return Queued.FULL
        of_hubs.take(hub, size)
        of_clients.take(client, size)
        waiting = Waiting(hub, relay, client[1])
        if key in self._queues:
            queue = self._queues[key][1]
            queue.insert(len(queue) if place is None else place, waiting)
            return Queued.WAIT
        self._queues[key] = now + self._lifetime, [waiting]
        return Queued.ASK

    def take(self, key: K) -> list[Waiting]:
        """Take out what waits for something, because it is known now."""
        if key not in self._queues:
            return []
        _, queue = self._queues.pop(key)
        self._give_back(queue)
        return queue

    def take_if(self, key: K, is_over: Callable[[Waiting], bool]) -> list[Waiting]:
        """Take out those of the signals that wait for something which shall wait no longer."""
        if key not in self._queues:
            return []
        _, queue = self._queues[key]
        over: list[Waiting] = []
        left: list[Waiting] = []
        for waiting in queue:
            (over if is_over(waiting) else left).append(waiting)
        if not left:
            return self.take(key)
        queue[:] = left
        self._give_back(over)
        return over

    def _give_back(self, taken: list[Waiting]) -> None:
        for hub, relay, flow in taken:
            size = size_of(relay)
            self._of_hubs.give_back(hub, size)
            self._of_clients.give_back((hub, flow), size)

    def change(self, hub: PeerId, changed: Callable[[Relay], Relay]) -> None:
        """Let each signal that came from a hub be another one, of the same size."""
        for _, queue in self._queues.values():
            queue[:] = [
                waiting._replace(relay=changed(waiting.relay)) if waiting.hub == hub else waiting
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
