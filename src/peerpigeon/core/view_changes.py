"""What follows for clients and namespaces from changes of the mesh: hubs come, go and return."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import (
    DrainsChanged,
    HubForgotten,
    HubFound,
    HubGone,
    HubRestarted,
    HubReturned,
    HubRose,
    LifeRaised,
    LoadTold,
    RoutesChanged,
)
from peerpigeon.core.deadlines import earliest

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.changes import ViewChange
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.delivery import Delivery
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.mesh import Mesh
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.streams.outgoing import Failure
    from peerpigeon.core.wire.hub_frames import Load

VIEW_DELAY = 0.2
VIEW_DELAY_PER_HUB = 0.001
"""Seconds for which newly found hubs are gathered before namespaces are moved to them: a mesh that
forms changes all the time, and moving costs more the larger it is."""


class ViewChanges:
    """Passes the changes of one hub's mesh on to its streams, namespaces and clients."""

    def __init__(
        self, mesh: Mesh, delivery: Delivery, clients: ClientService, namespaces: Namespaces
    ) -> None:
        self._mesh = mesh
        self._delivery = delivery
        self._clients = clients
        self._namespaces = namespaces
        self._show_at: float | None = None
        self.on_load: Callable[[PeerId, Load, float], object] = lambda *_: None
        """Called with what another worker of the same command says, and the time."""

    def given_up(self, change: ViewChange) -> list[Failure]:
        """Return the signals that are lost with a change, before ``on_change`` acts on it."""
        if isinstance(change, HubRestarted):
            return self._delivery.restarted(change.hub, change.incarnation)
        return []

    def on_change(self, change: ViewChange, now: float) -> None:
        """Act on a change of the mesh."""
        delivery = self._delivery
        match change:
            case RoutesChanged():
                delivery.resend_all(now)
            case HubFound(hub):
                self._delivery.found(hub)
                self._show_by(now + VIEW_DELAY + VIEW_DELAY_PER_HUB * len(self._mesh))
            case HubGone(hub):
                delivery.forget(hub, now)
                self._clients.deliver(self._namespaces.hub_gone(hub, now), now)
                self._show_by(now)
            case DrainsChanged():
                self._show_by(now)
            case HubReturned(hub):
                self._show_by(now)
                self._clients.deliver(self._namespaces.hub_returned(hub, now), now)
                delivery.resend(hub, now)
            case HubRestarted(hub, incarnation):
                told = self._namespaces.hub_restarted(hub, incarnation, now)
                self._clients.deliver(told, now)
                self._show_by(now)
            case HubRose(hub, incarnation):
                delivery.rose(hub, incarnation, now)
                self._clients.deliver(self._namespaces.hub_rose(hub, incarnation, now), now)
                self._show_by(now)
            case _:
                self._on_rare_change(change, now)

    def _on_rare_change(self, change: LoadTold | HubForgotten | LifeRaised, now: float) -> None:
        match change:
            case LoadTold(hub, load):
                self.on_load(hub, load, now)
            case HubForgotten(hub):
                self._delivery.forget_for_good(hub, now)
            case LifeRaised(incarnation):
                signaling = self._clients.signaling
                signaling.rise(self._namespaces.rise(incarnation, now))
                self._delivery.renew(signaling.renewed)
            case _:
                assert_never(change)

    # Which hubs the namespaces are placed on

    def _show_by(self, when: float) -> None:
        self._show_at = earliest(self._show_at, when)

    def tick(self, now: float) -> None:
        """Place the namespaces on the hubs that are there by now, if it is time."""
        if self._show_at is None or self._mesh.is_losing:  # not on some who are as good as gone
            return
        if now >= self._show_at:
            self._show_at = self._mesh.more_draining_at(now)
            hubs, draining = self._mesh.incarnations(), self._mesh.draining(now)
            told = self._namespaces.show(hubs, now, draining)
            self._clients.deliver(told, now)
            self._clients.topics.placed(now)
            self._clients.draws.placed()

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._show_at
