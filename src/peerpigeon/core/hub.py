"""The hub: hands each event to the part it concerns, and news from hub to hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.backlog import Backlog
from peerpigeon.core.clients.service import ClientService
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.effects import Outbox
from peerpigeon.core.interface.actions import Action, Tell
from peerpigeon.core.interface.events import (
    ChannelCandidate,
    ChannelDescribed,
    Event,
    LinkEvent,
    LinkLost,
    LinkOpened,
    LinkReceived,
    OpeningFailed,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    ReferenceOpened,
    Tick,
)
from peerpigeon.core.interface.notices import HubRegistered, HubUnregistered
from peerpigeon.core.interface.snapshot import (
    HubRecord,
    MeshSnapshot,
    PeerRecord,
    Snapshot,
    hub_records,
)
from peerpigeon.core.mesh.changes import (
    Arrived,
    Change,
    Heard,
    HubFound,
    HubGone,
    HubRestarted,
    HubReturned,
    Leaving,
    ReferenceChange,
    ReferenceFound,
    ReferenceGone,
    RoutesChanged,
    ViewChange,
)
from peerpigeon.core.mesh.mesh import Mesh
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.namespaces.presence import Presence
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.streams.streams import Failure, Outgoing, Streams
from peerpigeon.core.wire.hub_frames import (
    Challenge,
    Find,
    Found,
    Gone,
    Join,
    Leave,
    Meet,
    More,
    News,
    Refusal,
    Relay,
    Resync,
    Segment,
    Undelivered,
    Unknown,
    Verdict,
)

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert

VIEW_DELAY = 0.2
VIEW_DELAY_PER_HUB = 0.001
"""Seconds for which newly found hubs are gathered before namespaces are moved to them: a mesh that
forms changes all the time, and moving costs more the larger it is."""


class Hub:
    """One server or hub, without sockets, clock or tasks.

    ``handle`` takes what happened and the time, and returns what is to be done, in order. The
    time is seconds on a clock that never goes back; ``epoch`` is what to add to it to get seconds
    since 1970, for the timestamps on the wire and to tell a restarted hub from its former life.
    """

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float = 0.0, now: float = 0.0
    ) -> None:
        self._own, self._config = own, config
        self._epoch, self._started_at = epoch, now
        incarnation = max(1, int((epoch + now) * 1000))
        self._placement = Placement((own,))
        self._presence = Presence(own, self._placement.of, config.discovery_limit, incarnation)
        self._rendezvous = Rendezvous(own, self._placement.of, rng, config.discovery_limit)
        self._out = Outbox(epoch)
        if config.is_hub:
            self._out.actions.append(Tell(HubRegistered(own, 1)))
        self._clients = ClientService(own, config, self._presence, self._placement.of, self._out)
        self._signaling = self._clients.signaling
        self._streams = Streams()
        self._mesh = Mesh(own, config, rng, incarnation, now) if config.is_hub else None
        ours = list[Change] if self._mesh is None else self._mesh.take_changes
        self._backlog = Backlog(own, self._out, self._clients.references.take_changes, ours)
        self._unusable = 0
        self._view_at: float | None = None
        self._show_view({own: incarnation}, now)

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event, and return the actions it calls for."""
        self.take(event, now)
        return self.act()

    def act(self) -> list[Action]:
        """Return the actions that the events taken since the last call call for, in order."""
        return self._out.take_actions()

    def take(self, event: Event, now: float) -> None:
        """Take one event of several that come together; ``act`` comes after the last.

        Never raises for what a client or another hub sent, and never waits.
        """
        if isinstance(event, PeerSent):  # as most are, and most of these leave nothing to settle
            self._clients.on_sent(event, now)
            if self._out.news or self._clients.references.changes:
                self._settle(now)
            return
        match event:
            case PeerPonged():
                self._clients.on_ponged(event, now)
            case PeerOpened():
                self._clients.on_opened(event, now)
            case PeerLost():
                self._clients.on_lost(event, now)
            case Tick():
                self._tick(now)
            case ReferenceOpened():
                self._on_reference_opened(event, now)
            case _:
                self._on_link_event(event, now)
        self._settle(now)

    def _on_link_event(self, event: LinkEvent, now: float) -> None:
        mesh = self._mesh
        if mesh is None:
            return
        match event:
            case LinkReceived():
                self._out.actions += mesh.on_link_received(event, now)
            case LinkOpened():
                self._out.actions += mesh.on_link_opened(event, now)
            case LinkLost():
                self._out.actions += mesh.on_link_lost(event, now)
            case OpeningFailed():
                self._out.actions += mesh.dialer.failed(event, now)
            case ChannelDescribed():
                self._out.actions += mesh.negotiation.describe(event, now)
            case ChannelCandidate():
                self._out.actions += mesh.negotiation.trickle(event, now)
            case _:
                assert_never(event)

    def _on_reference_opened(self, event: ReferenceOpened, now: float) -> None:
        if self._mesh is not None:
            uri, actions = self._mesh.dialer.reference_opened(event, now)
            self._out.actions += actions
            if uri:
                addresses = self._mesh.membership.own.addresses
                self._clients.on_reference_opened(event.session, uri, addresses, now)

    def _settle(self, now: float) -> None:
        """Carry on until nothing in this hub has anything to say to another part of it."""
        while (piece := self._backlog.next()) is not None:
            if isinstance(piece, Arrived):  # as most are
                self._on_arrived(piece, now)
            elif isinstance(piece, Leaving):
                self._tell(piece.hub, piece.news, now)
            elif isinstance(piece, Heard):
                self._on_news(piece.source, piece.news, now)
            elif isinstance(piece, ReferenceChange):
                self._on_reference(piece, now)
            else:
                self._on_change(piece, now)

    # News for other hubs

    def _tell(self, hub: PeerId, piece: News, now: float) -> None:
        if hub == self._own or self._mesh is None:
            self._backlog.tell_self(piece)
            return
        lifetime = self._config.signal_lifetime if isinstance(piece, Relay) else None
        incarnation = self._mesh.membership.incarnation(hub)
        sent = self._streams.send(hub, incarnation, piece, now, lifetime)
        if isinstance(sent, Failure):
            self._on_failure(sent, now)
        else:
            self._send([sent], now)

    def _send(self, bodies: list[Outgoing], now: float) -> None:
        if (mesh := self._mesh) is not None:
            for out in bodies:
                self._out.actions += mesh.route(out.destination, out.incarnation, out.body, now)

    def _on_failure(self, failure: Failure, now: float) -> None:
        if isinstance(failure.news, Relay):
            self._signaling.fail(failure.news, failure.reason, now)
        else:
            # Control news is given up only in heaps; then all of it has to be told anew.
            self._presence.on_resync(now)

    # News from other hubs

    def _on_arrived(self, arrived: Arrived, now: float) -> None:
        source, incarnation, body = arrived.source, arrived.incarnation, arrived.body
        if isinstance(body, Segment):
            ready, acks = self._streams.on_segment(source, incarnation, body, now)
            self._send(acks, now)
            if ready:  # most often it is one, which need not go through the backlog
                self._backlog.hear(source, ready[1:])
                self._on_news(source, ready[0], now)
        else:
            self._send(self._streams.on_ack(source, incarnation, body, now), now)

    def _on_news(self, hub: PeerId, news: News, now: float) -> None:
        match news:
            case Relay():
                self._signaling.on_relay(hub, news, now)
            case Undelivered():
                self._signaling.on_undelivered(news, now)
            case Found():
                self._clients.on_found(news, now)
            case Challenge():
                self._clients.on_challenge(hub, news, now)
            case Verdict():
                self._out.news += self._rendezvous.on_verdict(hub, news, now)
            case Refusal():
                self._clients.on_refusal(news, now)
            case Unknown():
                self._unusable += 1
            case _:
                self._on_namespace_news(hub, news, now)

    def _on_namespace_news(
        self, hub: PeerId, news: Meet | Gone | Join | Leave | More | Find | Resync, now: float
    ) -> None:
        clients, presence, rendezvous = self._clients, self._presence, self._rendezvous
        match news:
            case Meet():
                clients.act(presence.on_meet(news, now), now)
            case Gone():
                clients.act(presence.on_gone(news, now), now)
            case Join():
                self._out.news += rendezvous.on_join(hub, news, now)
            case Leave():
                self._out.news += rendezvous.on_leave(hub, news, now)
            case More():
                self._out.news += rendezvous.on_more(hub, news)
            case Find():
                self._out.news += rendezvous.on_find(hub, news)
            case Resync():
                presence.on_resync(now)
            case _:
                assert_never(news)

    # The view of the mesh

    def _on_change(self, change: ViewChange, now: float) -> None:
        self._tell_of(change)
        match change:
            case RoutesChanged():
                self._send(self._streams.resend_all(now), now)
            case HubFound():
                self._view_by(now + VIEW_DELAY + VIEW_DELAY_PER_HUB * self._count_hubs())
            case HubGone(hub):
                self._streams.forget(hub, now)
                self._forget(hub, 0, now)
            case HubReturned(hub):
                self._view_by(now)
                self._clients.act(self._presence.hub_returned(hub, now), now)
                self._send(self._streams.resend(hub, now), now)
            case HubRestarted(hub, incarnation):
                for failure in self._streams.restarted(hub, incarnation):
                    self._on_failure(failure, now)
                self._forget(hub, incarnation, now)
            case _:
                assert_never(change)

    def _tell_of(self, change: ViewChange | ReferenceChange) -> None:
        match change:
            case HubFound(hub) | HubReturned(hub) | ReferenceFound(hub):
                self._out.actions.append(Tell(HubRegistered(hub, self._count_hubs())))
            case HubGone(hub) | ReferenceGone(str(hub)):
                self._out.actions.append(Tell(HubUnregistered(hub, self._count_hubs())))

    def _on_reference(self, change: ReferenceChange, now: float) -> None:
        self._tell_of(change)
        if self._mesh is not None:
            self._out.actions += self._mesh.dialer.on_reference(change, now)

    def _forget(self, hub: PeerId, incarnation: int, now: float) -> None:
        """Tell our clients that those of a hub are gone, and find other keepers."""
        self._out.news += self._rendezvous.hub_gone(hub, incarnation)
        self._clients.act(self._presence.hub_gone(hub, now, incarnation), now)
        self._view_by(now)

    def _view_by(self, when: float) -> None:
        self._view_at = earliest(self._view_at, when)

    def _count_hubs(self) -> int:
        ours = 1 if self._mesh is None else len(self._mesh.membership)
        return ours + len(self._clients.references)

    def _show_view(self, hubs: dict[PeerId, int], now: float) -> None:
        self._view_at = None
        self._placement.update(hubs)
        self._clients.act(self._presence.view_changed(hubs, now), now)
        self._out.news += self._rendezvous.view_changed(hubs, now)

    # Time

    def _tick(self, now: float) -> None:
        self._clients.tick(now)
        if self._mesh is not None:
            self._out.actions += self._mesh.tick(now)
            outgoing, failures = self._streams.expire(now)
            for failure in failures:
                self._on_failure(failure, now)
            self._send(outgoing, now)
        self._settle(now)
        if self._view_at is not None and now >= self._view_at and self._mesh is not None:
            self._show_view(self._mesh.membership.lives(), now)
        self._clients.act(self._presence.expire(now), now)
        self._out.news += self._rendezvous.expire(now)

    def deadline(self) -> float | None:
        """Return when the hub wants a ``Tick`` if nothing else happens before."""
        mesh = None if self._mesh is None else self._mesh.deadline()
        clients, presence = self._clients.deadline(), self._presence.deadline()
        rendezvous, streams = self._rendezvous.deadline(), self._streams.deadline()
        mine = earliest(self._backlog.deadline(), self._view_at)
        return earliest(clients, presence, rendezvous, mesh, streams, mine)

    def drain(self, now: float) -> list[Action]:
        """Return what to do before this hub stops: tell the others that it does."""
        if self._mesh is None:
            return []
        actions: list[Action] = []
        for ack in self._streams.acknowledge_all(now):  # or it would be refused to its senders
            actions += self._mesh.route(ack.destination, ack.incarnation, ack.body, now)
        return actions + self._mesh.drain(now)

    def dial(self, uri: str, now: float) -> list[Action]:
        """Return what to do to link up with the hub at an address; nothing for a plain server."""
        return [] if self._mesh is None else self._mesh.dialer.dial([uri], now)

    def leave_bootstrap(self, now: float) -> list[Action]:
        """Return what to do to do without the bootstrap hubs from now on."""
        return [] if self._mesh is None else self._mesh.leave_bootstrap(now)

    # Pictures for people

    @property
    def advert(self) -> Advert | None:
        """What this hub publishes of itself and its links; ``None`` for a plain server."""
        return None if self._mesh is None else self._mesh.membership.own

    def adverts(self) -> list[Advert]:
        """Return what each live hub publishes, this one included; none for a plain server."""
        return [] if self._mesh is None else self._mesh.membership.live_adverts()

    def snapshot(self, now: float) -> Snapshot:
        """Return the counts of this hub; costs O(hubs)."""
        clients, mesh, wall_time = self._clients, self._mesh, self._epoch + now
        hubs: list[HubRecord] = []
        if mesh is not None:
            lives, namespace = mesh.membership.lives(), self._config.hub_mesh_namespace
            hubs = hub_records(self._own, namespace, lives, wall_time)
        return Snapshot(
            hub_id=self._own,
            is_hub=self._config.is_hub,
            uptime=now - self._started_at,
            wall_time=wall_time,
            connections=len(clients.registry),
            announced_peers=clients.announced,
            namespaces=len(self._presence),
            hubs=(*hubs, *clients.references.records(self._epoch)),
            mesh=MeshSnapshot() if mesh is None else mesh.snapshot(),
            signals_relayed=self._signaling.relayed,
            signals_refused=self._signaling.refused,
            messages_refused=clients.messages_refused,
            news_unusable=self._unusable,
        )

    def peers(self) -> list[PeerRecord]:
        """Return a record of every client; costs O(clients)."""
        return self._clients.registry.records(self._epoch)
