"""What people ask of a hub, and what it answers: values, from which no way leads back into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.figures import Figures, figures
from peerpigeon.core.interface.serving import Serving, serving
from peerpigeon.core.interface.snapshot import (
    HubRecord,
    MeshSnapshot,
    NamespaceRecord,
    PeerRecord,
    Snapshot,
    TopologySnapshot,
    hub_records,
    topology,
)

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.delivery import Delivery
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.incoming_news import IncomingNews
    from peerpigeon.core.mesh.mesh import Mesh
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.wire.hub_frames import Advert
    from peerpigeon.core.worker_loads import WorkerLoads


class Status:
    """How one hub is: it looks at the other parts, and changes none of them."""

    def __init__(  # noqa: PLR0913 - all that there is to look at
        self,
        own: PeerId,
        config: ServerConfig,
        started_at: float,
        effects: Effects,
        *,
        clients: ClientService,
        namespaces: Namespaces,
        news: IncomingNews,
        mesh: Mesh | None,
        delivery: Delivery | None,
        loads: WorkerLoads | None,
    ) -> None:
        self._own = own
        self._config = config
        self._started_at = started_at
        self._effects = effects
        self._clients = clients
        self._namespaces = namespaces
        self._news = news
        self._mesh = mesh
        self._delivery = delivery
        self._loads = loads

    @property
    def serving(self) -> Serving:
        """Whether new clients are to be sent here."""
        mesh = self._mesh
        is_leaving = mesh is not None and mesh.advert.is_leaving
        has_settled = mesh is None or mesh.has_settled
        return serving(is_draining=self.is_draining or is_leaving, has_settled=has_settled)

    @property
    def is_among_workers(self) -> bool:
        """Whether all workers of its command, if there are others, count on each other."""
        return self._loads is None or self._loads.are_placed

    @property
    def is_draining(self) -> bool:
        """Whether it lets its clients go and takes no newcomers, because it is to stop."""
        return self._clients.admission.is_draining

    def adverts(self) -> list[Advert]:
        """Return what each live hub publishes, this one included; none for a plain server."""
        return [] if self._mesh is None else self._mesh.adverts()

    def snapshot(self, now: float) -> Snapshot:
        """Return the counts of this hub; costs O(hubs)."""
        clients, mesh, epoch = self._clients, self._mesh, self._effects.epoch
        hubs: list[HubRecord] = []
        if mesh is not None:
            namespace = self._config.hub_mesh_namespace
            hubs = hub_records(self._own, namespace, mesh.known_since(), epoch, now)
        return Snapshot(
            hub_id=self._own,
            is_hub=self._config.is_hub,
            serving=self.serving,
            uptime=now - self._started_at,
            wall_time=epoch + now,
            connections=len(clients.registry),
            announced_peers=clients.announcements.count,
            namespaces=len(self._namespaces.presence),
            hubs=(*hubs, *clients.references.records(epoch)),
            mesh=MeshSnapshot() if mesh is None else mesh.snapshot(),
            signals_relayed=self._effects.counts.relayed,
            signals_refused=self._effects.counts.all_refused,
            messages_refused=clients.messages_refused,
            news_unusable=self._news.unusable,
            memory_limit=self._effects.memory.limit,
            memory_kept=self._effects.memory.kept,
        )

    def topology(self, now: float) -> TopologySnapshot:
        """Return the mesh as this hub knows it; costs O(hubs and links)."""
        picture, mesh, epoch = self.snapshot(now), self._mesh, self._effects.epoch
        if mesh is None:
            return topology(picture)
        missing = [(advert, epoch + since) for advert, since in mesh.missing()]
        return topology(picture, mesh.adverts(), mesh.unreachable, missing)

    @property
    def mesh_mark(self) -> tuple[object, ...]:
        """What differs whenever something of ``topology`` does; costs O(1)."""
        return () if self._mesh is None else self._mesh.mark

    def largest_namespaces(self, most: int) -> list[NamespaceRecord]:
        """Return those with most clients here, largest first; costs O(namespaces)."""
        return self._namespaces.largest(most)

    def figures(self) -> Figures:
        """Return what else this hub counts; costs O(hubs + things that signals wait for)."""
        mesh = None if self._delivery is None else self._delivery.figures(self._effects.counts)
        draws = self._clients.draws
        return figures(
            self._effects.counts,
            self._effects.memory,
            self._clients.figures(),
            self._clients.topics.figures(len(draws), draws.dropped),
            mesh,
        )

    def peers(self) -> list[PeerRecord]:
        """Return a record of every client; costs O(clients)."""
        return self._clients.registry.records(self._effects.epoch)
