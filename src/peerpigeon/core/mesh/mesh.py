"""The mesh of hubs as one hub sees it: its links, the adverts of all, the ways to all.

It carries bodies between hubs and tells the hub what has become of the others (``Change``). What
the bodies are about it does not know, but for the negotiation of its own links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import (
    Arrived,
    Change,
    HubFound,
    HubGone,
    HubRestarted,
    HubReturned,
    RoutesChanged,
)
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface import close_codes
from peerpigeon.core.interface.actions import Action, CloseLink, SendToLink, Tell
from peerpigeon.core.interface.notices import (
    HubMeshMigrated,
    HubMeshReady,
    HubP2PConnected,
    HubP2PDisconnected,
)
from peerpigeon.core.interface.snapshot import MeshSnapshot
from peerpigeon.core.mesh.attempts import Attempts
from peerpigeon.core.mesh.authentication import Authenticator
from peerpigeon.core.mesh.dialer import Dialer
from peerpigeon.core.mesh.forwarding import Forwarder
from peerpigeon.core.mesh.gossip import BATCH, Gossip
from peerpigeon.core.mesh.handshake import Handshake
from peerpigeon.core.mesh.link_planner import LinkPlanner
from peerpigeon.core.mesh.links import Link, Links
from peerpigeon.core.mesh.membership import Membership
from peerpigeon.core.mesh.migration import Migration
from peerpigeon.core.mesh.negotiation import Negotiation
from peerpigeon.core.wire.hub_frames import (
    Ack,
    Advert,
    Adverts,
    Body,
    Bye,
    Carrier,
    Frame,
    Heartbeat,
    Hello,
    Proof,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_validation import opened

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.interface.events import LinkLost, LinkOpened, LinkReceived

REPLAN = 0.2
"""Seconds for which changes are gathered before links are planned anew."""


class Mesh:
    """One hub's side of the mesh.

    Methods return actions; ``take_changes`` returns what the rest of the hub must know, and is to
    be asked after each call.
    """

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, incarnation: int, now: float
    ) -> None:
        self._own = own
        self._config = config
        advert = Advert(own, incarnation, 1, rng.getrandbits(64), config.advertise, ())
        self.membership = Membership(advert, rng)
        self._links = Links()
        attempts, interval = Attempts(own, rng), config.heartbeat_interval
        credentials = Authenticator(own, config.hub_secret, rng)
        self._handshake = Handshake(own, config.hub_mesh_namespace, self._links, credentials)
        self.dialer = Dialer(config, self._links, self.membership, attempts, rng, now)
        self._forwarder = Forwarder(own, self._links, self.membership)
        self._planner = LinkPlanner(
            config.hub_mesh_max_peers, self._links, self.membership, attempts
        )
        self.negotiation = Negotiation(
            attempts, self.membership, self._forwarder, self._planner.has_place_for
        )
        self._migration = Migration(config.hub_mesh_min_peers, config.mesh_migration_delay)
        self._gossip = Gossip(self.membership, self._links, interval, now)
        self._beat_at = now + interval * rng.random()
        self._listen_at = now + interval
        self._is_draining = False
        self.changes: list[Change] = []
        self._actions: list[Action] = []

    # What the hub asks

    def take_changes(self) -> list[Change]:
        """Return what has changed since the last call, in order."""
        changes, self.changes = self.changes, []
        return changes

    def _take_actions(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions

    def deadline(self) -> float:
        """Return when ``tick`` has something to do."""
        leaving = self._handshake.departures.deadline()
        first = earliest(self._beat_at, self._listen_at, self.membership.deadline(), leaving)
        if self._is_draining:
            return first
        return earliest(
            first,
            self._gossip.deadline(),
            self._planner.deadline(),
            self.dialer.deadline(),
            self._migration.deadline(),
        )

    def snapshot(self) -> MeshSnapshot:
        """Return the counts of this hub's mesh."""
        return MeshSnapshot(
            ready=self._migration.is_ready,
            migrated=self._migration.is_migrated,
            p2p_links=self._links.count(Carrier.P2P),
            websocket_links=self._links.count(Carrier.WEBSOCKET),
            known_hubs=len(self.membership),
        )

    def route(self, goal: PeerId, incarnation: int, body: Body, now: float) -> list[Action]:
        """Send a body on its way to another hub."""
        return self._forwarder.send(goal, incarnation, body, now)

    def leave_bootstrap(self, now: float) -> list[Action]:
        """Close the sockets to the bootstrap hubs, and dial these no more."""
        for link in self.dialer.bootstrap_links():
            self._close(link, close_codes.NORMAL_CLOSURE, "disconnected", now)
        self.dialer.leave_bootstrap()
        return self._take_actions()

    def drain(self, now: float) -> list[Action]:
        """Have all neighbours leave this hub, which is about to stop.

        It wants no more links, and passes on what still comes until the last one is closed.
        """
        self._is_draining = True
        self._gossip.flush_by(now, is_urgent=True)
        self._spread(now)
        return self._take_actions()

    # Links open and close

    def on_link_opened(self, event: LinkOpened, now: float) -> list[Action]:
        """Greet whoever is at the other end of a new connection."""
        if not self._handshake.has_room(event.opening):
            return [CloseLink(event.link, close_codes.TRY_AGAIN_LATER, "too many links")]
        link = self._links.open(event.link, event.carrier, event.opening, now)
        self._actions += self.dialer.opened(link)
        self._send(link, self._handshake.hello(link, self.membership.own, self.membership.digest))
        return self._take_actions()

    def on_link_lost(self, event: LinkLost, now: float) -> list[Action]:
        """Go on without a link that has broken."""
        self._handshake.departures.end(event.link)
        if link := self._links.get(event.link):
            self._lose(link, event.code, event.reason, now)
        return self._take_actions()

    def _close(self, link: Link, code: int, reason: str, now: float) -> None:
        self._actions += self._handshake.farewell(link, code, reason, now)
        self._lose(link, code, reason, now)

    def _lose(self, link: Link, code: int, reason: str, now: float) -> None:
        parting = self._handshake.part(link)
        self._actions += self.dialer.ended(link, code, reason)
        if parting is None:
            return
        if parting.was_last_channel:
            self._actions.append(Tell(HubP2PDisconnected(parting.hub)))
        if parting.was_last:
            self.changes.append(RoutesChanged())
        if parting.is_broken:
            self._gossip.flush_by(now, is_urgent=True)
            self.membership.check_by(now + BATCH)
        else:
            self._gossip.flush_by(now + BATCH)
        if not self._links.neighbours and not self._is_draining:
            self.dialer.links_lost(now)
        self._planner.weave_by(now)
        self._update_readiness(now)

    def _update_readiness(self, now: float) -> None:
        channels, others = self._links.count(Carrier.P2P), len(self.membership) - 1
        was_ready = self._migration.is_ready
        if self._migration.update(channels, others, now):
            self._actions.append(Tell(HubMeshReady(channels, others + 1)))
        if was_ready != self._migration.is_ready:
            self._gossip.flush_by(now + BATCH)  # sockets change their purpose with it

    # Frames

    def _send(self, link: Link, *frames: Frame) -> None:
        self._actions += [SendToLink(link.link, frame) for frame in frames]

    def on_link_received(self, event: LinkReceived, now: float) -> list[Action]:
        """Take one frame from a neighbour."""
        link, frame = self._links.get(event.link), event.frame
        if link is None:
            self._on_late(event.link, frame, now)
            return self._take_actions()
        link.last_heard = now
        if link.hub is not None and isinstance(frame, Routed):  # as most are
            self._on_routed(link.hub, frame, now)
        elif isinstance(frame, Bye):
            self._actions += self._handshake.take_leave(link, frame.reason, now)
            self._lose(link, close_codes.NORMAL_CLOSURE, frame.reason, now)
        elif link.hub is not None and not isinstance(frame, Hello | Proof):
            self._on_frame(link, link.hub, frame, now)
        else:
            self._on_meeting(link, frame, now)
        return self._take_actions()

    def _on_late(self, link: LinkId, frame: Frame, now: float) -> None:
        """Take what still comes over a link that is being left."""
        departure = self._handshake.departures.get(link)
        if departure is None:
            return
        match frame:
            case Bye():
                self._actions += self._handshake.departures.answered(link)
            case Routed() | Sealed() if departure.hub is not None:
                self._on_routed(departure.hub, frame, now)
            case Adverts() if departure.hub is not None:
                self._on_adverts(departure.hub, frame, now)

    def _on_frame(self, link: Link, hub: PeerId, frame: Frame, now: float) -> None:
        match frame:
            case Routed() | Sealed():
                self._on_routed(hub, frame, now)
            case Adverts():
                self._on_adverts(hub, frame, now)
            case Heartbeat():
                self._send(link, *self._gossip.on_heartbeat(link, frame, now))
            case Summary():
                self._send(link, *self._gossip.on_summary(frame))

    def _on_meeting(self, link: Link, frame: Frame, now: float) -> None:
        was_alone = not self._links.neighbours
        verdict = self._handshake.meet(link, frame)
        if verdict.reply is not None:
            self._send(link, verdict.reply)
            return
        if (hello := link.hello) is not None:
            self.dialer.identified(link, hello.hub)
        if verdict.objection or hello is None:
            self._close(link, verdict.code, verdict.objection, now)
            return
        if verdict.replaced is not None:
            self._close(verdict.replaced, close_codes.NORMAL_CLOSURE, "second link", now)
        elif link.carrier is Carrier.P2P:
            self._actions.append(Tell(HubP2PConnected(hello.hub)))
        if was_alone:
            self.changes.append(RoutesChanged())  # before, there was no way to anybody
        self._send(link, *self._gossip.greet(link, hello.digest))
        self._gossip.flush_by(now + BATCH)
        self._planner.weave_by(now + REPLAN)
        self._update_readiness(now)

    def _on_adverts(self, sender: PeerId, frame: Adverts, now: float) -> None:
        learned = self._gossip.learn(sender, frame, now)
        for advert in learned.restarted:
            self.changes.append(HubRestarted(advert.hub, advert.incarnation))
        for advert in learned.found:
            self._planner.add(advert.hub)
            self.changes.append(HubFound(advert.hub))
        self._actions += [Tell(notice) for notice in learned.notices]
        if learned.is_anything:
            self._planner.weave_by(now + REPLAN)
            self._update_readiness(now)
            if frame.is_urgent:
                # Our way to some hub may have led over what was lost.
                self._forwarder.note_loss()
                self.changes.append(RoutesChanged())
                self.membership.check_by(now + BATCH)

    def _on_routed(self, sender: PeerId, frame: Routed | Sealed, now: float) -> None:
        if frame.destination != self._own:
            self._actions += self._forwarder.pass_on(frame, sender, now)
            return
        is_meant = frame.destination_incarnation in (0, self.membership.own.incarnation)
        if frame.source == self._own or not is_meant:
            return  # made up by a neighbour, or for an earlier life of this hub
        match opened(frame.body):
            case Segment() | Ack() as body:
                self.changes.append(Arrived(frame.source, frame.source_incarnation, body))
            case step if step is not None:
                self._actions += self.negotiation.on_step(frame.source, step, now)

    # Adverts

    def _spread(self, now: float) -> None:
        """Renew our advert, and pass on what is new."""
        # A hub that stops disowns its links, so that nobody takes them for a way.
        is_ready = self._migration.is_ready
        ends = () if self._is_draining else self._planner.ends(is_ready=is_ready)
        self._gossip.publish(ends, self._planner.bar, now, is_draining=self._is_draining)
        for link, frame in self._gossip.flush():
            self._send(link, frame)

    # Time

    def tick(self, now: float) -> list[Action]:
        """Do what is due."""
        self._actions += self._handshake.departures.expire(now)
        if (check_at := self.membership.deadline()) is not None and now >= check_at:
            self._check(now)
        if now >= self._listen_at:
            self._end_silent(now)
        if now >= self._beat_at:
            self._beat(now)
        if self._is_draining:
            return self._take_actions()
        self._actions += self.dialer.expire(now)
        if self._migration.migrate(now):
            closed = self._close_sockets(now)
            self._actions.append(Tell(HubMeshMigrated(closed, self._links.count(Carrier.P2P))))
        self._dial(now)
        self._weave(now)
        spread_at = self._gossip.deadline()
        if spread_at is not None and now >= spread_at:
            self._spread(now)
        return self._take_actions()

    def _dial(self, now: float) -> None:
        self._actions += self.dialer.dial_due(now)
        if self.dialer.is_searching(now):
            self._actions += self.dialer.search(self._planner.gap(), now)

    def _weave(self, now: float) -> None:
        orders = self._planner.tick(now)
        self._actions += orders.actions
        for link in orders.closings:
            self._close(link, close_codes.NORMAL_CLOSURE, "not wanted", now)
        if orders.is_planned:
            self._gossip.flush_by(now + BATCH)

    def _check(self, now: float) -> None:
        """See who can be reached."""
        changes = self.membership.check(now)
        for hub in changes.gone:
            self._planner.remove(hub)
            self.changes.append(HubGone(hub))
            if (advert := self.membership.advert(hub)) and advert.is_draining:
                self.membership.forget(hub)
                for link in [link for link in self._links if link.hub == hub]:
                    self._close(link, close_codes.NORMAL_CLOSURE, "stopping", now)
        for hub in changes.returned:
            self._planner.add(hub)
        self.changes += [HubReturned(hub) for hub in changes.returned]
        self.changes += [RoutesChanged()] if changes.reached else []
        self._actions += self.dialer.reach_for(changes.stranded_from, now)
        if changes.gone:
            self.dialer.hubs_lost(now)
        for link, frame in self._gossip.on_check(changes, now):
            self._send(link, frame)
        if changes.gone or changes.returned:
            self._planner.weave_by(now)
            self._update_readiness(now)

    def _beat(self, now: float) -> None:
        """Show all neighbours that we live."""
        self._beat_at = now + self._config.heartbeat_interval
        # On busy links too: nothing else shows a neighbour that our tables differ.
        heartbeat = Heartbeat(self.membership.digest)
        self._actions += [SendToLink(link.link, heartbeat) for link in self._links if link.hub]
        if self._migration.is_migrated:
            self._close_sockets(now)

    def _end_silent(self, now: float) -> None:
        """End the links to hubs that do not live."""
        interval = self._config.heartbeat_interval
        for link in self._links.silent(interval, now):
            self._actions.append(CloseLink(link.link, close_codes.POLICY_VIOLATION, "silent"))
            self._lose(link, close_codes.ABNORMAL_CLOSURE, "silent", now)
        self._listen_at = self._links.silent_at(interval, now)

    def _close_sockets(self, now: float) -> int:
        """Close the WebSockets to hubs that have had their day (S19)."""
        sockets, may_close = self._planner.idle_sockets(), self._migration.may_close
        due = [link for link in sockets if may_close(link.opened_at, now)]
        for link in due:
            self._close(link, close_codes.NORMAL_CLOSURE, "migrated to P2P", now)
        return len(due)
