"""The parts that serve the clients of one hub, put together; and what happens to sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from peerpigeon.core.clients.admission import Admission
from peerpigeon.core.clients.announcements import Announcements
from peerpigeon.core.clients.contests import Contests
from peerpigeon.core.clients.disconnects import Disconnects
from peerpigeon.core.clients.drain import Drain
from peerpigeon.core.clients.fairness import Fairness
from peerpigeon.core.clients.guests import Guests
from peerpigeon.core.clients.homes import Homes
from peerpigeon.core.clients.incoming_messages import IncomingMessages
from peerpigeon.core.clients.members import Members
from peerpigeon.core.clients.newcomers import Newcomers
from peerpigeon.core.clients.notifications import Notifications
from peerpigeon.core.clients.patient_signals import PatientSignals
from peerpigeon.core.clients.permissions import Permissions
from peerpigeon.core.clients.signaling import Signaling
from peerpigeon.core.clients.visitors import Visitors
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.events import (
    PeerBehind,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PingSent,
    VisitorOpened,
)
from peerpigeon.core.interface.figures import ClientFigures
from peerpigeon.core.reference.links import ReferenceLinks
from peerpigeon.core.reference.updates import ReferenceUpdates
from peerpigeon.core.sessions.sessions import Sessions
from peerpigeon.core.swarms.draws import Draws
from peerpigeon.core.topics.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from peerpigeon.core.changes import ClientFlooded
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.client_news import ClientNews
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.wire.hub_news import Found, Relay, Undelivered
    from peerpigeon.core.wire.reasons import Reason


ClientEvent: TypeAlias = PeerPonged | PingSent | PeerOpened | PeerBehind | PeerLost | VisitorOpened
"""What happens to a socket, but for what comes over it."""


class ClientService:
    """Puts together what one hub does for its clients."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        namespaces: Namespaces,
        rng: Random,
        effects: Effects,
    ) -> None:
        permissions = Permissions(config)
        self._sessions = Sessions(own, config)
        self.registry = self._sessions.registry
        self.addresses = self._sessions.addresses
        self._presence = namespaces.presence
        self.references = ReferenceLinks(own, config, effects)
        updates = ReferenceUpdates(own, self.references)
        self._notifications = Notifications(self.registry, updates, effects)
        self._fairness = Fairness(config, effects)
        self.signaling = Signaling(
            own, config, self.registry, namespaces, effects, fairness=self._fairness
        )
        self.topics = Topics(own, config, namespaces, effects)
        self.draws = Draws(own, config.signal_lifetime, self.registry, namespaces, rng, effects)
        self.announcements = Announcements(
            config, namespaces, self._notifications, self.signaling, effects, topics=self.topics
        )
        self.contests = Contests(
            self._sessions, namespaces, effects, throttle=self._fairness.throttle
        )
        newcomers = Newcomers(self._sessions, rng, effects)
        self.disconnects = Disconnects(
            self._sessions,
            newcomers,
            self.contests,
            self.references,
            self.announcements,
            effects,
            fairness=self._fairness,
        )
        self.admission = Admission(
            self._sessions, newcomers, self.contests, self.disconnects, effects
        )
        self.homes = Homes(config, self.disconnects, effects)
        self.guests = Guests(
            self._sessions,
            self.references,
            self.disconnects,
            self.announcements,
            self.signaling,
            effects,
            contests=self.contests,
            config=config,
            permissions=permissions,
        )
        self.patient = PatientSignals(own, self.registry, namespaces, self.signaling, effects)
        members = Members(
            self._sessions,
            namespaces,
            self.disconnects,
            self.announcements,
            self.contests,
            effects,
            signaling=self.signaling,
            slow=self._fairness.slow,
            patient=self.patient,
            permissions=permissions,
        )
        self.visitors = Visitors(
            self._sessions,
            self.admission,
            self.disconnects,
            self.topics,
            effects,
            members=members,
            draws=self.draws,
            rates=self._fairness.rates,
            permissions=permissions,
        )
        self.drain = Drain(self.registry, self.admission, self.disconnects, effects)
        self.messages = IncomingMessages(
            config,
            self.registry,
            effects,
            admission=self.admission,
            announcements=self.announcements,
            guests=self.guests,
            homes=self.homes,
            permissions=permissions,
            rates=self._fairness.rates,
            references=self.references,
            signaling=self.signaling,
            visitors=self.visitors,
        )

    @property
    def messages_refused(self) -> int:
        """How many messages made no sense or were not allowed."""
        by_guests = self.guests.announces_refused + self.references.announces_refused
        return self.messages.refused + by_guests + self.visitors.messages_refused

    # Sockets

    def on_event(self, event: ClientEvent, now: float) -> None:
        """Take what happens to a socket."""
        match event:
            case PeerPonged() | PingSent():
                self.on_ping(event, now)
            case PeerOpened():
                self.on_opened(event, now)
            case VisitorOpened():
                self.visitors.on_opened(event, now)
            case PeerBehind():
                self.on_behind(event)
            case PeerLost():
                self.on_lost(event, now)
            case _:
                assert_never(event)

    def on_opened(self, event: PeerOpened, now: float) -> None:
        """Take a new socket."""
        self.homes.note(event)
        self.admission.on_opened(event, now)

    def on_ping(self, event: PeerPonged | PingSent, now: float) -> None:
        """Take a sign of life, or the news that one may be late: there is a lot to read before."""
        party = self.registry.get(event.session)
        if party is None:
            return
        if isinstance(event, PingSent):
            self.admission.on_ping_sent(party, event, now)
        else:
            party.last_heard = now
            self.admission.on_ponged(party, event.number, now)

    def on_behind(self, event: PeerBehind) -> None:
        """Note that a socket reads more slowly than it is sent to, or that it has caught up."""
        if event.session in self.disconnects.dismissed:
            return
        if not event.is_behind:
            self._fairness.slow.catch_up(event.session)
        elif self.registry.get(event.session) is not None:
            self._fairness.slow.fall_behind(event.session)

    def on_flooded(self, change: ClientFlooded, now: float) -> None:
        """Close a client that goes on sending too much."""
        party = self.registry.get(change.session)
        if party is not None:  # pragma: no branch: it was there a moment ago
            self.disconnects.drop(party, change.reason, now)

    def on_lost(self, event: PeerLost, now: float) -> None:
        """Take the end of a socket."""
        party = self.registry.get(event.session)
        if party is None:
            self.homes.left(event.session)
            self.admission.withdraw(event.session, now)
        else:
            self.disconnects.depart(party, event.code, event.reason, now)

    def figures(self) -> ClientFigures:
        """Return how many wait at this moment."""
        fairness = self._fairness
        waiting = self.signaling.waiting()
        return ClientFigures(len(fairness.throttle), len(fairness.slow.senders), waiting)

    # News

    def deliver(self, told: Iterable[ClientNews], now: float) -> None:
        """Tell clients of arrivals and departures."""
        self._notifications.deliver(told, now)

    def on_undelivered(self, hub: PeerId, lost: Undelivered, now: float) -> None:
        """Take what has come back from another hub: it is sent again, or its sender told."""
        if not self.patient.on_undelivered(hub, lost, now):
            self.signaling.outcomes.on_undelivered(lost, now)

    def on_failure(self, relay: Relay, reason: Reason, now: float) -> None:
        """Take the news that a signal has not reached the hub of its target."""
        self.signaling.outcomes.fail(relay, reason, now)
        self.patient.on_end(relay, now)

    def on_found(self, found: Found, now: float) -> None:
        """Take the answer to where a client is, or a reference hub."""
        self.signaling.on_found(found, now)
        self.patient.on_found(found, now)
        if found.located is None:
            self.references.is_free(found.namespace, found.peer)
        elif found.located.hub == self._sessions.own and self._presence.ids.has_id(
            found.namespace, found.peer
        ):
            self.references.is_granted(found.namespace, found.peer)

    # Time

    def tick(self, now: float) -> None:
        """Do what is due."""
        self.disconnects.tick(now)
        self._fairness.throttle.tick(now)
        self.references.tick(now)
        self.signaling.tick(now)
        self.patient.tick(now)
        self.visitors.tick(now)
        self.drain.tick(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(
            self._sessions.deadline(),
            self.signaling.deadline(),
            self.patient.deadline(),
            self.visitors.deadline(),
            self.references.deadline(),
            self._fairness.throttle.deadline(),
            self.drain.deadline(),
            self.topics.deadline(),
            self.draws.deadline(),
        )
