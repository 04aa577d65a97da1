"""A lead hands out what is published in the topics whose primary rendezvous hub it is.

Views of the mesh differ for moments, so that one who listens may have told another hub of it than
the one that hands out. A lead that has been one for a short time only, or is none by its own view,
passes what it gets on to the other rendezvous hubs, which hand it out to those they know; and keeps
it for as long, for hubs whose word that they listen is late. Who gets it twice takes it once
(``heard.py``). So does a lead that is sent something by a hub of which it does not know yet that it
is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.ids import same_peer
from peerpigeon.core.wire.client_messages import hub_introduction
from peerpigeon.core.wire.hub_news import Handed, HandedOut, Join, Member
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.ranges import is_session_over

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.wire.hub_news import Spread

UNCERTAIN = 5.0
"""Seconds from a change of the mesh until all hubs have told the new rendezvous hubs who is where:
hubs see it within about one of each other, and say so a fraction later."""


class Distribution:
    """The topics that one hub hands out."""

    def __init__(self, own: PeerId, namespaces: Namespaces, effects: Effects) -> None:
        self._own = own
        self._placement = namespaces.placement
        self._rendezvous = namespaces.rendezvous
        self._views = namespaces.views
        self._effects = effects
        self._memory = effects.memory.signals
        self._certain_from = float("-inf")
        # What was handed out since the mesh has changed, by topic, each with its size.
        self._recent: dict[str, list[tuple[Handed, int]]] = {}
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return in how many topics something is kept."""
        return len(self._recent)

    def placed(self, certain_from: float) -> None:
        """Note that the mesh has changed, and will be the same for all hubs from a time."""
        self._certain_from = certain_from

    def distribute(self, hub: PeerId, spread: Spread, now: float) -> list[Handed]:
        """Hand out what ``hub`` has sent for that; return what this hub is to hear itself."""
        namespace, origin, number = spread.namespace, spread.origin, spread.number
        if not is_topic(namespace):
            return []  # nobody listens there
        if not self._views.is_listed(origin):
            # The mesh has changed, and clients answer what they hear of it before we are told.
            self._certain_from = max(self._certain_from, now + UNCERTAIN)
        if not spread.is_passed_on:
            self._note_listener(hub, spread, now)
            if hub != self._own:
                self._effects.tell_hub(hub, HandedOut(namespace, number))
            if now < self._certain_from or self._placement.primary(namespace) != self._own:
                self._pass_on(spread)
        handed = Handed(
            namespace, origin, number, spread.payload, spread.is_greeting, spread.is_passed_on
        )
        if now < self._certain_from:
            self._keep(handed)
        kept = self._rendezvous.table.get(namespace)
        for other in () if kept is None else kept.served:
            if other != self._own and not same_peer(other, origin):
                self._effects.tell_hub(other, handed)
        return [handed]

    def _note_listener(self, hub: PeerId, spread: Spread, now: float) -> None:
        """Take in the hub that has published, if it listens and that is not known yet."""
        namespace, session = spread.namespace, spread.session
        if not session or is_session_over(session, self._views.first_session(hub)):
            return
        kept = self._rendezvous.table.get(namespace)
        is_known = kept is not None and (
            kept.find(hub, session) is not None or (hub, session) in kept.departed
        )
        if not is_known:
            member = Member(hub, session, hub_introduction(hub))
            self._rendezvous.on_join(hub, Join(namespace, (member,), is_primary=False), now)

    def _pass_on(self, spread: Spread) -> None:
        passed_on = replace(spread, is_passed_on=True)
        for hub in self._placement.rendezvous_hubs(spread.namespace):
            if hub not in (self._own, spread.origin):
                self._effects.tell_hub(hub, passed_on)

    def _keep(self, handed: Handed) -> None:
        size = size_of(handed)
        if self._memory.has_room(size):
            self._size += size
            self._recent.setdefault(handed.namespace, []).append((handed, size))

    def on_join(self, hub: PeerId, join: Join) -> None:
        """Hand out to a hub what it has missed because it was late to say that it listens.

        Who has just begun to listen has missed nothing.
        """
        if join.present is None or hub == self._own:
            return
        for handed, _ in self._recent.get(join.namespace, ()):
            if not same_peer(hub, handed.origin):
                self._effects.tell_hub(hub, handed)

    def payloads(self, namespace: str) -> set[bytes]:
        """Return what is kept in a topic for hubs that are late; O(what is kept)."""
        return {handed.payload for handed, _ in self._recent.get(namespace, ())}

    def expire(self, now: float) -> None:
        """Forget what was handed out, when all hubs have said where they listen."""
        if self._recent and now >= self._certain_from:
            self._recent.clear()
            self._size = 0

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return self._certain_from if self._recent else None
