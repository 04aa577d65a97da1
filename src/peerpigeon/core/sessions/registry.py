"""Who is connected to this hub: clients, hubs of the npm package and their clients, and visitors.

A *guest* is a client of a hub of the npm package that is linked to this hub: it has no socket of
its own here, and speaks by that of its hub. A *visitor* is the socket of a foreign client, which
speaks a dialect (``dialects/``): it has no id, and may be many things in the mesh, or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId, SessionId, key_of
from peerpigeon.core.interface.events import Permits
from peerpigeon.core.interface.snapshot import PeerRecord
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.sessions.recent_offers import RecentOffers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from peerpigeon.core.ids import PeerKey


class Client(msgspec.Struct, eq=False):
    """A client with a socket of its own."""

    session: SessionId
    peer_id: PeerId
    address: str
    opened_at: float
    last_heard: float
    owner: bytes = NOBODY
    """What shows whose its id is; see ``owners.py``."""
    namespace: str | None = None
    """Where it has announced itself; ``None`` before that and after its goodbye."""
    granted_in: str | None = None
    """The same from when the mesh has granted it its id: before, it neither speaks nor is spoken
    to."""
    mesh_session: int = 0
    """Its session as the other hubs know it, while its id is granted."""
    sent_offers: RecentOffers | None = None
    """Its offers to others; ``None`` before the first."""
    remote_offers: RecentOffers | None = None
    """Offers that clients of other hubs have made to it; those of ours are in their own."""
    permits: Permits | None = None
    """What its token allows, if it has shown one."""
    is_page: bool = False
    """Whether it is a web page's, so that it is no hub."""
    is_settled: bool = False
    """Whether it stays at this worker, wherever it announces itself."""
    announces_paid_until: float = 0.0
    faults_paid_until: float = 0.0
    """What it has done of what is limited (``clients/rates.py``)."""

    def forget_paid(self, now: float) -> None:
        """Keep no time that is over: a number of its own takes each client 32 bytes."""
        if self.announces_paid_until <= now:
            self.announces_paid_until = 0.0


class Guest(msgspec.Struct, eq=False):
    """A client of a hub of the npm package. Whether it is alive, its hub knows."""

    session: SessionId
    """Its own; negative, because there is no socket."""
    peer_id: PeerId
    address: str
    opened_at: float
    last_heard: float
    hub: SessionId
    """The session of its hub, by whose socket it speaks."""
    namespace: str | None = None
    granted_in: str | None = None
    mesh_session: int = 0
    sent_offers: RecentOffers | None = None
    remote_offers: RecentOffers | None = None
    """These five as for a ``Client``."""


class VisitorMember(Guest, eq=False):
    """Somebody for whom a visitor speaks, in a namespace of its dialect.

    Its ``hub`` is the session of the visitor.
    """

    owner: bytes = NOBODY
    """What shows whose its id is; see ``owners.py``."""


class ReferenceHub(msgspec.Struct, eq=False):
    """A hub of the npm package that has dialled us, or that we have dialled."""

    session: SessionId
    peer_id: PeerId | None
    """``None`` while one that we have dialled has not said who it is."""
    address: str
    """Where it came from, or the address that was dialled."""
    opened_at: float
    last_heard: float
    namespace: str | None = None
    """The reserved namespace of hubs once its id is published there."""
    granted_in: None = None
    """Nobody signals to a hub."""


class Visitor(msgspec.Struct, eq=False):
    """A socket whose client speaks a dialect."""

    session: SessionId
    dialect: str
    address: str
    opened_at: float
    last_heard: float
    permits: Permits | None = None
    topics: dict[str, None] = msgspec.field(default_factory=dict)
    """The namespaces in which it listens. A dict, as an empty set takes three times its memory."""
    members: dict[PeerId, VisitorMember] = msgspec.field(default_factory=dict)
    """For whom it speaks."""
    listens_paid_until: float = 0.0
    published_paid_until: float = 0.0
    draws_paid_until: float = 0.0
    faults_paid_until: float = 0.0
    """What it has done of what is limited (``clients/rates.py``)."""
    peer_id: ClassVar[None] = None
    namespace: ClassVar[None] = None
    granted_in: ClassVar[None] = None
    """It has no id, so it holds none, and is in no namespace itself."""


Holder: TypeAlias = Client | Guest | ReferenceHub
"""Whoever may hold an id."""

Party: TypeAlias = Holder | Visitor
"""Whoever has a session here."""


class Registry:
    """All parties of one hub, by session and by id."""

    def __init__(self, max_connections: int) -> None:
        self.limit = max_connections
        """How many may be here at present."""
        self._parties: dict[SessionId, Party] = {}
        self._by_key: dict[PeerKey, Holder] = {}
        self._last_guest = 0
        self._members = 0  # they take no places: their visitors do
        self.aside = 0
        """How many have a place and no session for now, because they wait for their ids."""
        self.leaving = 0
        """How many have been passed on to another worker, which has not said so yet."""
        self.by_key: Mapping[PeerKey, Holder] = self._by_key
        """Those who hold their ids. Of clients with one id only one does."""
        self.get: Callable[[SessionId], Party | None] = self._parties.get
        """Return who has a session. The dict's own method: a wrapper costs each message 40 ns."""

    def __len__(self) -> int:
        """Return how many sessions there are."""
        return len(self._parties)

    def __iter__(self) -> Iterator[Party]:
        """Go over all in the order in which they came."""
        return iter(self._parties.values())

    @property
    def vacancies(self) -> int:
        """How many more may be accepted."""
        return max(0, self.limit - self._taken())

    @property
    def is_full(self) -> bool:
        """Whether no further one may be accepted."""
        return self._taken() >= self.limit

    def _taken(self) -> int:
        return len(self._parties) - self._members + self.aside + self.leaving

    def find(self, peer_id: PeerId) -> Holder | None:
        """Return who holds an id, however the id is spelled."""
        by_key = self._by_key
        return by_key.get(peer_id) or by_key.get(key_of(peer_id))  # type: ignore[call-overload]

    def holds(self, party: Party) -> bool:
        """Tell whether somebody holds the id with which it came."""
        return party.peer_id is not None and self.find(party.peer_id) is party

    def find_client(self, peer_id: PeerId) -> Client | Guest | None:
        """Return the client or guest that has an id: somebody who sends and gets signals."""
        party = self.find(peer_id)
        return None if isinstance(party, ReferenceHub) else party

    def flow_of(self, peer_id: PeerId) -> PeerId | SessionId:
        """Return by what a client is known among those that share room: guests by their socket."""
        party = self.find(peer_id)
        return party.hub if isinstance(party, Guest) else peer_id

    def members(self, peer_ids: Iterable[PeerId]) -> list[Holder]:
        """Return those who have ids that are known to be here."""
        by_key = self._by_key
        return [by_key[key_of(peer_id)] for peer_id in peer_ids]

    def add(self, party: Party) -> None:
        """Take in somebody whose session is new. Its id it does not hold yet."""
        self._parties[party.session] = party
        if isinstance(party, VisitorMember):
            self._members += 1
            visitor = self._parties[party.hub]
            if isinstance(visitor, Visitor):  # pragma: no branch: nobody else speaks for it
                visitor.members[party.peer_id] = party

    def hold(self, party: Holder, peer_id: PeerId) -> None:
        """Have somebody who is here hold an id that is free."""
        self._by_key[key_of(peer_id)] = party

    def identify(self, hub: ReferenceHub, peer_id: PeerId) -> None:
        """Note who a hub is that we have dialled; the id is free."""
        hub.peer_id = peer_id
        self.hold(hub, peer_id)

    def promote(self, client: Client) -> ReferenceHub:
        """Take a client that holds its id for the hub of the npm package that it says it is."""
        hub = ReferenceHub(
            client.session, client.peer_id, client.address, client.opened_at, client.last_heard
        )
        self.add(hub)
        self.hold(hub, client.peer_id)
        return hub

    def guest_session(self) -> SessionId:
        """Return a fresh session for a guest; those of sockets are positive."""
        self._last_guest -= 1
        return SessionId(self._last_guest)

    def remove(self, party: Party) -> None:
        """Forget somebody."""
        del self._parties[party.session]
        if isinstance(party, VisitorMember):
            self._members -= 1
            visitor = self._parties.get(party.hub)
            if isinstance(visitor, Visitor):  # pragma: no branch: it goes last
                del visitor.members[party.peer_id]
        if self.holds(party) and party.peer_id is not None:
            del self._by_key[key_of(party.peer_id)]

    def records(self, epoch: float) -> list[PeerRecord]:
        """Return a record of everybody whose id is known; ``epoch`` as the hub has it."""
        return [
            PeerRecord(
                party.peer_id,
                party.namespace,
                party.address,
                epoch + party.opened_at,
                epoch + party.last_heard,
            )
            for party in self
            if party.peer_id is not None
        ]
