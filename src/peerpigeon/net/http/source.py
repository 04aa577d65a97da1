"""What pages are made of: all that they may know of the server that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.serving import Serving
    from peerpigeon.core.interface.snapshot import Snapshot, TopologySnapshot


class Source(Protocol):
    """A running server, as ``runtime.Runtime`` is one."""

    @property
    def config(self) -> ServerConfig:
        """The options, as they are used."""
        ...

    @property
    def serving(self) -> Serving:
        """Whether new clients are to be sent here."""
        ...

    def snapshot(self) -> Snapshot:
        """Return the counts of this moment."""
        ...

    def topology(self) -> TopologySnapshot:
        """Return the hubs of the mesh and their links, as far as this hub knows them."""
        ...
