"""To which rendezvous hubs a serving hub has published its clients of a namespace, and as what."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.retention import RETENTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId

_NONE: Mapping[PeerId, float] = {}


class Publication:
    """Who keeps the records of one namespace, as far as this hub has told them."""

    __slots__ = ("_former", "roles")

    def __init__(self, hubs: tuple[PeerId, ...]) -> None:
        self.roles: Mapping[PeerId, bool] = _roles(hubs)
        """The rendezvous hubs that were told, and whether each was told that it is the primary."""
        # Rendezvous hubs until recently: they still have to hear who leaves, because they have
        # introduced them. The value says until when.
        self._former = _NONE

    @property
    def primary(self) -> PeerId | None:
        """The rendezvous hub that introduces, if there is one."""
        return next((hub for hub, is_primary in self.roles.items() if is_primary), None)

    def audience(self, now: float) -> dict[PeerId, bool]:
        """Return whom to tell that a client has left, and whether as the primary."""
        former = dict.fromkeys((hub for hub, until in self._former.items() if until > now), False)
        return {**former, **self.roles}

    def assign(self, hubs: tuple[PeerId, ...], now: float) -> dict[PeerId, bool]:
        """Take the rendezvous hubs that there are by now; return those that need all clients.

        These are the new ones, and the one that has become the primary.
        """
        roles, before = _roles(hubs), self.roles
        if roles.keys() != before.keys():
            resigned = dict.fromkeys(before, now + RETENTION)
            former = {hub: until for hub, until in self._former.items() if until > now}
            self._former = {h: t for h, t in {**former, **resigned}.items() if h not in roles}
        self.roles = roles
        return {
            hub: is_primary
            for hub, is_primary in roles.items()
            if not before.get(hub) and before.get(hub) != is_primary
        }

    def drop(self, hub: PeerId) -> None:
        """Forget what a hub that is gone was told."""
        self.roles = {other: role for other, role in self.roles.items() if other != hub}


@lru_cache(maxsize=1024)
def _roles(hubs: tuple[PeerId, ...]) -> Mapping[PeerId, bool]:
    # One for all namespaces that have the same hubs, which may be all there are.
    return {hub: index == 0 for index, hub in enumerate(hubs)}
