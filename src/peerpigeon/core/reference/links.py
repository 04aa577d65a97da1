"""Reference hubs: the npm package's own hubs, each served by one hub of ours.

Such a hub speaks over one WebSocket in the name of all its clients (``reference_messages.py``).
Each of them becomes a *guest* here: a client with a session of its own and no socket, so that the
rest of the mesh need not know the difference. This component says what each message means for the
guests, and reports it; ``clients/guests.py`` does it.

A reference hub may be linked to several of ours, and says the same to each. One serves it: the one
that holds its id in the reserved namespace, where ids are unique as in any other. The others
listen, and ask from time to time whether it is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import (
    GuestAnnounced,
    GuestGone,
    GuestSignaled,
    HubClaimed,
    HubReported,
    IdAwaited,
    ReferenceFound,
    ReferenceGone,
    ReferenceNamed,
)
from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.ids import key_of, same_peer
from peerpigeon.core.interface.snapshot import HubRecord
from peerpigeon.core.reference.model import ReferenceLink, Service
from peerpigeon.core.reference.told_members import ToldMembers
from peerpigeon.core.wire import reference_messages
from peerpigeon.core.wire.announce_validation import objection
from peerpigeon.core.wire.client_messages import hub_introduction
from peerpigeon.core.wire.reference_messages import Departed, Discovered, HubSeen, Pong, Spoken

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.sessions.registry import Guest, ReferenceHub

SETTLING = 1.0
"""Seconds from the claim to a hub's id to asking whether it is granted, and until asking again. By
then the hubs of ours know each other, as a rule. Not waited for where there is no other."""

NAMING = 3.0
"""Seconds for a hub that we have dialled to say who it is. It does when its own mesh has begun; one
that does not is served all the same, though another hub of ours may do so too."""

RETRY = 5.0
"""Seconds until it is asked whether somebody else still serves a hub or client."""

CLIENT_SIZE = 512
"""Bytes that it takes to remember a client of such a hub, besides what it announces."""

MOST_OF_ONE = 4 * MIB
"""Bytes that clients of one hub may take: 3 KiB for each of a thousand."""

MOST_OF_ALL = 16 * MIB
"""Bytes that clients of all such hubs may take together."""


class ReferenceLinks:
    """The reference hubs that are linked to one hub of ours."""

    def __init__(self, own: PeerId, config: ServerConfig, effects: Effects) -> None:
        self._own = own
        self._config = config
        self._effects = effects
        self._links: dict[SessionId, ReferenceLink] = {}
        self._due: TimerQueue[SessionId] = TimerQueue()
        self._size = 0  # of the clients of all links, in bytes
        self.announces_refused = 0
        """How many clients of such hubs were not taken in."""

    def __len__(self) -> int:
        """Return how many reference hubs are linked and known by name."""
        return sum(1 for link in self._links.values() if link.hub.peer_id is not None)

    def records(self, epoch: float) -> list[HubRecord]:
        """Return a record of every reference hub for people; ``epoch`` as our hub has it."""
        namespace = self._config.hub_mesh_namespace
        return [
            HubRecord(hub.peer_id, namespace, epoch + hub.opened_at, epoch + hub.last_heard)
            for hub in (link.hub for link in self._links.values())
            if hub.peer_id is not None
        ]

    def get(self, session: SessionId) -> ReferenceLink | None:
        """Return the link to the reference hub of a session."""
        return self._links.get(session)

    # Hubs

    def add(self, hub: ReferenceHub, hub_id: PeerId) -> None:
        """Take in a hub that has dialled us."""
        self._links[hub.session] = ReferenceLink(hub, ToldMembers(remembers=True), is_dialled=False)
        self._effects.report(ReferenceFound(hub_id))
        self._effects.report(HubClaimed(hub.session))

    def add_dialled(
        self, hub: ReferenceHub, addresses: tuple[str, ...], now: float, at: int
    ) -> list[bytes]:
        """Take in a hub that we have dialled; return what to say to it. Who it is, it will say."""
        link = ReferenceLink(hub, ToldMembers(remembers=False), is_dialled=True)
        link.service = Service.CLAIMED
        self._links[hub.session] = link
        self._due.set(hub.session, now + NAMING)
        namespace, ourselves = self._config.hub_mesh_namespace, hub_introduction(self._own)
        return [
            reference_messages.encode_announce(namespace, addresses, at),
            reference_messages.encode_discovered(ourselves, namespace, at),
            reference_messages.PING,
        ]

    def named(self, link: ReferenceLink, hub: PeerId, now: float) -> None:
        """Note that a hub that we have dialled has said who it is."""
        self._effects.report(ReferenceFound(hub))
        self._begin(link, now)

    def _on_pong(self, link: ReferenceLink, now: float) -> None:
        if link.is_dialled and not link.has_introduced:
            link.has_introduced = True
            self._begin(link, now)

    def _begin(self, link: ReferenceLink, now: float) -> None:
        if not link.has_introduced or link.hub.peer_id is None:
            return
        if not link.has_elders:
            self._effects.report(HubClaimed(link.hub.session))
            return
        # Who was there first serves it, and by its address we are about to come into one mesh.
        link.service = Service.ELSEWHERE
        self._due.set(link.hub.session, now + RETRY)

    def remove(self, hub: ReferenceHub, code: int, reason: str) -> list[Guest]:
        """Forget a hub whose socket has ended; return its guests, who are gone with it."""
        self._due.drop(hub.session)
        link = self._links.pop(hub.session)
        self._size -= link.size
        self._effects.report(ReferenceGone(hub.peer_id, hub.session, code, reason))
        return list(link.guests.values())

    def claimed(self, link: ReferenceLink, now: float, *, is_alone: bool) -> None:
        """Note that a hub is published; it is served when the mesh says that nobody else does."""
        # A hub that starts from others may be alone only because it has not reached them yet.
        starts_alone = not (self._config.starts_from or self._config.bootstrap_dns)
        if is_alone and (link.is_dialled or starts_alone):
            self._serve(link)
            return
        link.service = Service.CLAIMED
        self._due.set(link.hub.session, now + SETTLING)

    def stand_by(self, link: ReferenceLink, now: float) -> list[Guest]:
        """Note that another hub of ours serves a hub; return the guests that are none any more."""
        link.service = Service.ELSEWHERE
        self._due.set(link.hub.session, now + RETRY)
        # What it has been told stays true, and who serves it says so when it does not.
        link.known = link.known.anew()
        return list(link.guests.values())

    def _serve(self, link: ReferenceLink) -> None:
        link.service = Service.SERVED
        self._due.drop(link.hub.session)
        for client in link.clients.values():
            self._announce(link, client, may_contest=True)

    def _announce(self, link: ReferenceLink, client: Discovered, *, may_contest: bool) -> None:
        session, announce = link.hub.session, client.announce
        self._effects.report(GuestAnnounced(session, client.peer, announce, may_contest))

    def tick(self, now: float) -> None:
        """Do what is due."""
        for session in self._due.expire(now):
            link = self._links[session]
            match link.service:
                case Service.CLAIMED if link.hub.namespace is None:
                    self._serve(link)  # it has not said who it is
                case Service.CLAIMED:
                    self._due.set(session, now + SETTLING)
                    self._await_id(link)
                case Service.ELSEWHERE:
                    self._due.set(session, now + RETRY)
                    self._await_id(link)
                case Service.SERVED:
                    link.is_lacking = False
                    self._await_missing(link, now)
                case _:
                    assert_never(link.service)

    def _await_id(self, link: ReferenceLink) -> None:
        # It has said who it is, or it would neither be published nor served elsewhere.
        if link.hub.peer_id is not None:  # pragma: no branch
            self._effects.report(IdAwaited(self._config.hub_mesh_namespace, link.hub.peer_id))

    def _await_missing(self, link: ReferenceLink, now: float) -> None:
        missing = link.missing()
        if missing:
            self.postpone(link, now)
        for client in missing:
            self._effects.report(IdAwaited(client.announce.namespace, client.peer))

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._due.deadline()

    # What a hub says

    def on_message(self, hub: ReferenceHub, text: str, now: float) -> None:
        """Take a hub's message; raise ``MessageError`` if it makes no sense."""
        link = self._links[hub.session]
        match reference_messages.decode(text):
            case Discovered() as discovered:
                self._on_discovered(link, discovered)
            case Departed(peer):
                self._on_departed(link, peer)
            case Spoken(sender, signal):
                guest = link.guests.get(key_of(sender))
                # Else it may be of a client of ours, come back, or of hubs among themselves.
                if guest is not None:
                    self._effects.report(GuestSignaled(guest.session, signal))
            case HubSeen() as seen:
                self._on_hub_seen(link, seen)
            case Pong():
                self._on_pong(link, now)

    def _on_hub_seen(self, link: ReferenceLink, seen: HubSeen) -> None:
        # What a hub says of others that has dialled us is of no use: they are not linked to it.
        if not link.is_dialled or same_peer(seen.hub, self._own):
            return
        if not seen.is_other:
            if link.hub.peer_id is None:
                self._effects.report(ReferenceNamed(link.hub.session, seen.hub))
        elif seen.addresses:
            link.has_elders |= not link.has_introduced
            self._effects.report(HubReported(seen.hub, seen.addresses))

    def _on_discovered(self, link: ReferenceLink, discovered: Discovered) -> None:
        if objection(discovered.announce, self._config) or not self._keep(link, discovered):
            self.announces_refused += 1
        elif link.service is Service.SERVED:
            self._announce(link, discovered, may_contest=True)

    def _keep(self, link: ReferenceLink, discovered: Discovered) -> bool:
        """Remember a client; ``False`` if more than is kept for such hubs would be."""
        key = key_of(discovered.peer)
        former = link.clients.get(key)
        if former is None and len(link.clients) >= self._config.max_connections:
            return False
        more = _size(discovered) - (0 if former is None else _size(former))
        if link.size + more > MOST_OF_ONE or self._size + more > MOST_OF_ALL:
            return False
        link.clients[key] = discovered
        link.size += more
        self._size += more
        return True

    def _on_departed(self, link: ReferenceLink, peer: PeerId) -> None:
        key = key_of(peer)
        if (client := link.clients.pop(key, None)) is not None:
            link.size -= _size(client)
            self._size -= _size(client)
        guest = link.guests.get(key)
        if guest is not None:
            self._effects.report(GuestGone(guest.session))
        elif link.is_dialled:
            self._effects.report(HubReported(peer, ()))

    # Guests

    def entered(self, link: ReferenceLink, guest: Guest) -> None:
        """Note that a client is served from now on."""
        link.guests[key_of(guest.peer_id)] = guest

    def postpone(self, link: ReferenceLink, now: float) -> None:
        """Note that a client could not be served, and is to be claimed again."""
        if link.service is Service.SERVED and not link.is_lacking:
            link.is_lacking = True
            self._due.set(link.hub.session, now + RETRY)

    def freed(self, peer: PeerId, namespace: str | None = None) -> None:
        """Note that an id is free that a client of a hub may wait for.

        ``namespace``: where it is free; everywhere if there is none.
        """
        key = key_of(peer)
        for link in self._links.values():
            client = link.clients.get(key)
            if client is None or key in link.guests:
                continue
            is_free = namespace in (None, client.announce.namespace)
            if is_free and link.service is Service.SERVED:
                self._announce(link, client, may_contest=False)
                return

    def is_free(self, namespace: str, peer: PeerId) -> None:
        """Note that a rendezvous hub says that an id is free in its namespace."""
        if namespace != self._config.hub_mesh_namespace:
            self.freed(peer, namespace)
            return
        for link in self._links.values():
            if link.hub.peer_id == peer and link.service is Service.ELSEWHERE:
                self._effects.report(HubClaimed(link.hub.session))

    def is_granted(self, namespace: str, peer: PeerId) -> None:
        """Note that a rendezvous hub says that an id belongs to a client of this hub."""
        if namespace == self._config.hub_mesh_namespace:
            for link in self._links.values():
                if link.hub.peer_id == peer and link.service is Service.CLAIMED:
                    self._serve(link)

    def left(self, guest: Guest, now: float) -> None:
        """Note that a guest is served no longer."""
        link = self._links.get(guest.hub)
        if link is None:
            return
        key = key_of(guest.peer_id)
        del link.guests[key]
        if key in link.clients:
            self.postpone(link, now)


def _size(client: Discovered) -> int:
    return CLIENT_SIZE + len(client.announce.data) + len(client.announce.namespace)
