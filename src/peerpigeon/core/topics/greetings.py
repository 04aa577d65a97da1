"""Of two clients that come at a time, at two hubs, one hears the other's greeting.

Who comes *greets*: it begins to listen and says so in one breath, and who is there already makes it
an offer. Of two that come at a time one has to hear the other's greeting and not the other way
round, as at one hub: real clients whose offers cross may never get a link. So the order counts in
which the lead hands greetings out: what it hands out before a client's own is held back from that.

When the lead changes, hubs take several for it, and the orders of two need not agree: by the one
the first client would not hear the second, and by the other not the second the first. So what is
held back is kept, with the leads that had it before; and is told as soon as any lead proves to have
handed out the client's own before. If one client is not told of the other, some lead has handed out
both, this one's greeting behind; and by its word the other's hub tells that of this one. Where
two leads disagree both are told, which may cross.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId, SessionId

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.topics.listeners import Listeners
    from peerpigeon.core.wire.hub_news import Handed

GREETING = 10.0
"""Seconds for which a greeting may keep its client from those of others: it takes milliseconds, but
the lead could be gone, which is seen after five or six."""

HELD_SIZE = 400
"""Bytes that one that is held back takes, about, beside its text."""

BEHIND_SIZE = 64
"""Bytes more, about, for each client that it is held back from."""

_NOBODY: Final[frozenset[SessionId]] = frozenset()

_Key: TypeAlias = tuple[PeerId, int]


class _Own(msgspec.Struct):
    session: SessionId
    out_by: set[PeerId] = msgspec.field(default_factory=set)


class _Held(msgspec.Struct):
    payload: bytes
    size: int
    had_by: set[PeerId]
    """The leads that have handed it out."""
    behind: set[int]
    """The numbers of those of our greetings whose clients are not told."""


class _Topic(msgspec.Struct):
    own: dict[int, _Own] = msgspec.field(default_factory=dict)
    held: dict[_Key, _Held] = msgspec.field(default_factory=dict)


class Greetings:
    """The greetings of one hub's clients that are under way, and what is held back for them."""

    def __init__(self, listeners: Listeners, effects: Effects) -> None:
        self._listeners = listeners
        self._topics: dict[str, _Topic] = {}
        self._until: dict[tuple[str, int], float] = {}  # in order of time
        self._memory = effects.memory.signals
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return how many are under way, or were of late."""
        return len(self._until)

    def add(self, namespace: str, number: int, session: SessionId, now: float) -> None:
        """Take that a client greets with a publication that is sent to a lead."""
        topic = self._topics.setdefault(namespace, _Topic())
        topic.own[number] = _Own(session)
        self._until[namespace, number] = now + GREETING

    def resend(self, namespace: str, number: int, now: float) -> None:
        """Take that one is sent to another lead, however long it took to see that one is gone."""
        if (namespace, number) in self._until:
            del self._until[namespace, number]  # to the end
            self._until[namespace, number] = now + GREETING

    def hear(self, handed: Handed, lead: PeerId | None, *, is_new: bool) -> Set[SessionId]:
        """Take a greeting of another hub; return from whom it is held back.

        ``lead`` has handed it out in its order; none if it was only passed on.
        """
        topic = self._topics.get(handed.namespace)
        if topic is None:  # as mostly
            return _NOBODY
        key = handed.origin, handed.number
        if is_new:
            return self._hold(topic, key, handed.payload, lead)
        held = topic.held.get(key)
        if held is not None and lead is not None and lead not in held.had_by:
            held.had_by.add(lead)
            first = [number for number in held.behind if lead in topic.own[number].out_by]
            self._tell(handed.namespace, topic, held, first)
            self._tidy(topic, [key])
        return _NOBODY

    def _hold(
        self, topic: _Topic, key: _Key, payload: bytes, lead: PeerId | None
    ) -> Set[SessionId]:
        behind = {number for number, own in topic.own.items() if not own.out_by}
        size = HELD_SIZE + len(payload) + BEHIND_SIZE * len(behind)
        if not behind or not self._memory.has_room(size):
            return _NOBODY
        had_by = set() if lead is None else {lead}
        topic.held[key] = _Held(payload, size, had_by, behind)
        self._size += size
        return {topic.own[number].session for number in behind}

    def handed_out(self, namespace: str, number: int, lead: PeerId) -> None:
        """Take that a lead has handed out one of ours."""
        if (namespace, number) not in self._until:
            return
        topic = self._topics[namespace]
        topic.own[number].out_by.add(lead)
        keys = [
            key
            for key, held in topic.held.items()
            if number in held.behind and lead not in held.had_by
        ]
        for key in keys:
            self._tell(namespace, topic, topic.held[key], [number])
        self._tidy(topic, keys)

    def forget(self, namespace: str, number: int) -> None:
        """Take that nothing more comes of one; its client is told all if it never was out."""
        if self._until.pop((namespace, number), None) is None:
            return
        topic = self._topics[namespace]
        keys = [key for key, held in topic.held.items() if number in held.behind]
        for key in keys:
            if not topic.own[number].out_by:
                self._tell(namespace, topic, topic.held[key], [number])
            topic.held[key].behind.discard(number)
        self._tidy(topic, keys)
        del topic.own[number]
        if not topic.own:
            del self._topics[namespace]

    def _tell(self, namespace: str, topic: _Topic, held: _Held, numbers: Iterable[int]) -> None:
        """Tell the clients of some greetings of ours what was held back from them."""
        sessions = {topic.own[number].session for number in numbers}
        for session in sessions:
            self._listeners.tell(namespace, session, held.payload)
        held.behind = {each for each in held.behind if topic.own[each].session not in sessions}

    def _tidy(self, topic: _Topic, keys: Iterable[_Key]) -> None:
        for key in keys:
            held = topic.held[key]
            if not held.behind:
                del topic.held[key]
                self._size -= held.size

    def expire(self, now: float) -> None:
        """Hold nothing back for longer than a greeting may take."""
        while self._until:
            (namespace, number), until = next(iter(self._until.items()))
            if until > now:
                return
            self.forget(namespace, number)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next(iter(self._until.values()), None)
