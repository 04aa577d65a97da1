"""Who has left the namespaces of a rendezvous hub, and that the others hear of it once.

A departure is remembered for a while: what a hub that lags behind says of the member is no news
then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.namespaces.discovery import gones
from peerpigeon.core.namespaces.retention import MAX_DEPARTURES, due, forget_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.records import NamespaceRecords, Tombstone


class Departures:
    """The departures of late in all namespaces that one hub keeps."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        # By namespace, hub and session; in order of time, because the grace is the same for all.
        self._until: dict[tuple[str, PeerId, int], float] = {}

    def note(
        self, kept: NamespaceRecords, hub: PeerId, peer: PeerId, session: int, now: float
    ) -> Tombstone:
        """Remember that a registration is over."""
        self._until.setdefault((kept.name, hub, session), forget_at(now))
        return kept.note_departure(hub, session, peer)

    def tell(
        self,
        kept: NamespaceRecords,
        over: list[tuple[PeerId, PeerId, int]],
        *,
        has_said_goodbye: bool,
    ) -> None:
        """Tell all hubs that serve others in a namespace that registrations are over."""
        if is_topic(kept.name):
            return  # nobody there knows of others
        # A newcomer that is held aside may know members from another rendezvous hub.
        held = (conflict.newcomer.located.hub for conflict in kept.conflicts.values())
        concerned = dict.fromkeys((*kept.served, *held))
        hubs = [hub for hub in concerned if any(identity[0] != hub for identity in over)]
        for gone in gones(kept.name, over, has_said_goodbye=has_said_goodbye):
            for hub in hubs:
                self._effects.tell_hub(hub, gone)

    def tell_again(self, kept: NamespaceRecords, hub: PeerId) -> None:
        """Tell a hub of the departures at others that it may have missed."""
        if is_topic(kept.name):
            return
        missed = [(h, d.peer, s) for (h, s), d in kept.departed.items() if h != hub]
        for gone in gones(kept.name, missed):
            self._effects.tell_hub(hub, gone)

    # Forgetting

    def remove(self, kept: NamespaceRecords, hub: PeerId, session: int) -> None:
        """Forget one departure."""
        self._until.pop((kept.name, hub, session), None)
        kept.forget_departure(hub, session)

    def forget(self, kept: NamespaceRecords) -> None:
        """Forget all departures of a namespace."""
        for hub, session in kept.departed:
            self._until.pop((kept.name, hub, session), None)

    def surplus(self) -> Iterator[tuple[str, PeerId, int]]:
        """Go over the oldest ones for as long as there are too many; each is to be removed."""
        while len(self._until) > MAX_DEPARTURES:
            yield next(iter(self._until))

    def over(self, now: float) -> Iterator[tuple[str, PeerId, int]]:
        """Go over those that have been remembered for long enough; each is to be removed."""
        return due(self._until, now)

    def deadline(self) -> float | None:
        """Return when ``over`` has something to say."""
        return next(iter(self._until.values()), None)
