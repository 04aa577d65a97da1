"""The mesh of hubs as one hub sees it: its links, the adverts of all, the ways to all.

It carries bodies between hubs and reports what has become of the others. What the bodies are about
it does not know, but for the negotiation of its own links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import HubReported, ReferenceFound, ReferenceGone, ReferenceNamed
from peerpigeon.core.interface import close_codes
from peerpigeon.core.interface.actions import SendToLink, Tell
from peerpigeon.core.interface.events import (
    ChannelAdvanced,
    ChannelCandidate,
    ChannelDescribed,
    LinkLost,
    LinkOpened,
    LinkReceived,
    NameResolved,
    OpeningFailed,
    ResolvingFailed,
)
from peerpigeon.core.interface.notices import HubMeshMigrated
from peerpigeon.core.interface.snapshot import MeshSnapshot
from peerpigeon.core.mesh.incoming_frames import IncomingFrames
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.link_lifecycle import LinkLifecycle
from peerpigeon.core.mesh.mesh_view import MeshView
from peerpigeon.core.mesh.parts import assemble
from peerpigeon.core.mesh.readiness import Readiness
from peerpigeon.core.wire.hub_frames import Advert, Carrier, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from random import Random

    from peerpigeon.core.changes import ReferenceChange
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.interface.events import LinkEvent
    from peerpigeon.core.wire.hub_frames import Body, Load


class Mesh:
    """One hub's side of the mesh. ``incarnation`` is that of the hub."""

    def __init__(  # noqa: PLR0913 - what the hub is, has and wants has no common name
        self,
        own: PeerId,
        config: ServerConfig,
        rng: Random,
        incarnation: int,
        now: float,
        effects: Effects,
        *,
        limits: MeshLimits | None = None,
        identity: Identity | None = None,
    ) -> None:
        self._effects = effects
        mark, life = rng.getrandbits(64), rng.getrandbits(64)
        addresses = config.advertise or config.own_addresses
        advert = Advert(own, incarnation, 1, mark, addresses, (), life=life)
        limits = limits or MeshLimits()
        parts = self._parts = assemble(advert, config, rng, effects, limits, now, identity=identity)
        self._membership = parts.membership
        self._links = parts.links
        self._planner = parts.planner
        self._gossip = parts.gossip
        self._readiness = Readiness(parts)
        self._lifecycle = LinkLifecycle(parts, self._readiness)
        self._view = MeshView(parts, self._lifecycle, self._readiness)
        self._incoming = IncomingFrames(parts, self._lifecycle, self._view)
        leaving = parts.membership, parts.closing, parts.strangers
        staying = (
            parts.gossip,
            parts.planner,
            parts.bootstrap,
            parts.names,
            parts.alone,
            parts.siblings,
            parts.migration,
        )
        self._last_deadlines = [part.deadline for part in leaving]
        self._deadlines = [part.deadline for part in (*leaving, *staying)]
        self._is_draining = False
        self._interval = config.heartbeat_interval
        self._enough = config.hub_mesh_min_peers
        self._beat_at = now + self._interval * rng.random()
        self._listen_at = now + self._interval
        self.patience = self._interval * self._links.missed_heartbeats
        """Seconds of silence after which the ends of a link give it up."""

    # What happens to links

    def handle(self, event: LinkEvent, now: float) -> None:
        """Take what the shell says of a link or of an attempt to open one."""
        match event:
            case LinkReceived(link, frame):
                self._incoming.receive(link, frame, now)
            case LinkOpened():
                self._lifecycle.opened(event, now)
            case LinkLost():
                self._lifecycle.lost(event, now)
            case OpeningFailed():
                self._parts.dialer.failed(event, now)
            case NameResolved() | ResolvingFailed():
                is_linked = bool(self._links.neighbours)
                self._parts.names.answered(event, now, is_linked=is_linked)
            case ChannelDescribed():
                self._parts.negotiation.describe(event, now)
            case ChannelCandidate():
                self._parts.negotiation.trickle(event, now)
            case ChannelAdvanced():
                self._parts.negotiation.advance(event)
            case _:
                assert_never(event)

    # What the hub asks for

    def woke_up(self, now: float) -> None:
        """End all links: this process was asleep for so long that their other ends have.

        What still comes over them is heard, but for signals, which are too old.
        """
        self._parts.closing.expire(now)
        self._lifecycle.end_stale(now)

    def send(self, goal: PeerId, incarnation: int, body: Body, now: float) -> None:
        """Send a body on its way to another hub; an ``incarnation`` of 0 is not known."""
        self._parts.forwarder.send(goal, incarnation, body, now)

    def workers(self) -> list[PeerId]:
        """Return the other workers of the same command that are linked."""
        return self._links.over_carrier(Carrier.LOCAL)

    def tell_worker(self, hub: PeerId, load: Load) -> None:
        """Tell another worker how many clients this one has."""
        link = self._links.over(Carrier.LOCAL, hub)
        if link is not None:  # pragma: no branch: it was there a moment ago
            self._effects.act(SendToLink(link.id, load))

    def dial(self, uri: str, now: float) -> None:
        """Dial an address, unless it is being dialled or linked."""
        self._parts.dialer.dial(uri, now)

    def leave_bootstrap(self, now: float) -> None:
        """Close the sockets to the bootstrap hubs, and dial these no more."""
        for link in self._parts.dialer.bootstrap_links():
            self._lifecycle.close(link, close_codes.NORMAL_CLOSURE, "disconnected", now)
        self._parts.bootstrap.leave()
        self._parts.names.leave()

    def tell_clients(self, clients: int, now: float) -> None:
        """Tell all hubs how many clients this one has."""
        self._membership.count(clients)
        self._gossip.flush_soon(now)

    def drain(self, now: float) -> None:
        """Tell all hubs that this one is about to stop; it stays linked to them until then."""
        self._is_draining = True
        self._gossip.flush_by(now)

    def leave(self, now: float) -> None:
        """Have all neighbours leave this hub, which stops.

        It disowns its links, so that nobody takes them for a way, wants no more of them, and passes
        on what still comes until the last one is closed.
        """
        self._is_draining = self._membership.is_leaving = True
        self._gossip.flush_by(now, is_urgent=True)
        self._gossip.publish((), self._planner.admission_bar, now, is_draining=True)

    # Hubs of the npm package

    def reference_hub_opened(self, session: SessionId, opening: int, now: float) -> str | None:
        """Take a dial that has led to a hub which speaks text.

        Returns the address that was dialled; ``None`` if the hub is not welcome and the socket is
        being closed.
        """
        return self._parts.reference_hubs.opened(session, opening, now)

    def reference_hub_named(self, session: SessionId, hub: PeerId) -> None:
        """Note which hub is at the other end of a socket that was taken as one of such a hub."""
        self._parts.reference_hubs.named(session, hub)

    def reference_hub_linked(self, hub: PeerId) -> None:
        """Note that a hub which speaks text is linked, whichever end has dialled."""
        self._parts.reference_hubs.linked(hub)
        self._parts.alone.end()

    def reference_hub_lost(
        self, session: SessionId, hub: PeerId | None, code: int, reason: str, now: float
    ) -> None:
        """Note the end of the socket of such a hub, which is ``None`` if it had not said who it is.

        ``code`` and ``reason`` are those of the WebSocket.
        """
        self._parts.reference_hubs.lost(session, hub, code, reason, now)
        self._parts.alone.begin(now)

    def hub_reported(self, hub: PeerId, addresses: tuple[str, ...], now: float) -> None:
        """Note where a hub of this mesh can be dialled, as somebody else says; nowhere if gone."""
        self._parts.bootstrap.report(hub, addresses, now)

    def on_reference_change(self, change: ReferenceChange, now: float) -> None:
        """Take what the part of the hub that speaks with such hubs reports of them."""
        match change:
            case ReferenceNamed(session, hub):
                self.reference_hub_named(session, hub)
            case ReferenceFound(hub):
                self.reference_hub_linked(hub)
            case ReferenceGone(hub, session, code, reason):
                self.reference_hub_lost(session, hub, code, reason, now)
            case HubReported(hub, addresses):
                self.hub_reported(hub, addresses, now)
            case _:
                assert_never(change)

    # What the hub asks

    def __len__(self) -> int:
        """Return how many hubs are live, this one included."""
        return len(self._membership)

    @property
    def advert(self) -> Advert:
        """What this hub publishes of itself."""
        return self._membership.own

    def adverts(self) -> list[Advert]:
        """Return what each live hub publishes, in the order of their ids."""
        return self._membership.live_adverts()

    @property
    def unreachable(self) -> AbstractSet[PeerId]:
        """The live hubs that were out of reach when that was last looked at."""
        return self._membership.unreachable

    def missing(self) -> list[tuple[Advert, float]]:
        """Return the last advert of each hub that has left, and since when."""
        return self._membership.missing_adverts()

    @property
    def mark(self) -> tuple[object, ...]:
        """What differs whenever the hubs, their links or who is in reach do; costs O(1)."""
        membership = self._membership
        return membership.digest, membership.graph_version, *membership.unreachable

    def incarnation_of(self, hub: PeerId) -> int:
        """Return the incarnation of a hub; 0 if it is not known."""
        return self._membership.incarnation(hub)

    def is_gone(self, hub: PeerId) -> bool:
        """Tell whether a hub was there and cannot be reached any more."""
        return hub in self._membership.absent

    @property
    def is_losing(self) -> bool:
        """Whether more hubs are gone than it has told of, which it does at once, step by step."""
        return self._membership.is_losing

    def incarnations(self) -> dict[PeerId, int]:
        """Return all live hubs and their incarnations, in the order of their ids."""
        return self._membership.incarnations()

    def loads(self) -> list[int]:
        """Return how many clients those other hubs have that tell it and take more."""
        others = self._membership.live_adverts()
        return [
            other.clients
            for other in others
            if other.clients is not None
            and other.hub != self._membership.own.hub
            and not other.is_draining
        ]

    def draining(self, now: float) -> frozenset[PeerId]:
        """Return the live hubs that let their clients go, perhaps this one."""
        return self._membership.draining(now)

    def more_draining_at(self, now: float) -> float | None:
        """Return when there will be more of them, as far as is known by now."""
        return self._membership.more_draining_at(now)

    def known_since(self) -> dict[PeerId, float]:
        """Return all live hubs, and when each was first heard of in its present life."""
        return self._membership.known_since()

    @property
    def has_settled(self) -> bool:
        """Whether it is known who is in the mesh, as far as that is to be known at the start."""
        return self._parts.alone.has_settled

    def snapshot(self) -> MeshSnapshot:
        """Return the counts of this hub's mesh."""
        migration, identities = self._parts.migration, self._parts.identities
        return MeshSnapshot(
            ready=migration.is_ready,
            migrated=migration.is_migrated,
            p2p_links=self._links.count(Carrier.P2P),
            websocket_links=self._links.count(Carrier.WEBSOCKET),
            local_links=self._links.count(Carrier.LOCAL),
            known_hubs=len(self._membership),
            forged=0 if identities is None else identities.forged,
        )

    # Time

    def deadline(self) -> float:
        """Return when ``tick`` has something to do."""
        first = min(self._beat_at, self._listen_at)
        for deadline in self._last_deadlines if self._membership.is_leaving else self._deadlines:
            when = deadline()
            if when is not None and when < first:
                first = when
        return first

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._parts.closing.expire(now)
        self._lifecycle.end_unproved(now)
        self._view.check(now)
        if now >= self._listen_at:
            self._lifecycle.end_silent(self._interval, now)
            self._listen_at = self._links.silent_at(self._interval, now)
        if now >= self._beat_at:
            self._beat(now)
        if self._membership.is_leaving:
            return
        has_company = bool(self._links.neighbours or len(self._parts.reference_hubs))
        self._parts.alone.expire(now, has_company=has_company)
        self._parts.dialer.expire(now)
        if self._parts.migration.migrate(now):
            closed = self._close_needless_sockets(now)
            self._effects.act(Tell(HubMeshMigrated(closed, self._links.count(Carrier.P2P))))
        has_enough = len(self._links.neighbours) >= self._enough
        self._parts.names.resolve_due(now, has_enough=has_enough)
        self._parts.dialer.dial_due(now)
        if self._parts.bootstrap.is_searching(now):
            self._parts.dialer.search(self._planner.gap(), now)
        if self._planner.is_due(now):
            self._replan(now)
        spread_at = self._gossip.deadline()
        if spread_at is not None and now >= spread_at:
            self._spread(now)

    def _beat(self, now: float) -> None:
        """Show all neighbours that we live."""
        self._beat_at = now + self._interval
        # On busy links too: nothing else shows a neighbour that our tables differ.
        heartbeat = Heartbeat(self._membership.digest)
        for link in self._links.to_neighbours():
            self._effects.act(SendToLink(link.id, heartbeat))
        if self._parts.migration.is_migrated:
            self._close_needless_sockets(now)

    def _close_needless_sockets(self, now: float) -> int:
        sockets = self._readiness.needless_sockets(now)
        for link in sockets:
            self._lifecycle.close(link, close_codes.NORMAL_CLOSURE, "migrated to P2P", now)
        return len(sockets)

    def _replan(self, now: float) -> None:
        for link in self._planner.replan(now):
            self._lifecycle.close(link, close_codes.NORMAL_CLOSURE, "not wanted", now)
        self._gossip.flush_soon(now)  # there may be something new to publish

    def _spread(self, now: float) -> None:
        """Renew our advert, and pass on what is new."""
        ends = self._parts.roles.ends(is_ready=self._parts.migration.is_ready)
        bar = self._planner.admission_bar
        self._gossip.publish(ends, bar, now, is_draining=self._is_draining)
