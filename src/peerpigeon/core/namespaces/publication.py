"""To which rendezvous hubs a serving hub has published its clients of a namespace, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from peerpigeon.core.namespaces.retention import RETENTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId

_NONE: Mapping[PeerId, float] = {}


class Roles:
    """Rendezvous hubs that were told of the clients in some namespaces: in all that share this."""

    __slots__ = ("__weakref__", "by_hub")

    def __init__(self, hubs: tuple[PeerId, ...]) -> None:
        self.by_hub = {hub: index == 0 for index, hub in enumerate(hubs)}
        """Each of them, and whether it was told that it is the primary."""


class SharedRoles:
    """The roles of all namespaces in which one hub has clients: few, since many share theirs."""

    def __init__(self) -> None:
        # Those that know all, by their hubs, and those of which one has forgotten it.
        self._shared: WeakValueDictionary[tuple[PeerId, ...], Roles] = WeakValueDictionary()
        self._fewer: WeakSet[Roles] = WeakSet()

    def of(self, hubs: tuple[PeerId, ...]) -> Roles:
        """Return what stands for rendezvous hubs that know all that they were told."""
        roles = self._shared.get(hubs)
        if roles is None:
            roles = self._shared[hubs] = Roles(hubs)
        return roles

    def drop(self, hub: PeerId) -> None:
        """Note that a hub has forgotten what it was told, in whatever namespace."""
        for hubs, roles in list(self._shared.items()):
            if hub in hubs:
                del self._shared[hubs]
                self._fewer.add(roles)
        for roles in self._fewer:
            roles.by_hub.pop(hub, None)


class Publication:
    """Who keeps the records of one namespace, as far as this hub has told them."""

    __slots__ = ("_former", "_roles")

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        # Rendezvous hubs until recently: they still have to hear who leaves, because they have
        # introduced them. The value says until when.
        self._former = _NONE

    @property
    def roles(self) -> Mapping[PeerId, bool]:
        """The rendezvous hubs that were told, and whether each was told that it is the primary."""
        return self._roles.by_hub

    @property
    def primary(self) -> PeerId | None:
        """The rendezvous hub that introduces, if there is one."""
        return next((hub for hub, is_primary in self.roles.items() if is_primary), None)

    def audience(self, now: float) -> dict[PeerId, bool]:
        """Return whom to tell that a client has left, and whether as the primary."""
        former = dict.fromkeys((hub for hub, until in self._former.items() if until > now), False)
        return {**former, **self.roles}

    def assign(self, roles: Roles, now: float) -> dict[PeerId, bool]:
        """Take the rendezvous hubs that there are by now; return those that need all clients.

        These are the new ones, and the one that has become the primary.
        """
        if roles is self._roles:
            return {}
        present, before = roles.by_hub, self.roles
        if present.keys() != before.keys():
            resigned = dict.fromkeys(before, now + RETENTION)
            former = {hub: until for hub, until in self._former.items() if until > now}
            self._former = {h: t for h, t in {**former, **resigned}.items() if h not in present}
        self._roles = roles
        return {
            hub: is_primary
            for hub, is_primary in present.items()
            if not before.get(hub) and before.get(hub) != is_primary
        }
