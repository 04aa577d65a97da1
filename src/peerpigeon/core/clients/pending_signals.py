"""Signals that wait until it is known where their target is."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.wire.hub_sizes import MEMBER_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId, PeerKey
    from peerpigeon.core.wire.hub_news import Relay


class Queued(Enum):
    """What became of a signal whose target has to be found first."""

    ASK = "it waits, and nobody has asked for its target yet"
    WAIT = "it waits, like others for the same target"
    FULL = "there is no room"


class PendingSignals:
    """Signals whose target is being asked for, in the order in which they came.

    While a signal waits for a target, later ones for it must wait too, even if the target is
    known by then: ``is_waiting`` comes before ``Presence.locate``.
    """

    def __init__(self, lifetime: float, max_size: int) -> None:
        self._lifetime = lifetime
        self._max_size = max_size
        self._size = 0
        self._queues: dict[tuple[str, PeerKey], tuple[float, list[Relay]]] = {}
        self.queues: Mapping[tuple[str, PeerKey], tuple[float, list[Relay]]] = self._queues
        """By namespace and target: until when they wait, and which."""

    def is_waiting(self, namespace: str, target: PeerId) -> bool:
        """Tell whether signals wait for a target."""
        return (namespace, key_of(target)) in self._queues

    def add(self, relay: Relay, now: float) -> Queued:
        """Let a signal wait."""
        size = _size(relay)
        if self._size + size > self._max_size:
            return Queued.FULL
        self._size += size
        key = relay.namespace, key_of(relay.target)
        if key in self._queues:
            self._queues[key][1].append(relay)
            return Queued.WAIT
        self._queues[key] = now + self._lifetime, [relay]
        return Queued.ASK

    def take(self, namespace: str, target: PeerId) -> list[Relay]:
        """Take out what waits for a target, because the answer is here."""
        _, queue = self._queues.pop((namespace, key_of(target)), (0.0, []))
        self._size -= sum(_size(relay) for relay in queue)
        return queue

    def expire(self, now: float) -> list[Relay]:
        """Take out what has waited in vain: from the first of a target's on, all of them."""
        due: list[Relay] = []
        while self._queues:
            (namespace, _), (until, queue) = next(iter(self._queues.items()))
            if until > now:
                break
            due += self.take(namespace, queue[0].target)
        return due

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to say."""
        return next((until for until, _ in self._queues.values()), None)


def _size(relay: Relay) -> int:
    return MEMBER_BYTES + len(relay.data)
