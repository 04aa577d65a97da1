"""Of whom a reference hub has been told, and on whose behalf.

Such a hub is told of a member once, however many of its own clients come to know it, and once that
it is gone: when the last of them has ceased to. Of one id it sees one stay at a time, as a client
does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.wire.hub_frames import Located


@dataclass(slots=True)
class _Entry:
    """One stay of a member, and which of the hub's clients know it."""

    located: Located
    knowers: set[SessionId] = field(default_factory=set)
    told_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Over:
    """The hub is to be told that a member is gone."""

    namespace: str
    peer: PeerId
    successor: Located | None
    """Another stay of the same id, of which it is to be told instead."""


class KnownMembers:
    """What one reference hub knows.

    A hub that ``remembers`` tells those of its clients that come later; another one has to be told
    again for each.
    """

    def __init__(self, *, remembers: bool) -> None:
        self._remembers = remembers
        # By namespace, by id in lower case, by hub and session; the first stay is the one told.
        self._names: dict[str, dict[str, dict[tuple[PeerId, int], _Entry]]] = {}

    def anew(self) -> KnownMembers:
        """Return an empty table for the same hub."""
        return KnownMembers(remembers=self._remembers)

    def introduce(
        self, namespace: str, located: Located, knower: SessionId, now: float
    ) -> Located | None:
        """Note that a client of the hub knows a member; return it if the hub is to be told."""
        names = self._names.setdefault(namespace, {})
        stays = names.setdefault(key_of(located.member.peer), {})
        key = located.hub, located.member.session
        is_news = key not in stays
        entry = stays.setdefault(key, _Entry(located, told_at=now))
        entry.knowers.add(knower)
        if next(iter(stays)) != key:
            return None  # another stay of that id goes before
        # What was told at this very time has reached all that the hub has told us of by now.
        if is_news or (not self._remembers and entry.told_at != now):
            entry.told_at = now
            return located
        return None

    def part(self, namespace: str, located: Located, knower: SessionId) -> Over | None:
        """Note that a client of the hub ceases to know a member, and what to tell the hub."""
        name = located.member.peer.lower()
        key = located.hub, located.member.session
        entry = self._names.get(namespace, {}).get(name, {}).get(key)
        return None if entry is None else self._forget(namespace, name, key, knower)

    def leave(self, namespace: str, knower: SessionId) -> list[Over]:
        """Forget a client of the hub; O(members known in its namespace)."""
        entries = [
            (name, key)
            for name, stays in self._names.get(namespace, {}).items()
            for key, entry in stays.items()
            if knower in entry.knowers
        ]
        over = [self._forget(namespace, name, key, knower) for name, key in entries]
        return [news for news in over if news is not None]

    def _forget(
        self, namespace: str, name: str, key: tuple[PeerId, int], knower: SessionId
    ) -> Over | None:
        names = self._names[namespace]
        stays = names[name]
        entry = stays[key]
        entry.knowers.discard(knower)
        if entry.knowers:
            return None
        was_told = next(iter(stays)) == key
        del stays[key]
        successor = next(iter(stays.values()), None)
        if successor is None:
            del names[name]
        if not names:
            del self._names[namespace]
        if not was_told:
            return None
        peer = entry.located.member.peer
        return Over(namespace, peer, None if successor is None else successor.located)
