"""Reference hubs: the npm package's own hubs, each served by one hub of ours.

Such a hub speaks over one WebSocket in the name of all its clients
(``reference_messages.py``). Each of them becomes a *guest* here: a client with
a session of its own and no socket, so that nothing else in the mesh has to know the difference.
This part says what each message means for the guests; ``service.py`` does it.

A reference hub may be linked to several of ours, and says the same to each. One serves it: the one
that holds its id in the reserved namespace, where ids are unique as in any other. The others
listen, and ask from time to time whether it is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.ids import same_peer
from peerpigeon.core.interface.snapshot import HubRecord
from peerpigeon.core.mesh.changes import (
    HubReported,
    ReferenceChange,
    ReferenceFound,
    ReferenceGone,
    ReferenceNamed,
)
from peerpigeon.core.namespaces.known_members import KnownMembers, Over
from peerpigeon.core.namespaces.outcome import Introduce, Part, Tell
from peerpigeon.core.reference.model import (
    Ask,
    Enter,
    Exit,
    Name,
    Publish,
    Reference,
    Speak,
    Standing,
    Step,
)
from peerpigeon.core.wire import reference_messages
from peerpigeon.core.wire.client_messages import hub_introduction
from peerpigeon.core.wire.reference_messages import Departed, Discovered, HubSeen, Pong, Spoken

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.sessions.registry import Peer
    from peerpigeon.core.wire.hub_frames import Located

SETTLING = 1.0
"""Seconds from the claim to a hub's id to asking whether it is granted, and until asking again. By
then the hubs of ours know each other, as a rule. Not waited for where there is no other."""

NAMING = 3.0
"""Seconds for a hub that we have dialled to say who it is. It does when its own mesh has begun; one
that does not is served all the same, though another hub of ours may do so too."""

RETRY = 5.0
"""Seconds until it is asked whether somebody else still serves a hub or client."""


class ReferenceLinks:
    """The reference hubs that are linked to one hub of ours."""

    def __init__(self, own: PeerId, config: ServerConfig) -> None:
        self._own = own
        self._config = config
        self._references: dict[SessionId, Reference] = {}
        self._due: TimerQueue[SessionId] = TimerQueue()
        self.changes: list[ReferenceChange] = []

    def __len__(self) -> int:
        """Return how many reference hubs are linked and known by name."""
        return sum(1 for reference in self._references.values() if reference.peer.peer_id)

    def records(self, epoch: float) -> list[HubRecord]:
        """Return a record of every reference hub for people; ``epoch`` as our hub has it."""
        namespace = self._config.hub_mesh_namespace
        hubs = [r.peer for r in self._references.values() if r.peer.peer_id]
        return [
            HubRecord(hub.peer_id, namespace, epoch + hub.opened_at, epoch + hub.last_heard)
            for hub in hubs
        ]

    def get(self, session: SessionId) -> Reference | None:
        """Return the reference hub of a session."""
        return self._references.get(session)

    def take_changes(self) -> list[ReferenceChange]:
        """Return which hubs have come and gone since the last call."""
        changes, self.changes = self.changes, []
        return changes

    # Hubs

    def add(self, peer: Peer) -> list[Step]:
        """Take a client for the hub that it says it is."""
        reference = Reference(peer, KnownMembers(remembers=True), is_dialled=False)
        self._references[peer.session] = reference
        self.changes.append(ReferenceFound(peer.peer_id))
        return [Publish(reference)]

    def add_dialled(
        self, peer: Peer, addresses: tuple[str, ...], now: float, at: int
    ) -> list[bytes]:
        """Return what to say to a hub that we have dialled. Who it is, it will say."""
        reference = Reference(peer, KnownMembers(remembers=False), is_dialled=True)
        reference.standing = Standing.CLAIMED
        self._references[peer.session] = reference
        self._due.set(peer.session, now + NAMING)
        namespace, ourselves = self._config.hub_mesh_namespace, hub_introduction(self._own)
        return [
            reference_messages.encode_announce(namespace, addresses, at),
            reference_messages.encode_discovered(ourselves, namespace, at),
            reference_messages.PING,
        ]

    def named(self, reference: Reference, now: float) -> list[Step]:
        """Note that a hub that we have dialled has said who it is."""
        self.changes.append(ReferenceFound(reference.peer.peer_id))
        return self._begin(reference, now)

    def _on_pong(self, reference: Reference, now: float) -> list[Step]:
        if not reference.is_dialled or reference.has_introduced:
            return []
        reference.has_introduced = True
        return self._begin(reference, now)

    def _begin(self, reference: Reference, now: float) -> list[Step]:
        if not (reference.has_introduced and reference.peer.peer_id):
            return []
        if not reference.has_elders:
            return [Publish(reference)]
        # Who was there first serves it, and by its address we are about to come into one mesh.
        reference.standing = Standing.ELSEWHERE
        self._due.set(reference.peer.session, now + RETRY)
        return []

    def remove(self, session: SessionId, code: int, reason: str) -> list[Step]:
        """Forget a hub whose socket has ended."""
        self._due.drop(session)
        reference = self._references.pop(session)
        hub = reference.peer.peer_id or None
        self.changes.append(ReferenceGone(hub, session, code, reason))
        return self._dismiss(reference)

    def claimed(self, reference: Reference, now: float, *, is_alone: bool) -> list[Step]:
        """Note that a hub is published; it is served when the keeper says that nobody else does."""
        # A hub that starts from others may be alone only because it has not reached them yet.
        if is_alone and (reference.is_dialled or not self._config.bootstrap_hubs):
            return self._serve(reference)
        reference.standing = Standing.CLAIMED
        self._due.set(reference.peer.session, now + SETTLING)
        return []

    def stand_by(self, reference: Reference, now: float) -> list[Step]:
        """Note that another hub of ours serves a hub; be ready to take its place."""
        reference.standing = Standing.ELSEWHERE
        self._due.set(reference.peer.session, now + RETRY)
        # What it has been told stays true, and who serves it says so when it does not.
        reference.told = reference.told.anew()
        return self._dismiss(reference)

    def _dismiss(self, reference: Reference) -> list[Step]:
        return [Exit(guest) for guest in reference.guests.values()]

    def _serve(self, reference: Reference) -> list[Step]:
        reference.standing = Standing.SERVED
        self._due.drop(reference.peer.session)
        return [
            Enter(reference, client.peer, client.announce, may_contest=True)
            for client in reference.clients.values()
        ]

    def tick(self, now: float) -> list[Step]:
        """Return what is due."""
        steps: list[Step] = []
        for session in self._due.expire(now):
            reference = self._references[session]
            match reference.standing:
                case Standing.CLAIMED if reference.peer.namespace is None:
                    steps += self._serve(reference)  # It has not said who it is.
                case Standing.CLAIMED:
                    self._due.set(session, now + SETTLING)
                    steps.append(Ask(self._config.hub_mesh_namespace, reference.peer.peer_id))
                case Standing.ELSEWHERE:
                    self._due.set(session, now + RETRY)
                    steps.append(Ask(self._config.hub_mesh_namespace, reference.peer.peer_id))
                case Standing.SERVED:
                    reference.is_lacking = False
                    steps += self._ask(reference, now)
        return steps

    def _ask(self, reference: Reference, now: float) -> list[Step]:
        lacking = [
            client for name, client in reference.clients.items() if name not in reference.guests
        ]
        if lacking:
            self.postpone(reference, now)
        return [Ask(client.announce.namespace, client.peer) for client in lacking]

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._due.deadline()

    # What a hub says

    def on_message(self, session: SessionId, text: str, now: float) -> list[Step]:
        """Return what follows from a hub's message; raise ``MessageError`` if it makes no sense."""
        reference = self._references[session]
        match reference_messages.decode(text):
            case Discovered() as discovered:
                return self._on_discovered(reference, discovered)
            case Departed(peer):
                return self._on_departed(reference, peer)
            case Spoken(sender, signal):
                guest = reference.guests.get(sender.lower())
                # Else it may be of a client of ours, come back, or of hubs among themselves.
                return [] if guest is None else [Speak(guest, signal)]
            case HubSeen() as seen:
                return self._on_hub_seen(reference, seen)
            case Pong():
                return self._on_pong(reference, now)
            case None:
                return []

    def _on_hub_seen(self, reference: Reference, seen: HubSeen) -> list[Step]:
        # What a hub says of others that has dialled us is of no use: they are not linked to it.
        if not reference.is_dialled or same_peer(seen.hub, self._own):
            return []
        if seen.is_other:
            if seen.addresses:
                reference.has_elders |= not reference.has_introduced
                self.changes.append(HubReported(seen.hub, seen.addresses))
            return []
        if reference.peer.peer_id:
            return []
        self.changes.append(ReferenceNamed(reference.peer.session, seen.hub))
        return [Name(reference, seen.hub)]

    def _on_discovered(self, reference: Reference, discovered: Discovered) -> list[Step]:
        name, announce = discovered.peer.lower(), discovered.announce
        clients = reference.clients
        is_room = name in clients or len(clients) < self._config.max_connections
        if announce.namespace == self._config.hub_mesh_namespace or not is_room:
            return []
        clients[name] = discovered
        if reference.standing is not Standing.SERVED:
            return []
        return [Enter(reference, discovered.peer, announce, may_contest=True)]

    def _on_departed(self, reference: Reference, peer: PeerId) -> list[Step]:
        name = peer.lower()
        reference.clients.pop(name, None)
        guest = reference.guests.get(name)
        if guest is None and reference.is_dialled:
            self.changes.append(HubReported(peer, ()))
        return [] if guest is None else [Exit(guest)]

    # Guests

    def entered(self, reference: Reference, guest: Peer) -> None:
        """Note that a client is served from now on."""
        reference.guests[guest.peer_id.lower()] = guest

    def postpone(self, reference: Reference, now: float) -> None:
        """Note that a client could not be served, and is to be claimed again."""
        if reference.standing is Standing.SERVED and not reference.is_lacking:
            reference.is_lacking = True
            self._due.set(reference.peer.session, now + RETRY)

    def freed(self, peer: PeerId, namespace: str | None = None) -> list[Step]:
        """Return what to do when an id is free that a client of a hub may wait for.

        ``namespace``: where it is free; everywhere if there is none.
        """
        name = peer.lower()
        for reference in self._references.values():
            client = reference.clients.get(name)
            if client is None or name in reference.guests:
                continue
            is_free = namespace in (None, client.announce.namespace)
            if is_free and reference.standing is Standing.SERVED:
                return [Enter(reference, client.peer, client.announce, may_contest=False)]
        return []

    def is_free(self, namespace: str, peer: PeerId) -> list[Step]:
        """Return what to do when a keeper says that an id is free in its namespace."""
        if namespace != self._config.hub_mesh_namespace:
            return self.freed(peer, namespace)
        return [
            Publish(reference)
            for reference in self._references.values()
            if reference.peer.peer_id == peer and reference.standing is Standing.ELSEWHERE
        ]

    def is_granted(self, namespace: str, peer: PeerId) -> list[Step]:
        """Return what to do when a keeper says that an id belongs to a client of this hub."""
        if namespace != self._config.hub_mesh_namespace:
            return []
        return [
            step
            for reference in self._references.values()
            if reference.peer.peer_id == peer and reference.standing is Standing.CLAIMED
            for step in self._serve(reference)
        ]

    def left(self, guest: Peer, now: float) -> None:
        """Note that a guest is served no longer."""
        reference = self._references.get(guest.socket)
        if reference is None:
            return
        name = guest.peer_id.lower()
        del reference.guests[name]
        if name in reference.clients:
            self.postpone(reference, now)

    # What a hub is told

    def tell(self, guest: Peer, tell: Tell, now: float, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest is told something."""
        reference = self._references.get(guest.socket)
        if reference is None:
            return []
        match tell:
            case Introduce(namespace, members=members):
                news = [
                    reference.told.introduce(namespace, located, guest.session, now)
                    for located in members
                    if not self._is_own(reference, located)
                ]
                known = [located.member.introduction for located in news if located is not None]
                return [reference_messages.encode_discovered(each, namespace, at) for each in known]
            case Part(namespace, located=located):
                over = reference.told.part(namespace, located, guest.session)
                return [] if over is None else _encode_over(over, at)

    def _is_own(self, reference: Reference, located: Located) -> bool:
        """Tell whether a member is a client of the reference hub itself."""
        return located.hub == self._own and located.member.peer.lower() in reference.guests

    def withdraw(self, guest: Peer, namespace: str, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest leaves its namespace."""
        reference = self._references.get(guest.socket)
        if reference is None:
            return []
        over = reference.told.leave(namespace, guest.session)
        return [payload for news in over for payload in _encode_over(news, at)]


def _encode_over(over: Over, at: int) -> list[bytes]:
    payloads = [reference_messages.encode_disconnected(over.peer, over.namespace, at)]
    if over.successor is not None:
        introduction = over.successor.member.introduction
        payloads.append(reference_messages.encode_discovered(introduction, over.namespace, at))
    return payloads
