"""Clients enter and leave namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import VisitorGone
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import PeerAnnounced, PeerGoodbye
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.sessions.registry import Client, ReferenceHub, Visitor, VisitorMember
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from peerpigeon.core.clients.notifications import Notifications
    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Guest, Party
    from peerpigeon.core.topics.topics import Topics
    from peerpigeon.core.wire.client_messages import Announce


class Announcements:
    """Which namespace each party of one hub is in."""

    def __init__(
        self,
        config: ServerConfig,
        namespaces: Namespaces,
        notifications: Notifications,
        signaling: Signaling,
        effects: Effects,
        *,
        topics: Topics,
    ) -> None:
        self._topics = topics
        self._config = config
        self._placement = namespaces.placement
        self._presence = namespaces.presence
        self._notifications = notifications
        self._signaling = signaling
        self._effects = effects
        self.count = 0
        """How many are in a namespace."""

    def enter(self, party: Client | Guest, announce: Announce, now: float) -> None:
        """Publish a client in a namespace, or what it says of itself from now on."""
        is_new = party.namespace != announce.namespace
        if is_new:
            self.leave(party, now)
            self.count += 1
            self._effects.counts.joins += 1
        introduction = client_messages.introduction(party.peer_id, announce)
        owner = party.owner if isinstance(party, Client | VisitorMember) else NOBODY
        party.namespace = self._presence.announce(
            announce.namespace, party.peer_id, introduction, owner
        )
        if is_new and not isinstance(party, VisitorMember):
            notice = PeerAnnounced(party.peer_id, announce.namespace, is_hub=False)
            self._effects.act(Tell(notice))

    def publish(self, hub: ReferenceHub, hub_id: PeerId, own: PeerId) -> bool:
        """Claim the id of a reference hub in the mesh: one of our hubs is to serve it.

        Returns whether no other hub can object, because ``own`` is the only one.
        """
        if hub.namespace is None:
            self.count += 1
        hub.namespace = self._config.hub_mesh_namespace
        introduction = client_messages.hub_introduction(hub_id)
        self._presence.announce(hub.namespace, hub_id, introduction)
        return len(self._placement) == 1

    def say_goodbye(self, client: Client, now: float) -> None:
        """Take a client out of its namespace because it says goodbye."""
        if client.namespace is not None:
            self.leave(client, now, has_said_goodbye=True)
            self._effects.act(Tell(PeerGoodbye(client.peer_id)))

    def leave(self, party: Party, now: float, *, has_said_goodbye: bool = False) -> None:
        """Take somebody out of the namespace it is in, if it is in one, or out of its topics."""
        if isinstance(party, Visitor):
            self._topics.leave(party, now)
            self._effects.report(VisitorGone(party.session, party.dialect))
            return
        namespace, peer_id = party.namespace, party.peer_id
        if namespace is None or peer_id is None:
            return
        member = self._presence.find(namespace, peer_id)
        if member is not None and not isinstance(party, ReferenceHub):
            self._signaling.leave(party, member.session, now)
        party.namespace = None
        self.count -= 1
        self._notifications.leave(party, namespace, now)
        told = self._presence.withdraw(namespace, peer_id, now, has_said_goodbye=has_said_goodbye)
        self._notifications.deliver(told, now)
