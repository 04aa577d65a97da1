"""Which visitors of one hub listen in which namespaces, and how they hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Set

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Visitor


GREETS_WITHIN = 0.5
"""Seconds from when a visitor begins to listen, within which the first that it says is a greeting.
Real clients say it in the same breath; on a busy machine it may be read a little later."""

_NOBODY: Final[frozenset[SessionId]] = frozenset()

SUBSCRIPTION_SIZE = 400
"""Bytes that it takes, about, that a visitor listens in a namespace, beside the name of that."""


class Listeners:
    """The visitors of one hub that listen."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._by_topic: dict[str, dict[SessionId, None]] = {}
        self._memory = effects.memory.records
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return in how many namespaces somebody listens."""
        return len(self._by_topic)

    def count(self, namespace: str) -> int:
        """Return how many listen in a namespace."""
        return len(self._by_topic.get(namespace, ()))

    def has_room(self, namespace: str) -> bool:
        """Tell whether one more may listen, as far as memory goes."""
        return self._memory.has_room(_size(namespace))

    def add(self, visitor: Visitor, namespace: str, now: float) -> bool:
        """Let a visitor listen that does not yet; return whether it is the first one there."""
        visitor.topics[namespace] = now + GREETS_WITHIN
        self._size += _size(namespace)
        sessions = self._by_topic.get(namespace)
        if sessions is None:
            self._by_topic[namespace] = {visitor.session: None}
            return True
        sessions[visitor.session] = None
        return False

    def remove(self, visitor: Visitor, namespace: str) -> bool:
        """Let a visitor listen no more that does; return whether it was the last one there."""
        del visitor.topics[namespace]
        self._size -= _size(namespace)
        sessions = self._by_topic[namespace]
        del sessions[visitor.session]
        if sessions:
            return False
        del self._by_topic[namespace]
        return True

    def greets(self, visitor: Visitor, namespace: str, now: float) -> bool:
        """Tell whether what a visitor says now in a namespace is a greeting; it is so once."""
        until = visitor.topics.get(namespace, 0.0)
        if until:
            visitor.topics[namespace] = 0.0
        return until > now

    def deliver(self, namespace: str, payload: bytes, but: Set[SessionId] = _NOBODY) -> int:
        """Send a message to all who listen in a namespace ``but`` some.

        Returns how many that are.
        """
        sessions: Collection[SessionId] = self._by_topic.get(namespace, ())
        if but:
            sessions = [each for each in sessions if each not in but]
        if not sessions:
            return 0
        count = len(sessions)
        self._effects.send_each(tuple(sessions), (payload,) * count)
        return count


def _size(namespace: str) -> int:
    return SUBSCRIPTION_SIZE + len(namespace)
