"""What pages are made of: all that they may know of the server that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.serving import Serving
    from peerpigeon.core.interface.snapshot import NamespaceRecord, Snapshot, TopologySnapshot
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.metrics.picture import Picture
    from peerpigeon.net.recent_notices import RecentNotices


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

    @property
    def recent(self) -> RecentNotices:
        """What has happened lately."""
        ...

    @property
    def holders(self) -> Holders:
        """Who keeps how much for others."""
        ...

    def topology(self) -> TopologySnapshot:
        """Return the hubs of the mesh and their links, as far as this hub knows them."""
        ...

    def picture(self) -> Picture:
        """Return all that metrics are made of; costs O(clients and hubs)."""
        ...

    def mesh_mark(self) -> tuple[object, ...]:
        """Return what differs whenever ``topology`` does; costs O(1)."""
        ...

    def largest_namespaces(self, most: int) -> list[NamespaceRecord]:
        """Return the namespaces with most clients here, largest first."""
        ...


class Operated(Source, Protocol):
    """A running server, with what its operator may have it do."""

    def drain(self, seconds: float | None) -> None:
        """Begin to let the clients go, within ``seconds`` or ``drain_time``; then stop."""
        ...

    def objection_to(self, request: Request, namespace: str) -> str | None:
        """Return why whoever asks may not enter a namespace as a client; ``None`` if it may.

        Raises ``HandshakeError`` where a WebSocket would be refused, for its origin or its token.
        A token is shown as ``?token=`` or as ``Authorization: Bearer`` (RFC 6750, section 2.1).
        """
        ...
