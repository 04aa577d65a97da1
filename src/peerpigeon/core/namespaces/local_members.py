"""One namespace as a serving hub has it: its own clients there, and the members they know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.retention import MEMBER_BYTES, MEMORY, MESSAGE_BYTES
from peerpigeon.core.wire.hub_frames import Join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Located


KNOWN_FACTOR = 16
"""A client is introduced to at most so many times the limit."""


@dataclass(slots=True, eq=False)
class Client:
    """One of our clients, and whom it knows."""

    peer: PeerId
    name: str
    """The id in lower case."""
    stay: Registration
    """Itself, as the others know it."""
    known: dict[str, Registration] = field(default_factory=dict)
    hidden: dict[str, list[Registration]] = field(default_factory=dict)
    was_large: bool = False
    """Whether it has ever known as many as the discovery limit."""
    has_asked: bool = False
    """Whether it has asked for more since it last knew enough."""

    @property
    def located(self) -> Located:
        """Where it is, and what it says of itself by now."""
        return self.stay.located

    def note_size(self, limit: int) -> None:
        """Note how many it knows, now that there are more."""
        if len(self.known) >= limit:
            self.was_large = True
        if len(self.known) >= limit * 3 // 4:
            self.has_asked = False

    def is_sated(self, limit: int) -> bool:
        """Tell whether it is in a large namespace and knows enough members there."""
        return self.was_large and len(self.known) >= limit // 2


@dataclass(slots=True, eq=False)
class Registration:
    """A member that some of our clients know; one for all of them."""

    located: Located
    name: str
    client: Client | None = None
    """The client itself, if it is ours."""
    knowers: dict[Client, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class LocalNamespace:
    """A namespace in which we have, or had until shortly ago, clients of our own."""

    name: str
    limit: int
    """The discovery limit."""
    told: dict[PeerId, bool]
    """The keepers to which we have published, and whether as to the lead."""
    former: dict[PeerId, float] = field(default_factory=dict)
    """Placement until lately: they still have to hear who leaves, because they introduced them."""
    clients: dict[str, Client] = field(default_factory=dict)
    by_session: dict[int, Client] = field(default_factory=dict)
    stays: dict[PeerId, dict[int, Registration]] = field(default_factory=dict)
    """Of the members that somebody here knows."""
    fresh: list[Registration] = field(default_factory=list)
    """Those of them that are not known yet: they have just been heard of."""
    by_name: dict[str, Registration] = field(default_factory=dict)
    departed: dict[int, PeerId] = field(default_factory=dict)
    """Our clients that left not long ago, by session."""

    def enter(self, located: Located) -> None:
        """Take in a client of ours."""
        peer = located.member.peer
        name = key_of(peer)
        stay = Registration(located, name)
        stay.client = self.clients[name] = Client(peer, name, stay)
        self.by_session[located.member.session] = stay.client

    def leave(self, client: Client) -> None:
        """Let a client of ours go; whoever knows it still does."""
        del self.clients[client.name]
        del self.by_session[client.located.member.session]

    def client(self, peer: PeerId, session: int) -> Client | None:
        """Return our client of a session, if it has the id."""
        client = self.by_session.get(session)
        return client if client is not None and client.peer == peer else None

    def member(self, located: Located) -> Registration:
        """Return the one record of a member for all of our clients; ``tidy`` afterwards."""
        stay = self.stays.get(located.hub, {}).get(located.member.session)
        if stay is None:
            stay = Registration(located, key_of(located.member.peer))
            self.keep(stay)
            self.fresh.append(stay)
        stay.located = located
        return stay

    def keep(self, stay: Registration) -> None:
        """Have a member among those that somebody here knows."""
        self.stays.setdefault(stay.located.hub, {})[stay.located.member.session] = stay

    # The next two loops are the cost of a join.

    def introduce_to(self, client: Client, stays: list[Registration]) -> list[Located]:
        """Have a client know members; return those of which it is to be told."""
        known, by_name, most = client.known, self.by_name, KNOWN_FACTOR * self.limit
        met = []
        for stay in stays:
            name = stay.name
            if name in known:
                self.hide(client, stay)
            elif name != client.name and len(known) < most:
                if not stay.knowers:
                    self.keep(stay)
                stay.knowers[client] = None
                known[name] = by_name[name] = stay
                met.append(stay.located)
        if met:
            client.note_size(self.limit)
        return met

    def introduce(self, stay: Registration, clients: list[Client]) -> list[PeerId]:
        """Have other clients know one of ours; return those that are to be told."""
        name, knowers = stay.name, stay.knowers
        most, enough = KNOWN_FACTOR * self.limit, self.limit * 3 // 4
        told = []
        for client in clients:
            known = client.known
            if name in known:
                self.hide(client, stay)
            elif client is not stay.client and len(known) < most:
                knowers[client] = None
                known[name] = stay
                told.append(client.peer)
                if len(known) >= enough:
                    client.note_size(self.limit)
        if told:
            self.keep(stay)
            self.by_name[name] = stay
        return told

    def tidy(self) -> None:
        """Drop the members heard of lately that nobody here has come to know."""
        fresh, self.fresh = self.fresh, []
        for stay in fresh:
            if not stay.knowers:
                self.drop(stay)

    def hide(self, client: Client, stay: Registration) -> None:
        """Keep from a client for now another stay of an id that it knows, if it is another."""
        self.by_name[stay.name] = stay
        if client not in stay.knowers:
            self.keep(stay)
            stay.knowers[client] = None
            client.hidden.setdefault(stay.name, []).append(stay)

    def drop(self, stay: Registration) -> None:
        """Forget a member that nobody here knows any more."""
        hub, session = stay.located.hub, stay.located.member.session
        sessions = self.stays.get(hub, {})
        sessions.pop(session, None)
        if not sessions:
            self.stays.pop(hub, None)
        if self.by_name.get(stay.name) is stay:
            del self.by_name[stay.name]

    def publication(self, *, is_lead: bool, again: bool = False) -> Iterator[Join]:
        """Return what tells a keeper all that we serve here, and who left it lately."""
        present: tuple[int, ...] | None = tuple(self.by_session)
        departed = tuple((peer, session) for session, peer in self.departed.items())
        for clients in _batches(list(self.clients.values())):
            members = tuple(client.located.member for client in clients)
            sated = tuple(c.located.member.session for c in clients if c.is_sated(self.limit))
            yield Join(self.name, members, is_lead, again, sated, present, departed)
            present, departed = None, ()

    def reassign(self, roles: dict[PeerId, bool], now: float) -> None:
        """Note to whom all has been published by now."""
        if roles.keys() != self.told.keys():
            resigned = dict.fromkeys(self.told, now + MEMORY)
            former = {keeper: until for keeper, until in self.former.items() if until > now}
            self.former = {k: t for k, t in (former | resigned).items() if k not in roles}
        self.told = roles

    @property
    def lead(self) -> PeerId | None:
        """The keeper that introduces, if there is one."""
        return next((hub for hub, is_lead in self.told.items() if is_lead), None)


def roles_of(keepers: tuple[PeerId, ...]) -> dict[PeerId, bool]:
    """Return the keepers of a namespace, each with whether it is the lead."""
    return {keeper: index == 0 for index, keeper in enumerate(keepers)}


def _batches(clients: list[Client]) -> Iterator[list[Client]]:
    """Return the clients in parts that fit into messages; at least one part."""
    batch: list[Client] = []
    size = 0
    for client in clients:
        size += MEMBER_BYTES + len(client.located.member.introduction)
        if batch and size > MESSAGE_BYTES:
            yield batch
            batch, size = [], MEMBER_BYTES + len(client.located.member.introduction)
        batch.append(client)
    yield batch
