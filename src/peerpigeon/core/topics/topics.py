"""Topics as one hub serves them: who listens, and what they hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.topics.listeners import Listeners

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.sessions.registry import Visitor


class Topics:
    """The topics of one hub's visitors."""

    def __init__(self, effects: Effects) -> None:
        self._listeners = Listeners(effects)
        self._counts = effects.counts
        self.count = self._listeners.count
        """Return how many visitors listen in a namespace."""
        self.has_room = self._listeners.has_room
        """Tell whether one more may listen in a namespace, as far as memory goes."""

    def __len__(self) -> int:
        """Return in how many namespaces somebody listens."""
        return len(self._listeners)

    def listen(self, visitor: Visitor, namespace: str) -> None:
        """Let a visitor hear what is published in a namespace; it does not yet."""
        self._listeners.add(visitor, namespace)

    def unlisten(self, visitor: Visitor, namespace: str) -> None:
        """Let a visitor hear nothing more of a namespace in which it listens."""
        self._listeners.remove(visitor, namespace)

    def leave(self, visitor: Visitor) -> None:
        """Let a visitor hear nothing more."""
        for namespace in list(visitor.topics):
            self.unlisten(visitor, namespace)

    def publish(self, namespace: str, payload: bytes) -> None:
        """Send a message to all who listen in a namespace."""
        self._counts.published += 1
        self._counts.heard += self._listeners.deliver(namespace, payload)
