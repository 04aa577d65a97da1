"""What our own clients know of the members of their namespaces, each told each news once (S26).

Serving hubs and keepers may say a thing twice, late, or from two views of the mesh. Here it is
put right: a client is introduced to a *stay* of a member (its hub and session) once, and told once
that it is gone; a stay that is known to be over is not introduced any more. A client sees one
stay of an id at a time: a second one, at another hub, is hidden until the first is gone.

The mesh's sessions are numbered here, not by the shell: a client that says goodbye and announces
itself again on one socket is a new stay, and so is one of a restarted hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.namespaces.incarnations import Incarnations
from peerpigeon.core.namespaces.local_members import Client, LocalNamespace, Registration, roles_of
from peerpigeon.core.namespaces.lookup_cache import LookupCache
from peerpigeon.core.namespaces.outcome import Introduce, Outcome, Part
from peerpigeon.core.namespaces.retention import (
    MAX_DEPARTURES,
    MEMORY,
    STAYS_PER_MILLISECOND,
    due,
    keep,
    tidy_time,
)
from peerpigeon.core.wire.hub_frames import (
    Found,
    Gone,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    More,
    Resync,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from peerpigeon.core.ids import PeerId

REPUBLICATION_DELAY = 0.5  # seconds; hubs return in crowds when a cut is healed


class Presence:
    """The clients of one hub in their namespaces, and whom each of them knows.

    ``rendezvous_hubs_of`` is ``Placement.of`` for this hub's view; ``limit`` is the discovery
    limit.
    """

    def __init__(
        self,
        own: PeerId,
        rendezvous_hubs_of: Callable[[str], tuple[PeerId, ...]],
        limit: int,
        incarnation: int,
    ) -> None:
        self._own = own
        self._rendezvous_hubs_of = rendezvous_hubs_of
        self._limit = limit
        self._next_session = incarnation * STAYS_PER_MILLISECOND + 1
        self._places: dict[str, LocalNamespace] = {}
        self._hubs: Mapping[PeerId, int] = {own: incarnation}
        self._lives = Incarnations()
        self._ended: dict[PeerId, None] = {}  # gone since ``_hubs`` was shown
        self._republish_at: float | None = None
        # Each dict below is in order of time, because its grace is the same for all.
        self._departed: dict[tuple[str, int], float] = {}
        self._gone: dict[tuple[PeerId, int], float] = {}
        self._unlisted: dict[PeerId, float] = {}
        self._forgotten: dict[PeerId, None] = {}
        self._lookups = LookupCache()

    def __len__(self) -> int:
        """Return how many namespaces have clients of ours."""
        return sum(1 for place in self._places.values() if place.clients)

    # Our clients

    def announce(self, namespace: str, peer: PeerId, introduction: bytes) -> Outcome:
        """Publish a client, or what it says of itself from now on."""
        place = self._places.get(namespace)
        if place is None:
            place = LocalNamespace(
                namespace, self._limit, roles_of(self._rendezvous_hubs_of(namespace))
            )
            self._places[namespace] = place
        client = place.clients.get(peer.lower())
        outcome = Outcome()
        if client is None:
            session, self._next_session = self._next_session, self._next_session + 1
            member = Member(peer, session, introduction)
            place.enter(Located(self._own, member))
        else:
            member = Member(peer, client.located.member.session, introduction)
            client.stay.located = Located(self._own, member)
            if client.was_large:
                self._ask(place, client, self._limit, outcome)
        joins = [(hub, Join(namespace, (member,), is_lead)) for hub, is_lead in place.told.items()]
        outcome.news[:0] = joins
        return outcome

    def withdraw(
        self, namespace: str, peer: PeerId, now: float, *, has_said_goodbye: bool
    ) -> Outcome:
        """Take a client out of its namespace; our others hear of it at once."""
        place = self._places[namespace]
        client = place.clients[peer.lower()]
        place.leave(client)
        hidden = [stay for stays in client.hidden.values() for stay in stays]
        for stay in (*client.known.values(), *hidden):
            del stay.knowers[client]
            if not stay.knowers:
                place.drop(stay)
        outcome = Outcome()
        session = client.located.member.session
        former = dict.fromkeys((hub for hub, until in place.former.items() if until > now), False)
        for hub, is_lead in (former | place.told).items():
            leave = Leave(namespace, peer, session, has_said_goodbye, is_lead)
            outcome.news.append((hub, leave))
        place.departed[session] = client.peer
        self._departed[namespace, session] = tidy_time(now)
        while len(self._departed) > MAX_DEPARTURES:
            self._forget_departure(*next(iter(self._departed)))
        if client.stay.knowers:
            self._part(place, [client.stay], outcome, has_said_goodbye=has_said_goodbye)
        return outcome

    def find(self, namespace: str, peer: PeerId) -> Member | None:
        """Return our client with an id, however it is spelled."""
        place = self._places.get(namespace)
        client = place.clients.get(peer.lower()) if place else None
        return client.located.member if client else None

    def locate(self, namespace: str, target: PeerId, now: float) -> Located | None:
        """Return where a member is, if this hub knows; the way of each signal, so O(1)."""
        place = self._places.get(namespace)
        if place is not None:
            name = target.lower()
            stay = place.by_name.get(name)
            if stay is not None:
                return stay.located
            client = place.clients.get(name)
            if client is not None:
                return client.located
        return self._lookups.find(namespace, target, now)

    # News

    def on_meet(self, meet: Meet, now: float) -> Outcome:
        """Introduce members to our clients, if they do not know them."""
        outcome = Outcome()
        place = self._places.get(meet.namespace)
        if place is None:
            return outcome
        members = [self._believed(place, found, now) for found in meet.members]
        for index, (peer, session) in enumerate(meet.peers):
            client = place.client(peer, session)
            if client is None:
                continue  # meant for one that has left, even if it has come back since
            chosen = [members[row] for row in meet.rows[index]] if meet.rows else members
            self._acquaint(place, client, [s for s in chosen if s is not None], outcome)
            if len(chosen) >= self._limit:
                # A choice, then; it may have fallen on some that we know to be gone.
                client.was_large = True
                self._ask_if_lonely(place, client, outcome)
        place.tidy()
        return outcome

    def on_gone(self, gone: Gone, now: float) -> Outcome:
        """Tell our clients that know them that members are gone."""
        outcome = Outcome()
        place = self._places.get(gone.namespace)
        over: list[Registration] = []
        for hub, peer, session in gone.stays:
            # Remembered even if nobody knows it: its introduction may come later.
            self._gone.setdefault((hub, session), tidy_time(now))
            self._lookups.forget(gone.namespace, peer)
            stay = place.stays.get(hub, {}).get(session) if place else None
            if stay is not None:
                over.append(stay)
        while len(self._gone) > MAX_DEPARTURES:
            del self._gone[next(iter(self._gone))]
        if place is not None:
            self._part(place, over, outcome, has_said_goodbye=gone.has_said_goodbye)
        return outcome

    def on_found(self, found: Found, now: float) -> None:
        """Remember for a while where a member is."""
        located = found.located
        if located is None or (located.hub, located.member.session) in self._gone:
            return  # the keeper has not heard yet what we know
        self._lookups.add(found.namespace, located, now)

    def on_resync(self, now: float) -> None:
        """Publish everything again soon: a hub may have lost it."""
        if self._republish_at is None:
            self._republish_at = now + REPUBLICATION_DELAY

    # Views

    def view_changed(self, hubs: Mapping[PeerId, int], now: float) -> Outcome:
        """Publish to new keepers, after ``Placement`` has taken the view; O(own namespaces).

        ``hubs``: all live hubs and their incarnations. It is kept and read later, and may be a
        table that lives on, if ``hub_gone`` comes before the hub is taken out of it.
        """
        outcome = Outcome()
        self._hubs = hubs
        self._ended.clear()
        for hub in [hub for hub in self._unlisted if hub in hubs]:
            # What was heard of it may have been about an earlier life.
            outcome.add(self.hub_gone(hub, now, hubs[hub]))
            self._unlisted.pop(hub, None)
        self._lives.show(hubs)
        for hub in [hub for hub in self._forgotten if hub in hubs]:
            outcome.add(self.hub_returned(hub, now))
        for place in self._places.values():
            roles = roles_of(self._rendezvous_hubs_of(place.name))
            for keeper, is_lead in roles.items():
                if place.told.get(keeper) in (None, False) and place.told.get(keeper) != is_lead:
                    joins = place.publication(is_lead=is_lead)
                    outcome.news.extend((keeper, join) for join in joins)
            place.reassign(roles, now)
        return outcome

    def hub_gone(self, hub: PeerId, now: float, incarnation: int = 0) -> Outcome:
        """Tell our clients that all members of a hub are gone; call ``view_changed`` afterwards.

        ``incarnation``: its new one, if it is gone because it was restarted.
        """
        outcome = Outcome()
        self._unlisted.pop(hub, None)
        if incarnation:
            self._lives.begin(hub, incarnation)
        elif hub in self._hubs:
            self._ended[hub] = None
            incarnation = self._lives.end(hub, self._hubs[hub], now)
        first = incarnation * STAYS_PER_MILLISECOND
        for place in self._places.values():
            place.told.pop(hub, None)
            stays = place.stays.get(hub, {})
            over = [stay for session, stay in stays.items() if not first or session < first]
            self._part(place, over, outcome, has_said_goodbye=False)
            if hub in place.stays:
                self._unlisted[hub] = now + MEMORY
        self._lookups.forget_hub(hub)
        return outcome

    def hub_returned(self, hub: PeerId, now: float) -> Outcome:
        """Bring back what was lost by the mistake that a hub was gone."""
        self._forgotten.pop(hub, None)
        self._lives.resume(hub)
        self.on_resync(now)
        return Outcome(news=[(hub, Resync())])

    def expire(self, now: float) -> Outcome:
        """Do what is due."""
        outcome = Outcome()
        for hub in due(self._unlisted, now):
            outcome.add(self.hub_gone(hub, now))
            keep(self._forgotten, hub, None)
        if self._republish_at is not None and self._republish_at <= now:
            self._republish_at = None
            for place in self._places.values():
                for keeper, is_lead in place.told.items():
                    joins = place.publication(is_lead=is_lead, again=True)
                    outcome.news.extend((keeper, join) for join in joins)
        for _ in due(self._gone, now):
            pass
        self._lives.expire(now)
        for namespace, session in due(self._departed, now):
            self._forget_departure(namespace, session)
        self._lookups.expire(now)
        return outcome

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        tables = (self._unlisted, self._gone, self._departed)
        firsts = [next(iter(table.values())) for table in tables if table]
        whereabouts, lives = self._lookups.deadline(), self._lives.deadline()
        return earliest(self._republish_at, whereabouts, lives, *firsts)

    # Who knows whom

    def _believed(self, place: LocalNamespace, located: Located, now: float) -> Registration | None:
        """Return a member if, as far as we know, it is still there."""
        hub, session = located.hub, located.member.session
        if hub == self._own:
            # Of our own clients we know best.
            client = place.by_session.get(session)
            is_here = client is not None and client.peer == located.member.peer
            return client.stay if client is not None and is_here else None
        # The life of a hub that is gone is over, whatever those say that lag behind; if it does
        # come back, all is published again (``hub_returned``).
        first = self._lives.first_session(hub, self._hubs.get(hub, 0))
        if (hub, session) in self._gone or session < first:
            return None
        if hub not in self._hubs or hub in self._ended:
            self._unlisted.setdefault(hub, now + MEMORY)
        return place.member(located)

    def _acquaint(
        self, place: LocalNamespace, client: Client, stays: list[Registration], outcome: Outcome
    ) -> None:
        """Introduce members to a client of ours, and it to those that are our clients too."""
        others = [stay.client for stay in stays if stay.client is not None]
        met = place.introduce_to(client, stays)
        told = place.introduce(client.stay, others)
        if met:
            outcome.tells.append(Introduce(place.name, (client.peer,), tuple(met)))
        if told:
            outcome.tells.append(Introduce(place.name, tuple(told), (client.located,)))

    def _part(
        self,
        place: LocalNamespace,
        over: list[Registration],
        outcome: Outcome,
        *,
        has_said_goodbye: bool,
    ) -> None:
        """End stays for all that know them; those who know too few by it ask for more."""
        lonely: dict[Client, None] = {}
        for stay in over:
            place.drop(stay)
            name, told = stay.name, []
            followed: list[Introduce] = []
            knowers, stay.knowers = stay.knowers, {}
            for client in knowers:
                hidden = client.hidden.pop(name, [])
                if client.known[name] is not stay:
                    hidden.remove(stay)
                else:
                    del client.known[name]
                    told.append(client.peer)
                    lonely[client] = None
                    if hidden:
                        followed.append(self._show(place, client, hidden.pop(0)))
                if hidden:
                    client.hidden[name] = hidden
            if told:
                part = Part(place.name, tuple(told), stay.located, has_said_goodbye)
                outcome.tells.extend((part, *followed))
        for client in lonely:
            self._ask_if_lonely(place, client, outcome)

    def _show(self, place: LocalNamespace, client: Client, stay: Registration) -> Introduce:
        """Let a client see the stay of an id that was hidden by another one."""
        client.known[stay.name] = place.by_name[stay.name] = stay
        return Introduce(place.name, (client.peer,), (stay.located,))

    def _ask_if_lonely(self, place: LocalNamespace, client: Client, outcome: Outcome) -> None:
        if client.was_large and not client.has_asked:
            self._ask(place, client, self._limit // 2, outcome)

    def _ask(self, place: LocalNamespace, client: Client, enough: int, outcome: Outcome) -> None:
        known = len(client.known)
        lead = place.lead
        if known < enough and lead is not None:
            client.has_asked = True
            more = More(place.name, client.peer, self._limit - known)
            outcome.news.append((lead, more))

    def _forget_departure(self, namespace: str, session: int) -> None:
        self._departed.pop((namespace, session), None)
        place = self._places[namespace]
        del place.departed[session]
        if not (place.clients or place.departed):
            del self._places[namespace]
