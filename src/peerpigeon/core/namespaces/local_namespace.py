"""One namespace as a serving hub has it: its own clients there, and the members they know."""

from __future__ import annotations

import msgspec

from peerpigeon.core.ids import PeerId, PeerKey
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.publication import Publication
from peerpigeon.core.namespaces.records import size_of_record
from peerpigeon.core.namespaces.registrations import NOTHING, LocalMember, Registration
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.hub_news import Located, Member

FEW = 16
"""Clients of a namespace that are looked through for a session; for more there is a table."""

KNOWN_FACTOR = 16
"""A client is introduced to at most so many times the limit."""


class LocalNamespace(msgspec.Struct, eq=False):
    """A namespace in which this hub has, or had until recently, clients of its own."""

    own: PeerId
    """The hub that it is about."""
    name: str
    limit: int
    """The discovery limit."""
    publication: Publication
    by_hub: NamesByHub
    """Where the members of other hubs are, of all namespaces."""
    clients: dict[PeerKey, LocalMember] = msgspec.field(default_factory=dict)
    registrations: dict[PeerId, dict[int, Registration]] = msgspec.field(
        default_factory=lambda: NOTHING
    )
    """Of the other hubs' members that somebody here knows, by hub and session."""
    by_key: dict[PeerKey, Registration] = msgspec.field(default_factory=lambda: NOTHING)
    """The same by their ids, of each the one that was heard of last."""
    departed: dict[int, PeerId] | None = None
    """Our clients that left recently, by session, if there are any."""
    size: int = 0
    """About how many bytes the registrations at other hubs take."""
    _fresh: list[Registration] | None = None
    """Registrations just heard of, which nobody may come to know."""
    _by_session: dict[int, LocalMember] | None = None
    """Our clients, once there are more than ``FEW``."""

    def enter(self, located: Located, owner: bytes = NOBODY) -> LocalMember:
        """Take in a client of ours."""
        client = LocalMember(located, owner)
        self.clients[client.key] = client
        if self._by_session is not None:
            self._by_session[located.member.session] = client
        elif len(self.clients) > FEW:
            self._by_session = {one.located.member.session: one for one in self.clients.values()}
        return client

    def leave(self, client: LocalMember) -> None:
        """Let a client of ours go. It knows nobody any more; who knows it still does."""
        del self.clients[client.key]
        if self._by_session is not None:
            del self._by_session[client.located.member.session]
        for registration in (*client.known.values(), *client.all_hidden()):
            if registration.known_by:
                registration.known_by.pop(client.key, None)
            if not registration.known_by and not registration.is_ours:
                self.drop(registration)

    def note_departure(self, client: LocalMember) -> None:
        """Remember that a client of ours has left."""
        self.departed = self.departed or {}
        self.departed[client.located.member.session] = client.peer

    def forget_departure(self, session: int) -> None:
        """Remember that no longer."""
        departed = self.departed or {}
        del departed[session]
        self.departed = departed or None

    def renumber(self, client: LocalMember, session: int) -> None:
        """Give a client of ours another session; whom it knows, and who knows it, stays so."""
        located = client.located
        former, member = located.member.session, located.member
        client.located = Located(located.hub, Member(member.peer, session, member.introduction))
        if self._by_session is not None:
            del self._by_session[former]
            self._by_session[session] = client

    def with_session(self, session: int) -> LocalMember | None:
        """Return our client of a session."""
        if self._by_session is not None:
            return self._by_session.get(session)
        return next((c for c in self.clients.values() if c.located.member.session == session), None)

    def client(self, peer: PeerId, session: int) -> LocalMember | None:
        """Return our client of a session, if it has the id."""
        client = self.with_session(session)
        return client if client is not None and client.peer == peer else None

    def find(self, hub: PeerId, session: int) -> Registration | None:
        """Return another hub's member that somebody here knows."""
        return self.registrations.get(hub, {}).get(session)

    def register(self, located: Located) -> Registration:
        """Return the one record of another hub's member for all of ours; ``tidy`` afterwards."""
        registration = self.find(located.hub, located.member.session)
        if registration is None:
            registration = Registration(located)
            self._keep(registration)
            self._fresh = self._fresh or []
            self._fresh.append(registration)
        registration.located = located
        self._count(registration)
        return registration

    def _keep(self, registration: Registration) -> None:
        located = registration.located
        if located.hub != self.own:  # ours are kept anyway
            self.registrations = self.registrations or {}
            sessions = self.registrations.get(located.hub)
            if sessions is None:
                sessions = self.registrations[located.hub] = {}
                self.by_hub.add(located.hub, self.name)
            sessions[located.member.session] = registration
            if not registration.size:
                self._count(registration)

    def _note_id(self, registration: Registration) -> None:
        self.by_key = self.by_key or {}
        self.by_key[registration.key] = registration

    def _count(self, registration: Registration) -> None:
        self.size -= registration.size
        registration.size = size_of_record(registration.located)
        self.size += registration.size

    def tidy(self) -> None:
        """Drop the members heard of recently that nobody here has come to know."""
        fresh, self._fresh = self._fresh, None
        for registration in fresh or ():
            if not registration.known_by:
                self.drop(registration)

    def drop(self, registration: Registration) -> None:
        """Forget a member that nobody here knows any more."""
        self.size -= registration.size
        registration.size = 0
        hub, session = registration.located.hub, registration.located.member.session
        sessions = self.registrations.get(hub)
        if sessions is not None:
            sessions.pop(session, None)
            if not sessions:
                del self.registrations[hub]
                self.by_hub.remove(hub, self.name)
        if self.by_key.get(registration.key) is registration:
            del self.by_key[registration.key]

    # Who knows whom. The next two loops are the cost of a join: they have no call for each pair.

    def introduce_to(self, client: LocalMember, others: list[Registration]) -> list[Located]:
        """Have a client know members; return those of which it is to be told."""
        known, by_key, most = client.known, self.by_key, KNOWN_FACTOR * self.limit
        own_key, met = client.key, []
        for other in others:
            key = other.key
            if key in known:
                self._hide(client, other)
            elif key != own_key and len(known) < most:
                if not other.is_ours:
                    if not other.known_by:
                        self._keep(other)
                        other.known_by = {}
                    other.known_by[own_key] = client
                    if by_key is NOTHING:
                        by_key = self.by_key = {}
                    by_key[key] = other
                known[key] = other
                met.append(other.located)
        if met:
            client.note_size(self.limit)
        return met

    def introduce(self, newcomer: LocalMember, clients: list[LocalMember]) -> list[PeerId]:
        """Have other clients know one of ours; return those that are to be told.

        It knows those already that it is to know.
        """
        key, known_to_it = newcomer.key, newcomer.known
        most, enough = KNOWN_FACTOR * self.limit, self.limit * 3 // 4
        told = []
        for client in clients:
            known = client.known
            is_known = known_to_it.get(client.key) is client
            if key not in known and client is not newcomer and len(known) < most:
                if not is_known:
                    newcomer.note_knower(client)
                known[key] = newcomer
                told.append(client.located.member.peer)
                if len(known) >= enough:
                    client.note_size(self.limit)
                continue
            if key in known:
                self._hide(client, newcomer)
            if is_known and known.get(key) is not newcomer:
                client.note_knower(newcomer)
        return told

    def _hide(self, client: LocalMember, registration: Registration) -> None:
        """Keep another registration of an id that a client knows from it, for now."""
        key = registration.key
        if not registration.is_ours:
            self._note_id(registration)
        if client.known[key] is not registration and client.key not in registration.known_by:
            self._keep(registration)
            registration.note_knower(client)
            client.add(key, registration)

    def end(self, registration: Registration) -> dict[LocalMember, Registration | None]:
        """Have nobody know a member any more.

        Returns the clients that were told of it, each with the registration of the same id that it
        is to be told of instead.
        """
        self.drop(registration)
        key = registration.key
        told: dict[LocalMember, Registration | None] = {}
        knowers = dict.fromkeys(registration.known_by.values())
        registration.known_by = NOTHING
        if (itself := registration.client) is not None:
            for other in itself.known.values():
                known_to = other.client
                if known_to is not None and known_to.known.get(key) is registration:
                    knowers[known_to] = None
        for client in knowers:
            if not client.hidden:  # as nearly always: a call less for each
                del client.known[key]
                told[client] = None
                continue
            was_told, successor = client.remove(key, registration)
            if was_told:
                told[client] = successor
            if successor is not None and not successor.is_ours:
                self._note_id(successor)
        return told
