"""What answers at each port of a server: that of clients, of operators, and of other workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.http.access_control import AccessControl
from peerpigeon.net.http.admin import DOORS as ADMIN_DOORS
from peerpigeon.net.http.admin import AdminAccess
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.door import Doors
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.hosts import Hosts
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.http.late_site import LateSite
from peerpigeon.net.http.visits import Visits

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.descriptors import Descriptors
    from peerpigeon.net.entrance import Entrance
    from peerpigeon.net.http.source import Operated
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.seldom import SeldomWarnings
    from peerpigeon.net.tls.certificate import CertificateFiles
    from peerpigeon.net.workers.whole import WholeSite
    from peerpigeon.net.workers.workers import Workers

DOORS = 4096
"""Connections that may be in their handshake, if fewer clients are allowed: who speaks a quarter of
a second late is still there though one address connects 10,000 times a second."""


class Ports:
    """Makes what answers at the ports of one server."""

    def __init__(
        self,
        server: Operated,
        config: ServerConfig,
        holders: Holders,
        descriptors: Descriptors,
        warnings: SeldomWarnings,
    ) -> None:
        self._server = server
        self._config = config
        self._holders = holders
        self._descriptors = descriptors
        self._warnings = warnings

    def for_clients(self, entrance: Entrance, certificate: CertificateFiles | None) -> Doors:
        """Return what answers at the port of the clients."""
        config, prefix = self._config, self._config.path_prefix
        site = LateSite(self._server, config.allowed_origins, path_prefix=prefix)
        access = AccessControl(
            entrance.opener,
            Insiders(config).audience,
            admits_host=Hosts(config).admits,
            admits_origin=entrance.admits_origin,
            forwarded=Forwarded(config.trusted_networks, trusts_unix=config.trusts_unix),
            warnings=self._warnings,
        )
        limit = max(DOORS, config.max_connections)
        return self._doors(access, self._whole(site, prefix), limit, certificate)

    def for_operators(self) -> Doors:
        """Return what answers at ``admin_port``."""
        admin = AdminAccess(self._config)
        access = AccessControl(
            admin.refuse_socket,
            admin.audience,
            admits_host=admin.admits_host,
            warnings=self._warnings,
        )
        return self._doors(access, self._whole(LateSite(self._server)), ADMIN_DOORS)

    def for_workers(self, workers: Workers) -> Doors:
        """Return what answers other workers: they are let in, and told all of this one."""
        access = AccessControl(
            lambda _: workers.open_link, lambda _: Audience.LOCAL, warnings=self._warnings
        )
        return self._doors(access, LateSite(self._server), ADMIN_DOORS)

    def _whole(self, site: LateSite, path_prefix: str = "") -> LateSite | WholeSite:
        """Return the pages of this server, of which some are about all workers if it is one."""
        if self._config.workers == 1:
            return site
        # Loaded by those alone that are one of several.
        from peerpigeon.net.workers.whole import WholeSite  # noqa: PLC0415

        return WholeSite(site, self._config, path_prefix=path_prefix)

    def _doors(
        self,
        access: AccessControl,
        site: LateSite | WholeSite,
        limit: int,
        certificate: CertificateFiles | None = None,
    ) -> Doors:
        timeout = self._config.handshake_timeout
        return Doors(
            access,
            Visits(site.answer, holders=self._holders, timeout=timeout),
            handshake_timeout=timeout,
            holders=self._holders,
            descriptors=self._descriptors,
            certificate=certificate,
            limit=limit,
        )
