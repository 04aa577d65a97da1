"""Visitors that have begun to listen and said nothing yet, and what they do not hear till then.

Who comes greets in the same breath, and of two that come at a time one has to hear the other's
greeting and not the other way round (``publications.py``). But a breath is two messages, and a
greeting of somebody else may be heard between them. That one was first, and will hear who greets
now: so it is held back, and with it what is said behind it. Who has greeted is told the rest; who
says nothing is told all after half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Set

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId

GREETS_WITHIN = 0.5
"""Seconds from when a visitor begins to listen, within which the first that it says is a greeting.
Real clients say it in the same breath; on a busy machine it may be read a little later."""

LONGEST_GREETING = 512
"""Bytes of a greeting. Those of real clients have 120 to 200."""

MOST_HELD = 100
"""Messages that are held back from one visitor; with more it is told all of them."""

_NOBODY: Final[frozenset[SessionId]] = frozenset()


class _Newcomer(msgspec.Struct):
    until: float
    held: list[tuple[bytes, bool]] = msgspec.field(default_factory=list)
    """What it has not been told, and whether that is a greeting."""

    @property
    def size(self) -> int:
        return sum(len(payload) for payload, _ in self.held)


class Newcomers:
    """The newcomers of one hub, by topic."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._by_topic: dict[str, dict[SessionId, _Newcomer]] = {}
        self._until: dict[tuple[str, SessionId], float] = {}  # in order of time
        self._memory = effects.memory.signals
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return how many there are; one that listens in two topics counts twice."""
        return len(self._until)

    def add(self, namespace: str, session: SessionId, now: float) -> None:
        """Take that a visitor has begun to listen."""
        until = self._until[namespace, session] = now + GREETS_WITHIN
        self._by_topic.setdefault(namespace, {})[session] = _Newcomer(until)

    def remove(self, namespace: str, session: SessionId) -> None:
        """Take that a visitor does not listen any more, which may be no newcomer."""
        if (namespace, session) in self._until:
            self._take(namespace, session)

    def _take(self, namespace: str, session: SessionId) -> _Newcomer:
        del self._until[namespace, session]
        newcomers = self._by_topic[namespace]
        newcomer = newcomers.pop(session)
        if not newcomers:
            del self._by_topic[namespace]
        self._size -= newcomer.size
        return newcomer

    def speaks(self, namespace: str, session: SessionId, payload: bytes, now: float) -> bool:
        """Take what a visitor says; tell whether it greets by that."""
        if not self._until or (namespace, session) not in self._until:  # as mostly
            return False
        newcomer = self._take(namespace, session)
        greets = now < newcomer.until and len(payload) <= LONGEST_GREETING
        self._tell(session, newcomer, but_greetings=greets)
        return greets

    def hold(self, namespace: str, payload: bytes, *, is_greeting: bool) -> Set[SessionId]:
        """Return from whom a message is held back."""
        newcomers = self._by_topic.get(namespace)
        if newcomers is None:
            return _NOBODY
        sessions: set[SessionId] = set()
        for session, newcomer in newcomers.items():
            if not is_greeting and not newcomer.held:
                continue
            if len(newcomer.held) < MOST_HELD and self._memory.has_room(len(payload)):
                newcomer.held.append((payload, is_greeting))
                self._size += len(payload)
                sessions.add(session)
            else:
                self._size -= newcomer.size
                self._tell(session, newcomer)
        return sessions

    def _tell(
        self, session: SessionId, newcomer: _Newcomer, *, but_greetings: bool = False
    ) -> None:
        payloads = tuple(
            payload for payload, is_greeting in newcomer.held if not (is_greeting and but_greetings)
        )
        newcomer.held.clear()
        if payloads:
            self._effects.counts.heard += len(payloads)
            self._effects.send_each((session,) * len(payloads), payloads)

    def expire(self, now: float) -> None:
        """Tell all to those that have said nothing for too long."""
        while self._until:
            (namespace, session), until = next(iter(self._until.items()))
            if until > now:
                return
            self._tell(session, self._take(namespace, session))

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next(iter(self._until.values()), None)
