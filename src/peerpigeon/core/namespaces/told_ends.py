"""Which registrations of members at other hubs are over, as rendezvous hubs have told.

Each is remembered for a while, even if nobody here knows the member: its introduction may come
later. Who has told it is remembered too, for it may have been a lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.namespaces.retention import MAX_DEPARTURES, due, forget_at

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

Identity: TypeAlias = "tuple[PeerId, int]"
"""The hub and the session of a registration."""


class ToldEnds:
    """The ends that one hub was told of; the first who tells of one is its teller."""

    def __init__(self) -> None:
        # Both in order of time, because the grace is the same for all.
        self._until: dict[Identity, float] = {}
        self._tellers: dict[Identity, PeerId] = {}

    def __contains__(self, registration: object) -> bool:
        """Tell whether somebody has said that a registration is over."""
        return registration in self._until

    def add(self, registration: Identity, teller: PeerId, now: float) -> None:
        """Remember one, for a while; of too many the oldest is forgotten."""
        if registration in self._until:
            return
        self._until[registration] = forget_at(now)
        self._tellers[registration] = teller
        if len(self._until) > MAX_DEPARTURES:
            self._forget(next(iter(self._until)))

    def doubt(self, teller: PeerId) -> None:
        """Forget what a hub has told that is gone itself: it may have been a lie.

        Who has it from their hubs, as the next primary does, does not introduce them again if it
        was true.
        """
        for registration in [one for one, said in self._tellers.items() if said == teller]:
            self._forget(registration)

    def expire(self, now: float) -> None:
        """Forget those that have been remembered for long enough."""
        for registration in due(self._until, now):
            del self._tellers[registration]

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next(iter(self._until.values()), None)

    def _forget(self, registration: Identity) -> None:
        del self._until[registration], self._tellers[registration]
