"""Readiness told to people and to the mesh, and the WebSockets that it makes needless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import HubMeshReady
from peerpigeon.core.wire.hub_frames import Carrier

if TYPE_CHECKING:
    from peerpigeon.core.mesh.links import Link
    from peerpigeon.core.mesh.parts import MeshParts


class Readiness:
    """What follows from the readiness of one hub."""

    def __init__(self, parts: MeshParts) -> None:
        self._effects = parts.effects
        self._membership = parts.membership
        self._links = parts.links
        self._roles = parts.roles
        self._gossip = parts.gossip
        self._migration = parts.migration

    def update(self, now: float) -> None:
        """See whether the hub is ready, after links or hubs have come or gone."""
        channels, workers = self._links.count(Carrier.P2P), self._links.count(Carrier.LOCAL)
        others = len(self._membership) - 1
        was_ready = self._migration.is_ready
        if self._migration.update(channels, others, now, workers):
            self._effects.act(Tell(HubMeshReady(channels, others + 1)))
        if was_ready != self._migration.is_ready:
            self._gossip.flush_soon(now)  # sockets change their purpose with it

    def needless_sockets(self, now: float) -> list[Link]:
        """Return the WebSockets that are to be closed, because data channels do (S19)."""
        may_close = self._migration.may_close
        return [link for link in self._roles.idle_sockets() if may_close(link.opened_at, now)]
