"""The records a hub keeps for namespaces: who is in them, and who is introduced to whom (S25, S26).

The keepers of a namespace are the two live hubs closest to its key. Serving hubs send them the
members they serve. The first keeper, the lead, introduces each member once, against all records
it has at that moment; the second only stores. Which of the two a hub is, each message says:
views differ for moments, and the sender's counts. Whatever is said twice for that reason is
harmless, because serving hubs drop what their clients know.

One id at two hubs: the lead holds the newcomer aside and asks the hub of the first whether it is
alive. The second keeper stores both until one of them leaves; if it becomes the lead meanwhile,
the one that is published to it first counts as the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.namespaces.discovery import choose, gones, meets
from peerpigeon.core.namespaces.records import Claim, Record, Records, Tombstone, stay_of
from peerpigeon.core.namespaces.retention import (
    MAX_DEPARTURES,
    MEMORY,
    STAYS_PER_MILLISECOND,
    due,
    keep,
    tidy_time,
)
from peerpigeon.core.wire.hub_frames import (
    Challenge,
    Find,
    Found,
    Join,
    Leave,
    Located,
    More,
    News,
    Refusal,
    Resync,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from peerpigeon.core.ids import PeerId

ToHubs: TypeAlias = "list[tuple[PeerId, News]]"

RESIGNATION = 60.0
"""Seconds for which a hub that is no keeper any more keeps its records: views agree within
seconds, and what outlives a change of views by this much is not needed for it."""

CHALLENGE_TIMEOUT = 5.0
"""Seconds for the answer to a challenge. Longer than a serving hub's own ``takeover_timeout``."""


class Rendezvous:
    """The namespaces that one hub keeps.

    ``rendezvous_hubs_of`` is ``Placement.of`` for this hub's view; ``limit`` is the discovery
    limit.
    Each method that takes news returns what is to be told to which hub, in order.
    """

    def __init__(
        self,
        own: PeerId,
        rendezvous_hubs_of: Callable[[str], tuple[PeerId, ...]],
        rng: Random,
        limit: int,
        max_records: int = 200_000,
    ) -> None:
        self._own = own
        self._rendezvous_hubs_of = rendezvous_hubs_of
        self._rng = rng
        self._limit = limit
        self._max_records = max_records
        self._hubs: Mapping[PeerId, int] = {own: 0}
        self._ended: dict[PeerId, None] = {}  # gone since ``_hubs`` was shown
        self._places: dict[str, Records] = {}
        self._records = 0
        # Each dict below is in order of time, because its grace is the same for all.
        self._resigned: dict[str, float] = {}
        self._unlisted: dict[PeerId, float] = {}
        self._forgotten: dict[PeerId, None] = {}
        self._departed: dict[tuple[str, PeerId, int], float] = {}
        self._claims: dict[tuple[str, int], float] = {}
        self.refused = 0
        """Members not stored because there was no room."""

    def __len__(self) -> int:
        """Return how many members are stored."""
        return self._records

    # News from serving hubs

    def on_join(self, hub: PeerId, join: Join, now: float) -> ToHubs:
        """Store the members that ``hub`` serves, and introduce them if this hub is the lead."""
        place = self._place(join.namespace, now)
        if hub not in self._hubs or hub in self._ended:
            self._unlisted.setdefault(hub, now + MEMORY)
        news = self._reconcile(place, hub, join, now)
        newcomers: list[Record] = []
        for member in join.members:
            record = Record(Located(hub, member), int(member.peer, 16))
            stored = self._store(place, record, join, now, news)
            if stored is None or not join.is_lead:
                continue
            # Who knows enough and was stored here under another lead needs nothing from a new one.
            is_settled = stored is not record and member.session in join.sated
            if join.again or not (stored.is_introduced or is_settled):
                newcomers.append(stored)
            stored.is_introduced = True
        news += self._introduce(place, newcomers, join)
        return news

    def on_leave(self, hub: PeerId, leave: Leave, now: float) -> ToHubs:
        """Forget a member, and have those told that know it."""
        place = self._place(leave.namespace, now)
        stays = [(hub, leave.peer, leave.session)]
        return self._depart(
            place, stays, now, is_lead=leave.is_lead, has_said_goodbye=leave.has_said_goodbye
        )

    def on_more(self, hub: PeerId, more: More) -> ToHubs:
        """Introduce a member that knows few to as many as the limit allows."""
        place = self._places.get(more.namespace)
        if place is None:
            return []
        # One not introduced yet will be when its hub publishes it to the lead, with its rivals.
        records = [
            record
            for record in place.records.get(int(more.peer, 16), ())
            if record.located.hub == hub and record.is_introduced
        ]
        for record in records:
            record.introductions = max(0, self._limit - more.count)
        return self._introduce(place, records, None)

    def on_find(self, hub: PeerId, find: Find) -> ToHubs:
        """Say where a member is."""
        place = self._places.get(find.namespace)
        records = place.records.get(int(find.peer, 16), []) if place else []
        best = max(records, key=lambda record: record.is_introduced, default=None)
        return [(hub, Found(find.namespace, find.peer, best.located if best else None))]

    def on_verdict(self, hub: PeerId, verdict: Verdict, now: float) -> ToHubs:
        """Decide between a newcomer and the member that has its id."""
        place = self._places.get(verdict.namespace)
        claim = place.claims.get(int(verdict.peer, 16)) if place else None
        if place is None or claim is None or stay_of(claim.rival)[::2] != (hub, verdict.session):
            return []
        if not verdict.stays:
            return self._oust(place, claim, now)
        self._drop_claim(place, claim)
        return [_refusal(place.name, claim.newcomer)]

    # Views

    def view_changed(self, hubs: Mapping[PeerId, int], now: float) -> ToHubs:
        """Take all live hubs and their incarnations, after ``Placement`` has; O(namespaces kept).

        ``hubs`` is kept and read later; it may be a table that lives on.
        """
        self._hubs = hubs
        self._ended.clear()
        news: ToHubs = []
        for namespace in self._places:
            if self._own in self._rendezvous_hubs_of(namespace):
                self._resigned.pop(namespace, None)
            else:
                self._resigned.setdefault(namespace, now + RESIGNATION)
        for hub in [hub for hub in self._unlisted if hub in hubs]:
            # What it has published may be from an earlier life.
            news += self.hub_gone(hub, hubs[hub])
        returned = [hub for hub in self._forgotten if hub in hubs]
        for hub in returned:
            del self._forgotten[hub]
        return [*news, *((hub, Resync()) for hub in returned)]

    def hub_gone(self, hub: PeerId, incarnation: int = 0) -> ToHubs:
        """Forget all members that a hub served; the others notice its end themselves.

        ``incarnation``: its new one, if it is gone because it was restarted.
        """
        first = incarnation * STAYS_PER_MILLISECOND
        news: ToHubs = []
        self._unlisted.pop(hub, None)
        if not incarnation and hub in self._hubs:
            self._ended[hub] = None
        for place in list(self._places.values()):
            claimed = [c.newcomer for c in place.claims.values() if c.newcomer.located.hub == hub]
            for record in (*claimed, *place.served.get(hub, {}).values()):
                session = record.located.member.session
                if incarnation and session >= first:
                    continue
                if place.find(hub, session) is record:
                    news += self._remove(place, record)
                else:
                    self._drop_claim(place, place.claims[record.key])
            self._tidy(place)
        return news

    def expire(self, now: float) -> ToHubs:
        """Do what is due."""
        news: ToHubs = []
        for namespace, key in due(self._claims, now):
            place = self._places[namespace]
            claim = place.claims[key]
            # A hub that gives no answer is told to close the client it may still have.
            news.append(_refusal(namespace, claim.rival))
            news += self._oust(place, claim, now)
        for hub in due(self._unlisted, now):
            news += self.hub_gone(hub)
            keep(self._forgotten, hub, None)
        for namespace in due(self._resigned, now):
            self._forget(namespace)
        for namespace, hub, session in due(self._departed, now):
            self._forget_departure(namespace, hub, session)
        return news

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        tables = (self._claims, self._unlisted, self._resigned, self._departed)
        return min((next(iter(t.values())) for t in tables if t), default=None)

    # Records

    def _place(self, namespace: str, now: float) -> Records:
        while len(self._departed) > MAX_DEPARTURES:
            self._forget_departure(*next(iter(self._departed)))
        place = self._places.get(namespace)
        if place is None:
            place = self._places[namespace] = Records(namespace)
            if self._own not in self._rendezvous_hubs_of(namespace):
                self._resigned[namespace] = now + RESIGNATION
        return place

    def _store(
        self, place: Records, record: Record, join: Join, now: float, news: ToHubs
    ) -> Record | None:
        """Return the record as stored; ``None`` if it has to wait or there is no room."""
        hub, _, session = stay_of(record)
        claim = place.claimed(hub, record.key, session)
        if claim is not None:
            claim.newcomer = record
            return None
        stored = place.find(hub, session)
        rivals = [r for r in place.elsewhere(record) if r.is_introduced] if join.is_lead else []
        if rivals and not (stored and stored.is_introduced):
            if stored:
                place.remove(stored)
                self._records -= 1
            news += self._claim(place, record, rivals[0], now)
            return None
        if stored:
            stored.located = record.located
            return stored
        if self._records >= self._max_records:
            self.refused += 1
            return None
        place.add(record)
        self._records += 1
        return record

    def _reconcile(self, place: Records, hub: PeerId, join: Join, now: float) -> ToHubs:
        """Learn from a republication who has left without our hearing, and pass it on."""
        if join.present is None:
            return []
        kept = set(join.present)
        claimed = [c.newcomer for c in place.claims.values() if c.newcomer.located.hub == hub]
        stays = [stay_of(record) for record in (*place.served.get(hub, {}).values(), *claimed)]
        left = [stay for stay in stays if stay[2] not in kept]
        left += [(hub, peer, session) for peer, session in join.departed]
        news = self._depart(place, left, now, is_lead=join.is_lead, is_again=join.again)
        if join.is_lead:
            missed = [(h, d.peer, s) for (h, s), d in place.departed.items() if h != hub]
            news += [(hub, gone) for gone in gones(place.name, missed)]
        return news

    def _depart(
        self,
        place: Records,
        stays: list[tuple[PeerId, PeerId, int]],
        now: float,
        *,
        is_lead: bool,
        is_again: bool = False,
        has_said_goodbye: bool = False,
    ) -> ToHubs:
        """Remove members, remember that they left, and tell the hubs of the others once."""
        is_lead = is_lead or self._rendezvous_hubs_of(place.name)[:1] == (self._own,)
        left: dict[Record, None] = {}
        untold: list[tuple[PeerId, PeerId, int]] = []
        for hub, peer, session in stays:
            departure = place.departed.setdefault((hub, session), Tombstone(peer))
            self._departed.setdefault((place.name, hub, session), tidy_time(now))
            claim = place.claimed(hub, int(peer, 16), session)
            if claim is not None:
                self._drop_claim(place, claim)
            record = place.find(hub, session)
            if record is not None:
                left[record] = None
            # Who has introduced somebody says when it is over, whoever is the lead by now.
            is_mine = is_lead or (record is not None and record.is_introduced)
            if is_mine and (is_again or not departure.is_told):
                departure.is_told = True
                untold.append((hub, peer, session))
        # A newcomer that is held aside may know members from another keeper.
        held = (claim.newcomer.located.hub for claim in place.claims.values())
        concerned = dict.fromkeys((*place.served, *held))
        hubs = [hub for hub in concerned if any(stay[0] != hub for stay in untold)]
        over = gones(place.name, untold, has_said_goodbye=has_said_goodbye)
        news: ToHubs = [(hub, gone) for gone in over for hub in hubs]
        for record in left:
            news += self._remove(place, record)
        return news

    def _remove(self, place: Records, record: Record) -> ToHubs:
        """Remove a member; the newcomer that claims its id, if there is one, follows it."""
        place.remove(record)
        self._records -= 1
        claim = place.claims.get(record.key)
        if claim is None or claim.rival is not record:
            return []
        self._drop_claim(place, claim)
        place.add(claim.newcomer)
        self._records += 1
        return self._introduce(place, [claim.newcomer])

    def _forget_departure(self, namespace: str, hub: PeerId, session: int) -> None:
        self._departed.pop((namespace, hub, session), None)
        place = self._places[namespace]
        del place.departed[hub, session]
        self._tidy(place)

    def _tidy(self, place: Records) -> None:
        if not (place.keys or place.departed):
            self._forget(place.name)

    def _forget(self, namespace: str) -> None:
        place = self._places.pop(namespace)
        self._resigned.pop(namespace, None)
        self._records -= sum(len(sessions) for sessions in place.served.values())
        for key in place.claims:
            del self._claims[namespace, key]
        for hub, session in place.departed:
            self._departed.pop((namespace, hub, session), None)

    # Two hubs, one id

    def _claim(self, place: Records, newcomer: Record, rival: Record, now: float) -> ToHubs:
        """Hold a newcomer aside and ask for its rival; one at a time."""
        if newcomer.key in place.claims:
            return [_refusal(place.name, newcomer)]
        place.claims[newcomer.key] = Claim(newcomer, rival)
        self._claims[place.name, newcomer.key] = now + CHALLENGE_TIMEOUT
        hub, peer, session = stay_of(rival)
        return [(hub, Challenge(place.name, peer, session))]

    def _drop_claim(self, place: Records, claim: Claim) -> None:
        del place.claims[claim.newcomer.key]
        self._claims.pop((place.name, claim.newcomer.key), None)

    def _oust(self, place: Records, claim: Claim, now: float) -> ToHubs:
        """Remove the one that has not answered; ``_remove`` puts the newcomer in its place."""
        return self._depart(place, [stay_of(claim.rival)], now, is_lead=True)

    # Introductions

    def _introduce(
        self, place: Records, newcomers: list[Record], join: Join | None = None
    ) -> ToHubs:
        """Introduce members and those chosen for them to each other, in few messages."""
        sated = frozenset(join.sated) if join else frozenset()
        # For each hub: for each of its members, whom it shall get to know.
        circles: dict[PeerId, dict[Record, list[Record]]] = {}
        for newcomer in newcomers:
            hub, _, session = stay_of(newcomer)
            newcomer.is_introduced = True
            others = choose(place, newcomer, self._limit, self._rng, is_sated=session in sated)
            if not others:
                continue
            newcomer.introductions += len(others)
            circles.setdefault(hub, {})[newcomer] = others
            for other in others:
                other.introductions += 1
                if other.located.hub != hub:
                    circle = circles.setdefault(other.located.hub, {})
                    circle.setdefault(other, []).append(newcomer)
        return [
            (hub, meet) for hub, circle in circles.items() for meet in meets(place.name, circle)
        ]


def _refusal(namespace: str, record: Record) -> tuple[PeerId, News]:
    hub, peer, session = stay_of(record)
    return hub, Refusal(namespace, peer, session)
