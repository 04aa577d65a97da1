"""What our own clients know of the members of their namespaces, each told each news once (S26).

Serving hubs and rendezvous hubs may say a thing twice, late, or from two views of the mesh. Here it
is put right: a client is introduced to a *registration* of a member (its hub and session) once, and
told once that it is gone; a registration that is known to be over is not introduced any more. Of
each id a client sees one registration at a time (``known_members.py``).

The mesh's sessions are numbered here, not by the shell: a client that says goodbye and announces
itself again on one socket is a new registration, and so is one of a restarted hub.
"""

from __future__ import annotations

import heapq
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.acquaintances import Acquaintances, acquaint
from peerpigeon.core.namespaces.authority import Authority
from peerpigeon.core.namespaces.dropped_members import DroppedMembers
from peerpigeon.core.namespaces.dropping import PIECE
from peerpigeon.core.namespaces.granted_ids import GrantedIds
from peerpigeon.core.namespaces.local_namespace import LocalNamespace
from peerpigeon.core.namespaces.lookup_cache import LookupCache
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.own_sessions import OwnSessions
from peerpigeon.core.namespaces.publishing import Publishing
from peerpigeon.core.namespaces.records import size_of_record
from peerpigeon.core.namespaces.retention import MAX_DEPARTURES, due, forget_at
from peerpigeon.core.namespaces.told_ends import ToldEnds
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.client_messages import PLAIN
from peerpigeon.core.wire.hub_news import (
    Found,
    Gone,
    Join,
    Leave,
    Located,
    Meet,
    Member,
)
from peerpigeon.core.wire.nesting import is_too_deep
from peerpigeon.core.wire.ranges import is_session_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.client_news import ClientNews
    from peerpigeon.core.namespaces.hub_views import HubViews
    from peerpigeon.core.namespaces.placement import Placement
    from peerpigeon.core.namespaces.registrations import Registration
    from peerpigeon.core.wire.hub_news import Granted

REPUBLICATION_DELAY = 0.5  # seconds; hubs return in crowds when a cut is healed


class Presence:
    """The clients of one hub in their namespaces, and whom each of them knows.

    News for rendezvous hubs goes into the effects; what clients are to be told is returned.
    ``limit`` is the discovery limit.
    """

    def __init__(
        self,
        own: PeerId,
        limit: int,
        incarnation: int,
        views: HubViews,
        placement: Placement,
        effects: Effects,
    ) -> None:
        self._own = own
        self._limit = limit
        self._acquaintances = Acquaintances(limit, effects)
        self._sessions = OwnSessions(incarnation)
        self._views = views
        self._effects = effects
        self._locals: dict[str, LocalNamespace] = {}
        self._by_hub = NamesByHub()
        self._publishing = Publishing(self._locals, placement, effects)
        self._departed: dict[tuple[str, int], float] = {}  # until when; in order of time
        self._ends = ToldEnds()
        self._lookups = LookupCache()
        memory = effects.memory.records
        self._dropping = DroppedMembers(
            self._locals, self._by_hub, self._acquaintances, views, memory
        )
        memory.gauges.append(lambda: sum(local.size for local in self._locals.values()))
        self.authority = Authority(own, self._locals, placement)
        self.ids = GrantedIds(self._locals, self._lookups, self._ends, views)

    def __len__(self) -> int:
        """Return how many namespaces have clients of ours."""
        return sum(1 for local in self._locals.values() if local.clients)

    def largest(self, most: int) -> list[tuple[str, int]]:
        """Return the namespaces with most clients of ours, and how many, largest first."""
        sizes = (
            (name, len(local.clients)) for name, local in self._locals.items() if not is_topic(name)
        )
        return heapq.nlargest(most, filter(itemgetter(1), sizes), key=itemgetter(1))

    # Our clients

    def announce(
        self, namespace: str, peer: PeerId, introduction: bytes, owner: bytes = NOBODY
    ) -> str:
        """Publish a client, or what it says of itself from now on.

        Returns the namespace's name, the same object for all that are in it.
        """
        if is_too_deep(introduction):
            # From a hub of the npm package; other hubs of ours would not take it.
            introduction = PLAIN
        local = self._locals.get(namespace)
        if local is None:
            parts = self._limit, self._publishing.begin(namespace), self._by_hub
            local = LocalNamespace(self._own, namespace, *parts)
            self._locals[namespace] = local
        client = local.clients.get(key_of(peer))
        if client is None:
            member = Member(peer, self._sessions.take_next(), introduction)
            entered = local.enter(Located(self._own, member), owner)
            granted: tuple[int, ...] = ()
        else:
            member = Member(peer, client.located.member.session, introduction)
            client.located = Located(self._own, member)
            granted = (member.session,) if client.is_granted else ()
            entered = client
        owners = ((member.session, entered.owner),) if entered.owner else ()
        for hub, is_primary in local.publication.roles.items():
            join = Join(local.name, (member,), is_primary, granted=granted, owners=owners)
            self._effects.tell_hub(hub, join)
        if client is not None and client.was_large:
            self._acquaintances.ask(local, client, self._limit)
        return local.name

    def withdraw(
        self, namespace: str, peer: PeerId, now: float, *, has_said_goodbye: bool
    ) -> list[ClientNews]:
        """Take a client out of its namespace; our others hear of it at once."""
        local = self._locals[namespace]
        client = local.clients[key_of(peer)]
        local.leave(client)
        session = client.located.member.session
        for hub, is_primary in local.publication.audience(now).items():
            leave = Leave(namespace, peer, session, has_said_goodbye, is_primary)
            self._effects.tell_hub(hub, leave)
        local.note_departure(client)
        self._departed[namespace, session] = forget_at(now)
        while len(self._departed) > MAX_DEPARTURES:
            self._forget_departure(*next(iter(self._departed)))
        return self._acquaintances.end_all(local, [client], has_said_goodbye=has_said_goodbye)

    def renounce(self, namespace: str, peer: PeerId) -> None:
        """Ask anew for the id of a client of ours, because another hub's client has it."""
        client = self._locals[namespace].clients[key_of(peer)]
        client.is_granted = False
        self.announce(namespace, peer, client.located.member.introduction)

    def find(self, namespace: str, peer: PeerId) -> Member | None:
        """Return our client with an id, however it is spelled."""
        local = self._locals.get(namespace)
        client = local.clients.get(key_of(peer)) if local else None
        return client.located.member if client else None

    def member_of(self, namespace: str, session: int) -> Member | None:
        """Return our client of a session in a namespace."""
        local = self._locals.get(namespace)
        client = local.with_session(session) if local else None
        return client.located.member if client else None

    def count(self, namespace: str) -> int:
        """Return how many clients of ours are in a namespace."""
        local = self._locals.get(namespace)
        return len(local.clients) if local else 0

    def locate(self, namespace: str, target: PeerId, now: float) -> Located | None:
        """Return where a member is, if this hub knows; the way of each signal, so O(1)."""
        local = self._locals.get(namespace)
        if local is not None:
            key = key_of(target)
            client = local.clients.get(key)
            if client is not None and client.is_granted:
                return client.located
            registration = local.by_key.get(key)
            if registration is not None:
                return registration.located
        return self._lookups.find(namespace, target, now)

    # News from rendezvous hubs

    def on_meet(self, meet: Meet, now: float) -> list[ClientNews]:
        """Introduce members to our clients, if they do not know them."""
        news: list[ClientNews] = []
        if self._dropping:
            self._dropping.finish_before(meet)
            news += self._dropping.take_told()
        local = self._locals.get(meet.namespace)
        if local is None or is_topic(meet.namespace):
            return news
        members = [self._believed(local, located, now) for located in meet.members]
        for index, (peer, session) in enumerate(meet.peers):
            client = local.client(peer, session)
            if client is None:
                continue  # meant for one that has left, even if it has come back since
            chosen = [members[row] for row in meet.rows[index]] if meet.rows else members
            news += acquaint(local, client, [one for one in chosen if one is not None])
            if len(chosen) >= self._limit:
                # A choice, then; it may have fallen on some that we know to be gone.
                client.was_large = True
                self._acquaintances.ask_if_needed(local, client)
        local.tidy()
        return news

    def on_gone(self, teller: PeerId, gone: Gone, now: float) -> list[ClientNews]:
        """Tell our clients that know them that members are gone, as a rendezvous hub has told."""
        local = self._locals.get(gone.namespace)
        over: list[Registration] = []
        for hub, peer, session in gone.registrations:
            if hub == self._own:
                continue  # of our own clients we know best
            self._ends.add((hub, session), teller, now)
            self._lookups.forget(gone.namespace, peer)
            registration = local.find(hub, session) if local else None
            if registration is not None:
                over.append(registration)
        if local is None:
            return []
        return self._acquaintances.end_all(local, over, has_said_goodbye=gone.has_said_goodbye)

    def on_granted(self, granted: Granted) -> tuple[list[Member], list[ClientNews]]:
        """Note that clients of ours have their ids; return those that had not before, and the news.

        Other registrations of their ids are over, unless we hear of them again: an id may be given
        away only because the hub of its owner was out of reach for others, and for us it was not.
        """
        members, over = self.ids.grant(granted)
        if not over:
            return members, []
        for registration in over:
            self._lookups.forget(granted.namespace, registration.located.member.peer)
        local = self._locals[granted.namespace]
        return members, self._acquaintances.end_all(local, over, has_said_goodbye=False)

    def on_found(self, found: Found, now: float) -> None:
        """Remember for a while where a member is."""
        located = found.located
        if located is None or (located.hub, located.member.session) in self._ends:
            return  # the rendezvous hub has not heard yet what we know
        self._lookups.add(found.namespace, located, now)

    def disprove(
        self, namespace: str, peer: PeerId, registration: tuple[PeerId, int], now: float
    ) -> None:
        """Note that a hub says that it does not have somebody in a session any more."""
        hub, session = registration
        self._ends.add(registration, hub, now)
        located = self._lookups.find(namespace, peer, now)
        if located is not None and (located.hub, located.member.session) == (hub, session):
            self._lookups.forget(namespace, peer)

    def resync(self, now: float, delay: float = REPUBLICATION_DELAY) -> None:
        """Publish everything again within so many seconds: a hub may have lost it."""
        self._publishing.resync(now + delay)

    # Hubs come and go

    def rise(self, incarnation: int) -> dict[int, int]:
        """Publish our clients anew, in sessions that belong to an incarnation to which we rose.

        For all other hubs the ones that they had before are over. Returns those, and what has
        become of each.
        """
        self._sessions.rise(incarnation)
        risen: dict[int, int] = {}
        for local in self._locals.values():
            for client in local.clients.values():
                former = client.located.member.session
                risen[former] = self.current(former)
                local.renumber(client, risen[former])
            self._publishing.publish_again(local.name)
        return risen

    def current(self, session: int) -> int:
        """Return the session that a client of ours has now, that had another before we rose."""
        return self._sessions.current(session)

    def publish(self, moved: Iterable[int], now: float) -> None:
        """Publish to the rendezvous hubs that are new in the view, in pieces.

        ``moved``: the regions of the namespaces that may have others than before.
        """
        self._publishing.move(moved, now)

    def watch_leads(self, on_led: Callable[[str, PeerId, float], object]) -> None:
        """Have ``on_led`` told of each topic of ours with another lead, with that, and when."""
        self._publishing.on_led = on_led

    def drop_hub(self, hub: PeerId, before: int, now: float) -> list[ClientNews]:
        """Tell our clients that members of a hub are gone: those with sessions below ``before``.

        0 stands for all. What others say of later sessions may be true. It is done in pieces, of
        which ``expire`` returns the later ones.
        """
        self._publishing.drop(hub)
        self._lookups.forget_hub(hub)
        self._ends.doubt(hub)
        self._dropping.begin(hub, self._dropping.members(hub, before, now), now)
        return self._dropping.take_told()

    def finish_dropping(self, hub: PeerId) -> list[ClientNews]:
        """Tell our clients now of all members of a hub that are gone and not told of yet."""
        self._dropping.finish(hub)
        return self._dropping.take_told()

    # Time

    def expire(self, now: float) -> list[ClientNews]:
        """Do what is due."""
        self._dropping.expire(now)
        self._publishing.expire(now)
        self._ends.expire(now)
        for namespace, session in islice(due(self._departed, now), PIECE):
            self._forget_departure(namespace, session)
        self._lookups.expire(now)
        return self._dropping.take_told()

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        departed = next(iter(self._departed.values()), None)
        parts = self._lookups, self._ends, self._dropping, self._publishing
        return earliest(departed, *(part.deadline() for part in parts))

    def _forget_departure(self, namespace: str, session: int) -> None:
        self._departed.pop((namespace, session), None)
        local = self._locals[namespace]
        local.forget_departure(session)
        if not (local.clients or local.departed):
            del self._locals[namespace]
            self._publishing.end(namespace)

    # Who knows whom

    def _believed(self, local: LocalNamespace, located: Located, now: float) -> Registration | None:
        """Return a member if, as far as we know, it is still there."""
        hub, session = located.hub, located.member.session
        if hub == self._own:
            # Of our own clients we know best.
            client = local.client(located.member.peer, session)
            return None if client is None or not client.is_granted else client
        if (hub, session) in self._ends or is_session_over(session, self._views.first_session(hub)):
            return None
        self._views.note(hub, now)
        known = local.find(hub, session)
        added = size_of_record(located) - (0 if known is None else known.size)
        if added > 0 and not self._effects.memory.records.has_room(added):
            return known
        return local.register(located)
