"""Of whom a reference hub has been told, and on whose behalf.

Such a hub is told of a member once, however many of its own clients come to know it, and once that
it is gone: when the last of them no longer knows it.
"""

from __future__ import annotations

import msgspec

from peerpigeon.core.ids import PeerId, PeerKey, SessionId, key_of
from peerpigeon.core.namespaces.known_members import KnownMembers
from peerpigeon.core.wire.hub_news import Located


class _Entry(msgspec.Struct, eq=False):
    """One registration of a member."""

    located: Located
    key: PeerKey
    told_at: float
    known_by: set[SessionId] = msgspec.field(default_factory=set)
    """Which of the hub's clients know it."""


class _Namespace(KnownMembers[_Entry]):
    __slots__ = ("entries", "hidden", "known")

    def __init__(self) -> None:
        self.know_nobody()
        self.entries: dict[tuple[PeerId, int], _Entry] = {}  # by hub and session


class MemberGone(msgspec.Struct, frozen=True):
    """The hub is to be told that a member is gone."""

    namespace: str
    peer: PeerId
    successor: Located | None
    """Another registration of the same id, of which it is to be told instead."""


class ToldMembers:
    """What one reference hub knows.

    A hub that ``remembers`` tells those of its clients that come later; another one has to be told
    again for each.
    """

    def __init__(self, *, remembers: bool) -> None:
        self._remembers = remembers
        self._namespaces: dict[str, _Namespace] = {}

    def anew(self) -> ToldMembers:
        """Return an empty table for the same hub."""
        return ToldMembers(remembers=self._remembers)

    def introduce(
        self, namespace: str, located: Located, client: SessionId, now: float
    ) -> Located | None:
        """Note that a client of the hub knows a member; return it if the hub is to be told."""
        told = self._namespaces.setdefault(namespace, _Namespace())
        identity = located.hub, located.member.session
        entry = told.entries.get(identity)
        is_news = entry is None
        if entry is None:
            entry = _Entry(located, key_of(located.member.peer), now)
            told.entries[identity] = entry
            told.add(entry.key, entry)
        entry.known_by.add(client)
        if told.known[entry.key] is not entry:
            return None  # another registration of that id goes before
        # What was told at this very time has reached all that the hub has told us of by now.
        if is_news or (not self._remembers and entry.told_at != now):
            entry.told_at = now
            return located
        return None

    def end(self, namespace: str, located: Located, client: SessionId) -> MemberGone | None:
        """Note that a client of the hub no longer knows a member, and what to tell the hub."""
        told = self._namespaces.get(namespace)
        identity = located.hub, located.member.session
        entry = None if told is None else told.entries.get(identity)
        return None if entry is None else self._forget(namespace, entry, client)

    def leave(self, namespace: str, client: SessionId) -> list[MemberGone]:
        """Forget a client of the hub; O(members known in its namespace)."""
        told = self._namespaces.get(namespace)
        entries = [] if told is None else list(told.entries.values())
        gone = [self._forget(namespace, e, client) for e in entries if client in e.known_by]
        return [news for news in gone if news is not None]

    def _forget(self, namespace: str, entry: _Entry, client: SessionId) -> MemberGone | None:
        entry.known_by.discard(client)
        if entry.known_by:
            return None
        told = self._namespaces[namespace]
        member = entry.located.member
        del told.entries[entry.located.hub, member.session]
        was_told, successor = told.remove(entry.key, entry)
        if not told.entries:
            del self._namespaces[namespace]
        if not was_told:
            return None
        return MemberGone(namespace, member.peer, None if successor is None else successor.located)
