"""One namespace as a serving hub has it: its own clients there, and the members they know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.known_members import KnownMembers
from peerpigeon.core.namespaces.records import size_of_record
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.hub_news import Join, Located, Member
from peerpigeon.core.wire.hub_sizes import MEMBER_BYTES, MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import PeerId, PeerKey
    from peerpigeon.core.namespaces.publication import Publication


KNOWN_FACTOR = 16
"""A client is introduced to at most so many times the limit."""


class Registration:
    """A member that some of our clients know: one id, at one hub, in one session there."""

    __slots__ = ("key", "known_by", "located", "size")

    def __init__(self, located: Located) -> None:
        self.located = located
        """Where it is, and what it says of itself by now."""
        self.key = key_of(located.member.peer)
        self.known_by: dict[PeerKey, LocalMember] = {}
        """Our clients that know it, or will when another registration of its id ends."""
        self.size = 0
        """About how many bytes it takes, once it is kept; 0 for a client of ours, of whom there are
        no more than may connect."""

    @property
    def client(self) -> LocalMember | None:
        """The client itself, if it is ours."""
        return None


class LocalMember(Registration, KnownMembers[Registration]):
    """One of our clients, and whom it knows. The others know it as this registration."""

    __slots__ = ("has_asked", "hidden", "is_granted", "known", "owner", "was_large")

    def __init__(self, located: Located, owner: bytes) -> None:
        super().__init__(located)
        self.know_nobody()
        self.owner = owner
        self.was_large = False
        """Whether it has ever known as many as the discovery limit."""
        self.has_asked = False
        """Whether it has asked for more since it last knew enough."""
        self.is_granted = False
        """Whether the mesh has granted it its id."""

    @property
    def client(self) -> LocalMember:
        """Itself."""
        return self

    @property
    def peer(self) -> PeerId:
        """Its id."""
        return self.located.member.peer

    def note_size(self, limit: int) -> None:
        """Note how many it knows, now that there are more."""
        if len(self.known) >= limit:
            self.was_large = True
        if len(self.known) >= limit * 3 // 4:
            self.has_asked = False

    def has_enough(self, limit: int) -> bool:
        """Tell whether it is in a large namespace and knows enough members there."""
        return self.was_large and len(self.known) >= limit // 2


@dataclass(slots=True, eq=False)
class LocalNamespace:
    """A namespace in which this hub has, or had until recently, clients of its own."""

    own: PeerId
    """The hub that it is about."""
    name: str
    limit: int
    """The discovery limit."""
    publication: Publication
    clients: dict[PeerKey, LocalMember] = field(default_factory=dict)
    by_session: dict[int, LocalMember] = field(default_factory=dict)
    registrations: dict[PeerId, dict[int, Registration]] = field(default_factory=dict)
    """Of the other hubs' members that somebody here knows, by hub and session."""
    by_key: dict[PeerKey, Registration] = field(default_factory=dict)
    departed: dict[int, PeerId] | None = None
    """Our clients that left recently, by session, if there are any."""
    size: int = 0
    """About how many bytes the registrations at other hubs take."""
    _fresh: list[Registration] | None = None
    """Registrations just heard of, which nobody may come to know."""

    def enter(self, located: Located, owner: bytes = NOBODY) -> LocalMember:
        """Take in a client of ours."""
        client = LocalMember(located, owner)
        self.clients[client.key] = self.by_session[located.member.session] = client
        return client

    def leave(self, client: LocalMember) -> None:
        """Let a client of ours go. It knows nobody any more; who knows it still does."""
        del self.clients[client.key]
        del self.by_session[client.located.member.session]
        for registration in (*client.known.values(), *client.all_hidden()):
            del registration.known_by[client.key]
            if not registration.known_by:
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
        del self.by_session[former]
        self.by_session[session] = client

    def client(self, peer: PeerId, session: int) -> LocalMember | None:
        """Return our client of a session, if it has the id."""
        client = self.by_session.get(session)
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
            sessions = self.registrations.setdefault(located.hub, {})
            sessions[located.member.session] = registration
            if not registration.size:
                self._count(registration)

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
        sessions = self.registrations.get(hub, {})
        sessions.pop(session, None)
        if not sessions:
            self.registrations.pop(hub, None)
        if self.by_key.get(registration.key) is registration:
            del self.by_key[registration.key]

    def joins(self, *, is_primary: bool, again: bool = False) -> Iterator[Join]:
        """Return what tells a rendezvous hub who is served here, and who left recently."""
        present: tuple[int, ...] | None = tuple(self.by_session)
        departed = tuple((peer, session) for session, peer in (self.departed or {}).items())
        for clients in _batches(list(self.clients.values())):
            members = tuple(client.located.member for client in clients)
            enough = (client for client in clients if client.has_enough(self.limit))
            has_enough = tuple(client.located.member.session for client in enough)
            granted = tuple(c.located.member.session for c in clients if c.is_granted)
            owners = tuple((c.located.member.session, c.owner) for c in clients if c.owner)
            yield Join(
                self.name,
                members,
                is_primary,
                again,
                has_enough,
                present,
                departed,
                granted,
                owners,
            )
            present, departed = None, ()

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
                if not other.known_by:
                    self._keep(other)
                other.known_by[own_key] = client
                known[key] = by_key[key] = other
                met.append(other.located)
        if met:
            client.note_size(self.limit)
        return met

    def introduce(self, newcomer: LocalMember, clients: list[LocalMember]) -> list[PeerId]:
        """Have other clients know one of ours; return those that are to be told."""
        key, known_by = newcomer.key, newcomer.known_by
        most, enough = KNOWN_FACTOR * self.limit, self.limit * 3 // 4
        told = []
        for client in clients:
            known = client.known
            if key in known:
                self._hide(client, newcomer)
            elif client is not newcomer and len(known) < most:
                known_by[client.key] = client
                known[key] = newcomer
                told.append(client.located.member.peer)
                if len(known) >= enough:
                    client.note_size(self.limit)
        if told:
            self.by_key[key] = newcomer
        return told

    def _hide(self, client: LocalMember, registration: Registration) -> None:
        """Keep another registration of an id that a client knows from it, for now."""
        self.by_key[registration.key] = registration
        if client.key not in registration.known_by:
            self._keep(registration)
            registration.known_by[client.key] = client
            client.add(registration.key, registration)

    def end(self, registration: Registration) -> dict[LocalMember, Registration | None]:
        """Have nobody know a member any more.

        Returns the clients that were told of it, each with the registration of the same id that it
        is to be told of instead.
        """
        self.drop(registration)
        key = registration.key
        told: dict[LocalMember, Registration | None] = {}
        known_by, registration.known_by = registration.known_by, {}
        for client in known_by.values():
            if not client.hidden:  # as nearly always: a call less for each
                del client.known[key]
                told[client] = None
                continue
            was_told, successor = client.remove(key, registration)
            if was_told:
                told[client] = successor
            if successor is not None:
                self.by_key[key] = successor
        return told


def _batches(clients: list[LocalMember]) -> Iterator[list[LocalMember]]:
    """Return the clients in parts that fit into messages; at least one part."""
    batch: list[LocalMember] = []
    size = 0
    for client in clients:
        added = MEMBER_BYTES + len(client.located.member.introduction)
        if batch and size + added > MESSAGE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(client)
        size += added
    yield batch
