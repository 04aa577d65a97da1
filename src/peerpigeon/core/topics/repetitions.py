"""What clients have greeted with is said again where two meshes have become one.

Clients of y-webrtc greet when they come, and not again: those of two meshes that merge, or of a hub
that was cut off, would never hear of each other. So greetings are kept, and a hub says those of its
clients again in each topic whose lead has come to it. The lead's side does not: of two clients one
has to hear the other, and not the other way round, as their offers would cross.

A hub that has just started comes to a mesh, and not with one. Nobody says anything again to it; it
does so itself, for those of its clients that came before it knew of the others.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.topics.distribution import Distribution
    from peerpigeon.core.topics.listeners import Listeners
    from peerpigeon.core.topics.publications import Publications

YOUNG = 10.0
"""Seconds for which a hub has just started, by what it says of its start. Where clocks are wrong,
more is said again than must be, or, just after a start, less."""

PIECE = 100
"""Topics in which greetings are said again at a time."""

PAUSE = 0.02
"""Seconds until the next ones: ten thousand topics take two seconds."""


class Repetitions:
    """The greetings that one hub is to say again."""

    def __init__(
        self,
        own: PeerId,
        namespaces: Namespaces,
        listeners: Listeners,
        publications: Publications,
        distribution: Distribution,
        effects: Effects,
    ) -> None:
        self._own = own
        self._views = namespaces.views
        self._placement = namespaces.placement
        self._listeners = listeners
        self._publications = publications
        self._distribution = distribution
        self._effects = effects
        self._is_alone = True
        self._due: dict[str, None] = {}
        self._next = 0.0

    def led(self, namespace: str, lead: PeerId, now: float) -> None:
        """Take that a topic of ours has another lead by now, which knows that we listen."""
        has_come = self._views.has_come(lead, now)
        if has_come and not self._is_young(lead, now) and not self._is_young(self._own, now):
            self._due[namespace] = None

    def placed(self, now: float) -> None:
        """Take that the mesh has changed; O(own topics) for a hub that has just found the first."""
        was_alone, self._is_alone = self._is_alone, len(self._placement) == 1
        if not was_alone or self._is_alone or not self._is_young(self._own, now):
            return
        comes_late = not all(self._is_young(hub, now) for hub in self._views.hubs())
        for namespace in self._listeners.topics():
            if comes_late or self._placement.primary(namespace) != self._own:
                self._due[namespace] = None

    def _is_young(self, hub: PeerId, now: float) -> bool:
        if self._views.was_here(hub):
            return False  # whatever its clock says
        age = self._effects.milliseconds(now) - self._views.incarnation(hub)
        return 0 <= age < YOUNG * 1000

    def expire(self, now: float) -> None:
        """Say some of what is due."""
        if not self._due or now < self._next:
            return
        self._next = now + PAUSE
        under_way = self._publications.payloads()
        for namespace in list(islice(self._due, PIECE)):
            del self._due[namespace]
            # These reach the hubs that have come in any case.
            kept = under_way | self._distribution.payloads(namespace)
            for session, greeting in self._listeners.greetings(namespace):
                if greeting not in kept:
                    self._publications.spread(namespace, greeting, now, session)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return self._next if self._due else None
