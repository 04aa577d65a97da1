"""Where members are, as rendezvous hubs answered when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.wire.hub_news import Located, Member

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, PeerKey

FOUND_LIFETIME = 5.0
"""Seconds for which an answer is believed; from then on introductions know better."""

MAX_FOUND = 1024


class LookupCache:
    """Where members are that were asked for."""

    def __init__(self) -> None:
        # In order of time, because each answer is believed equally long.
        self._found: dict[tuple[str, PeerKey], tuple[Located, float]] = {}

    def add(self, namespace: str, located: Located, now: float) -> None:
        """Remember an answer."""
        hub, member = located.hub, located.member
        key = namespace, key_of(member.peer)
        self._found.pop(key, None)
        # Who looks somebody up wants no introduction, and how large that is another hub says.
        place = Located(hub, Member(member.peer, member.session, b""))
        self._found[key] = place, now + FOUND_LIFETIME
        while len(self._found) > MAX_FOUND:
            del self._found[next(iter(self._found))]

    def find(self, namespace: str, peer: PeerId, now: float) -> Located | None:
        """Return where a member is, if an answer is still to be believed."""
        located, until = self._found.get((namespace, key_of(peer)), (None, 0.0))
        return located if now < until else None

    def forget(self, namespace: str, peer: PeerId) -> None:
        """Forget a member that is gone."""
        self._found.pop((namespace, key_of(peer)), None)

    def forget_hub(self, hub: PeerId) -> None:
        """Forget the members of a hub that is gone."""
        for key in [key for key, (located, _) in self._found.items() if located.hub == hub]:
            del self._found[key]

    def expire(self, now: float) -> None:
        """Forget what is not to be believed any more."""
        while self._found and next(iter(self._found.values()))[1] <= now:
            del self._found[next(iter(self._found))]

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next((until for _, until in self._found.values()), None)
