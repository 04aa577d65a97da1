"""Where this hub tells others that it can be dialled.

What the operator has set is all, if anything is. Else it is what other hubs say that they have
dialled, since only they can know a name, a router or a proxy on the way, and the addresses of this
machine. Each hub has one say, and may be wrong or lie: what most say goes first, only
``addresses_told`` of them count, and none takes the place of an address of this machine.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from peerpigeon.core.config.addresses import public_form

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits


class OwnAddresses:
    """The addresses of one hub, as it tells them."""

    def __init__(self, config: ServerConfig, limits: MeshLimits) -> None:
        self._limits = limits
        self._is_fixed = bool(config.advertise)
        self._own = config.own_addresses
        self._told: dict[PeerId, str] = {}  # the latest of each hub, also of those that are gone
        self.latest = config.advertise or config.own_addresses
        """WebSocket addresses under which other hubs can dial this one."""

    def told(self, hub: PeerId, uri: str) -> None:
        """Take what a hub that has been let in says that it has dialled to reach this one."""
        address = "" if self._is_fixed else public_form(uri)
        if not address:
            return
        if hub not in self._told and len(self._told) >= self._limits.addresses_heard:
            del self._told[next(iter(self._told))]
        self._told[hub] = address
        counts = Counter(each for each in self._told.values() if each not in self._own)
        most = [each for each, _ in counts.most_common(self._limits.addresses_told)]
        self.latest = (*most, *self._own)
