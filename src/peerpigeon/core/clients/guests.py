"""What hubs of the npm package want for their clients, the guests of this hub, and for themselves.

``reference/links.py`` reads their messages and reports what they mean; here it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import (
    GuestAnnounced,
    GuestChange,
    GuestGone,
    GuestSignaled,
    HubClaimed,
)
from peerpigeon.core.clients.disconnects import GONE_WITH_HUB
from peerpigeon.core.ids import same_peer
from peerpigeon.core.interface.actions import Tell, Warn
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, SECOND_LINK
from peerpigeon.core.interface.notices import HubDiscovered, PeerAnnounced, PeerConnected
from peerpigeon.core.sessions.registry import Guest, ReferenceHub
from peerpigeon.core.sessions.takeover import GuestContender
from peerpigeon.core.wire import client_messages, reference_messages

if TYPE_CHECKING:
    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.clients.contests import Contests
    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.clients.permissions import Permissions
    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Client
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.wire.client_messages import Announce


GUEST_REFUSED = (
    "a client of a hub of the npm package was refused: such hubs pass on no tokens, so that their"
    " clients enter open namespaces only (namespace_access, NAMESPACE_ACCESS)"
)


class Guests:
    """Hubs of the npm package and their clients, at one hub."""

    def __init__(  # noqa: PLR0913
        self,
        sessions: Sessions,
        references: ReferenceLinks,
        disconnects: Disconnects,
        announcements: Announcements,
        signaling: Signaling,
        effects: Effects,
        *,
        contests: Contests,
        config: ServerConfig,
        permissions: Permissions,
    ) -> None:
        self._permissions = permissions
        self._config = config
        self._sessions = sessions
        self._registry = sessions.registry
        self._references = references
        self._disconnects = disconnects
        self._contests = contests
        self._announcements = announcements
        self._signaling = signaling
        self._effects = effects
        self.announces_refused = 0

    # Hubs

    def welcome(self, client: Client, announce: Announce, now: float) -> None:
        """Take a client for the hub that it says it is."""
        self._announcements.leave(client, now)
        hub_id, namespace, at = client.peer_id, announce.namespace, self._effects.milliseconds(now)
        found = HubDiscovered(hub_id, hub_id, reference_messages.addresses_in(announce.data))
        self._effects.act(Tell(PeerAnnounced(hub_id, namespace, is_hub=True)))
        self._effects.act(Tell(found))
        ourselves = client_messages.hub_introduction(self._sessions.own)
        greeting = client_messages.encode_discovered(ourselves, namespace, hub_id, at)
        self._effects.send(client.session, greeting)
        self._references.add(self._registry.promote(client), client.peer_id)

    def dialled(self, session: SessionId, uri: str, addresses: tuple[str, ...], now: float) -> None:
        """Say to a hub that we have dialled that we are one; ``addresses`` are ours."""
        hub = ReferenceHub(session, None, uri, now, now)
        self._sessions.open(hub, now)
        at = self._effects.milliseconds(now)
        self._effects.send_all(session, self._references.add_dialled(hub, addresses, now, at))

    def name(self, session: SessionId, hub_id: PeerId, now: float) -> None:
        """Note that a hub that we have dialled has said who it is."""
        link = self._references.get(session)
        if link is None or link.hub.peer_id is not None:
            return
        hub = link.hub
        if self._registry.find(hub_id) is not None:  # it has dialled us, as a rule
            self._effects.close(session, NORMAL_CLOSURE, SECOND_LINK)
            self._disconnects.depart(hub, NORMAL_CLOSURE, SECOND_LINK, now)
            return
        self._registry.identify(hub, hub_id)
        self._effects.counts.admitted += 1
        self._effects.act(Tell(PeerConnected(hub_id, len(self._registry))))
        self._effects.act(Tell(HubDiscovered(hub_id, hub_id, (hub.address,))))
        self._references.named(link, hub_id, now)

    def _claim(self, session: SessionId, now: float) -> None:
        link = self._references.get(session)
        if link is not None and (hub_id := link.hub.peer_id) is not None:
            is_alone = self._announcements.publish(link.hub, hub_id, self._sessions.own)
            self._references.claimed(link, now, is_alone=is_alone)

    # Their clients

    def on_change(self, change: GuestChange, now: float) -> None:
        """Do what a reference hub wants."""
        match change:
            case GuestSignaled(session, signal):
                if isinstance(guest := self._registry.get(session), Guest):
                    self._signaling.on_signal(guest, signal, now)
            case GuestAnnounced():
                self._on_announced(change, now)
            case GuestGone(session):
                if isinstance(guest := self._registry.get(session), Guest):
                    self._disconnects.depart(guest, *GONE_WITH_HUB, now)
            case HubClaimed(session):
                self._claim(session, now)
            case _:
                assert_never(change)

    def _on_announced(self, change: GuestAnnounced, now: float) -> None:
        """Serve a client of a reference hub, if its id is free."""
        link, peer_id = self._references.get(change.hub), change.peer
        if link is None:
            return
        holder = self._registry.find(peer_id)
        if same_peer(peer_id, self._sessions.own) or self._permissions.objection(
            change.announce.namespace, None
        ):
            self.announces_refused += 1
            self._effects.act(Warn(GUEST_REFUSED, link.hub.address, peer_id))
        elif holder is None and self._registry.is_full:
            self._references.postpone(link, now)
            self._disconnects.waiting_room.press(now)
        elif holder is None:
            session = self._registry.guest_session()
            guest = Guest(session, peer_id, link.hub.address, now, now, change.hub)
            self._registry.add(guest)
            self._registry.hold(guest, peer_id)
            self._references.entered(link, guest)
            self._effects.counts.admitted += 1
            self._effects.act(Tell(PeerConnected(peer_id, len(self._registry))))
            self._announcements.enter(guest, change.announce, now)
        elif isinstance(holder, Guest) and holder.hub == change.hub:
            self._announcements.enter(holder, change.announce, now)
        else:
            self._references.postpone(link, now)
            if change.may_contest:
                self._contests.contend(GuestContender(peer_id), holder, now)
