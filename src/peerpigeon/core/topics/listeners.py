"""Which visitors of one hub listen in which namespaces, and how they hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from peerpigeon.core.topics.newcomers import LONGEST_GREETING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Set

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Visitor
    from peerpigeon.core.topics.newcomers import Newcomers

_NOBODY: Final[frozenset[SessionId]] = frozenset()

SUBSCRIPTION_SIZE = 400
"""Bytes that it takes, about, that a visitor listens in a namespace, beside the name of that."""


class Listeners:
    """The visitors of one hub that listen."""

    def __init__(self, newcomers: Newcomers, effects: Effects) -> None:
        self._newcomers = newcomers
        self._effects = effects
        self._by_topic: dict[str, dict[SessionId, bytes]] = {}
        """By topic and visitor, with what it has greeted; empty if it has not."""
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
        visitor.topics[namespace] = None
        self._newcomers.add(namespace, visitor.session, now)
        self._size += _size(namespace)
        sessions = self._by_topic.get(namespace)
        if sessions is None:
            self._by_topic[namespace] = {visitor.session: b""}
            return True
        sessions[visitor.session] = b""
        return False

    def remove(self, visitor: Visitor, namespace: str) -> bool:
        """Let a visitor listen no more that does; return whether it was the last one there."""
        del visitor.topics[namespace]
        self._newcomers.remove(namespace, visitor.session)
        sessions = self._by_topic[namespace]
        self._size -= _size(namespace) + len(sessions.pop(visitor.session))
        if sessions:
            return False
        del self._by_topic[namespace]
        return True

    def greets(self, visitor: Visitor, namespace: str, payload: bytes, now: float) -> bool:
        """Tell whether what a visitor says now in a namespace is a greeting.

        The first that it says is one, and what is as long as that: real clients greet again when
        they have lost a link. (What is encrypted is another text each time.)
        """
        if not self._newcomers.speaks(namespace, visitor.session, payload, now):
            # As few are so short: that is looked at before all else is.
            is_short = len(payload) <= LONGEST_GREETING
            return is_short and self._greets_again(visitor, namespace, payload)
        if self._memory.has_room(len(payload)):
            self._by_topic[namespace][visitor.session] = payload  # for repetitions.py
            self._size += len(payload)
        return True

    def _greets_again(self, visitor: Visitor, namespace: str, payload: bytes) -> bool:
        greeted = self._by_topic.get(namespace, {}).get(visitor.session, b"")
        return greeted != b"" and _length_said(payload) == _length_said(greeted)

    def greetings(self, namespace: str) -> list[tuple[SessionId, bytes]]:
        """Return what those who listen in a namespace have greeted with."""
        return [each for each in self._by_topic.get(namespace, {}).items() if each[1]]

    def topics(self) -> Iterable[str]:
        """Return the namespaces in which somebody listens."""
        return self._by_topic

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
        self._effects.send_each(sessions, (payload,) * count)
        return count

    def tell(self, namespace: str, session: SessionId, payload: bytes) -> None:
        """Send a message to one who listens in a namespace, if it still does."""
        if session in self._by_topic.get(namespace, ()):
            self._effects.counts.heard += 1
            self._effects.send_each((session,), (payload,))


def _length_said(payload: bytes) -> int:
    """Return how much of a publication is its visitor's: how many listen is told behind that."""
    return payload.rfind(b",")


def _size(namespace: str) -> int:
    return SUBSCRIPTION_SIZE + len(namespace)
