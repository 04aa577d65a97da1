"""Hands what one component of a hub reports to the components that it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import (
    BacklogReady,
    ClientFlooded,
    GuestAnnounced,
    GuestGone,
    GuestSignaled,
    HubClaimed,
    HubFound,
    HubGone,
    HubReported,
    HubReturned,
    IdAwaited,
    IdFreed,
    LocalChange,
    ReferenceChange,
    ReferenceFound,
    ReferenceGone,
    ReferenceNamed,
    ViewChange,
    VisitorGone,
    VisitorTold,
)
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import HubRegistered, HubUnregistered
from peerpigeon.core.wire.hub_news import Find

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.failed_news import FailedNews
    from peerpigeon.core.mesh.mesh import Mesh
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.view_changes import ViewChanges


class LocalChanges:
    """What follows within one hub from each change. A plain server has no mesh, and no view."""

    def __init__(
        self,
        clients: ClientService,
        namespaces: Namespaces,
        failed: FailedNews,
        effects: Effects,
        *,
        mesh: Mesh | None,
        view: ViewChanges | None,
    ) -> None:
        self._clients = clients
        self._namespaces = namespaces
        self._failed = failed
        self._effects = effects
        self._mesh = mesh
        self._view = view

    def take(self, change: LocalChange, now: float) -> None:
        """Take a change when its turn has come."""
        self._tell_of(change)
        if isinstance(change, ViewChange):  # as most are
            self._on_view_change(change, now)
            return
        match change:
            case ReferenceNamed() | ReferenceFound() | ReferenceGone() | HubReported():
                self._on_reference_change(change, now)
            case GuestAnnounced() | GuestSignaled() | GuestGone() | HubClaimed():
                self._clients.guests.on_change(change, now)
            case IdAwaited(namespace, peer):
                primary = self._namespaces.placement.primary(namespace)
                self._effects.tell_hub(primary, Find(namespace, peer))
            case VisitorGone() | VisitorTold() | IdFreed():
                self._clients.visitors.on_change(change, now)
            case ClientFlooded():
                self._clients.on_flooded(change, now)
            case BacklogReady(session, texts):
                self._clients.messages.on_backlog(session, texts, now)
            case _:
                assert_never(change)

    def _on_view_change(self, change: ViewChange, now: float) -> None:
        if self._view is not None:  # pragma: no branch: there is a mesh to change
            for failure in self._view.given_up(change):
                self._failed.take(failure, now)
            self._view.on_change(change, now)

    def _on_reference_change(self, change: ReferenceChange, now: float) -> None:
        if self._mesh is not None:  # pragma: no branch: no reference hub is let in without
            self._mesh.on_reference_change(change, now)
        if isinstance(change, ReferenceNamed):
            self._clients.guests.name(change.session, change.hub, now)

    # What people are told

    def _tell_of(self, change: LocalChange) -> None:
        match change:
            case HubFound(hub) | HubReturned(hub) | ReferenceFound(hub):
                self._effects.act(Tell(HubRegistered(hub, self._count_hubs())))
            case HubGone(hub) | ReferenceGone(str(hub)):
                self._effects.act(Tell(HubUnregistered(hub, self._count_hubs())))

    def _count_hubs(self) -> int:
        ours = 1 if self._mesh is None else len(self._mesh)
        return ours + len(self._clients.references)
