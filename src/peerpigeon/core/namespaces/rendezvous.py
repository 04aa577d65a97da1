"""The records a hub has of the namespaces whose rendezvous hub it is: who is in them (S25, S26).

The rendezvous hubs of a namespace are the two live hubs closest to its key (``placement.py``).
Serving hubs send them the members they serve. The primary introduces each member once, against all
records it has at that moment; the backup only stores. Which of the two a hub is, each message says:
views differ for moments, and the sender's counts. Whatever is said twice for that reason is
harmless, because serving hubs drop what their clients know. One id at two hubs: see
``id_owners.py``. The backup stores both until one of them leaves.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.namespaces.departures import Departures
from peerpigeon.core.namespaces.dropped_records import FOLLOWING, DroppedRecords
from peerpigeon.core.namespaces.dropping import PIECE
from peerpigeon.core.namespaces.handover import Handover
from peerpigeon.core.namespaces.id_owners import IdOwners
from peerpigeon.core.namespaces.introducing import Introducing
from peerpigeon.core.namespaces.leaving import Leaving
from peerpigeon.core.namespaces.record_table import MAX_RECORDS, RecordTable
from peerpigeon.core.namespaces.records import (
    NamespaceRecords,
    Record,
    identity_of,
)
from peerpigeon.core.namespaces.retention import RETENTION
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.hub_news import (
    Claim,
    Find,
    Found,
    Join,
    Leave,
    Located,
    Member,
    More,
    Owned,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.hub_views import HubViews
    from peerpigeon.core.namespaces.placement import Placement


class Rendezvous:
    """The namespaces whose rendezvous hub one hub is. ``limit`` is the discovery limit."""

    def __init__(  # noqa: PLR0913
        self,
        own: PeerId,
        limit: int,
        rng: Random,
        views: HubViews,
        placement: Placement,
        effects: Effects,
        *,
        max_records: int = MAX_RECORDS,
    ) -> None:
        self._own = own
        self._limit = limit
        self._views = views
        self._placement = placement
        self._effects = effects
        self._table = RecordTable(own, placement, max_records, effects.memory.records)
        self._departures = Departures(effects)
        self._owners = IdOwners(effects)
        self.handover = Handover(own, placement)
        self._leaving = Leaving(
            own,
            self._table,
            self._owners,
            self._departures,
            self.handover,
            placement,
            introduce=self._introduce,
        )
        self._dropping = DroppedRecords(
            self._table, self._owners, self._leaving.remove, self._leaving.tidy
        )
        self.introducing = Introducing(
            self._table, limit, rng, effects, dropping=self._dropping, handover=self.handover
        )

    def __len__(self) -> int:
        """Return how many members are stored."""
        return len(self._table)

    @property
    def table(self) -> RecordTable:
        """What is stored, of each namespace."""
        return self._table

    # News from serving hubs

    def on_join(self, hub: PeerId, join: Join, now: float) -> None:
        """Store the members that ``hub`` serves, and introduce them if this is the primary."""
        if is_topic(join.namespace):
            # Its members are hubs, each under its own id.
            join = replace(join, members=tuple(one for one in join.members if one.peer == hub))
        if self._dropping:
            self._dropping.finish_before(hub, join)
        kept = self._keep(join.namespace, now)
        self._views.note(hub, now)
        self._leaving.reconcile(kept, hub, join, now)
        join = self._leaving.refuse_departed(kept, hub, join)
        if join.is_primary:
            join = self._let_wait(kept, hub, join, now)
        self._take_in(kept, hub, join, now)

    def _take_in(self, kept: NamespaceRecords, hub: PeerId, join: Join, now: float) -> None:
        newcomers, granted = list[Record](), list[int]()
        owners = dict(join.owners)
        for member in join.members:
            owner = owners.get(member.session, NOBODY)
            record = Record(Located(hub, member), int(member.peer, 16), owner)
            stored = self._store(kept, record, join, now)
            if stored is None or not join.is_primary:
                continue
            # Who knew enough under another primary needs nothing from a new one.
            knows_enough = member.session in join.has_enough and not stored.is_doubtful
            is_settled = stored is not record and knows_enough
            if join.again or not (stored.is_introduced or is_settled):
                newcomers.append(stored)
            stored.is_introduced, stored.is_waiting = True, False
            if member.session not in join.granted:
                stored.granted_at = now
                granted.append(member.session)
        self._owners.grant(kept, hub, granted)
        self.introducing.add(kept, newcomers, join.has_enough, now)

    def _let_wait(self, kept: NamespaceRecords, hub: PeerId, join: Join, now: float) -> Join:
        """Only store those whose ids are not to be granted yet, if any; return the others' join."""
        until = self.handover.lasts_until(hub, join.namespace, now)
        if until is None:
            return join
        at_once, owners = list[Member](), dict(join.owners)
        stored_only = replace(join, is_primary=False)
        for member in join.members:
            known = kept.find(hub, member.session)
            if member.session in join.granted or (known is not None and known.is_introduced):
                at_once.append(member)
                continue
            owner = owners.get(member.session, NOBODY)
            record = Record(Located(hub, member), int(member.peer, 16), owner)
            stored = self._store(kept, record, stored_only, now)
            if stored is not None:
                stored.is_doubtful = stored.is_waiting = True
                self.handover.wait((kept.name, hub, member.session), until)
        return replace(join, members=tuple(at_once))

    def _end_wait(self, namespace: str, hub: PeerId, session: int, now: float) -> None:
        """Grant an id, if by now nobody is known who has it."""
        kept = self._table.get(namespace)
        record = kept.find(hub, session) if kept else None
        if kept is None or record is None or record.is_introduced:
            return
        if self._placement.primary(namespace) == self._own:
            owners = ((session, record.owner),)
            join = Join(namespace, (record.located.member,), is_primary=True, owners=owners)
            self._take_in(kept, hub, join, now)
        else:
            self.handover.park((namespace, hub, session))

    def on_leave(self, hub: PeerId, leave: Leave, now: float) -> None:
        """Forget a member, and have those told that know it."""
        self._dropping.finish(hub)
        kept = self._keep(leave.namespace, now)
        over = [(hub, leave.peer, leave.session)]
        is_primary, has_said_goodbye = leave.is_primary, leave.has_said_goodbye
        self._leaving.depart(
            kept, over, now, is_primary=is_primary, has_said_goodbye=has_said_goodbye
        )

    def on_more(self, hub: PeerId, more: More, now: float) -> None:
        """Introduce a member that knows few to as many as the limit allows."""
        self._dropping.finish(hub)
        kept = self._table.get(more.namespace)
        if kept is None:
            return
        # One not introduced yet will be when its hub publishes it to the primary, with its rivals.
        records = [
            record
            for record in kept.with_id(int(more.peer, 16))
            if record.located.hub == hub and record.is_introduced
        ]
        for record in records:
            record.introductions = max(0, self._limit - more.count)
        self.introducing.add(kept, records, (), now)

    def on_find(self, hub: PeerId, find: Find) -> None:
        """Say where a member is."""
        kept = self._table.get(find.namespace)
        records = kept.with_id(int(find.peer, 16)) if kept else ()
        best = max(records, key=lambda record: record.is_introduced, default=None)
        located = None if best is None else best.located
        self._effects.tell_hub(hub, Found(find.namespace, find.peer, located))

    def on_claim(self, hub: PeerId, claim: Claim, now: float) -> None:
        """Say whether an id is that of somebody who waits for it at its own hub."""
        kept = self._table.get(claim.namespace)
        if kept is not None and self._owners.is_owners(kept, claim, now):
            self._effects.tell_hub(hub, Owned(claim.namespace, claim.peer, claim.owner))

    def on_verdict(self, hub: PeerId, verdict: Verdict, now: float) -> None:
        """Decide between a newcomer and the member that has its id."""
        kept = self._table.get(verdict.namespace)
        conflict = kept.conflicts.get(int(verdict.peer, 16)) if kept else None
        if kept is None or conflict is None:
            return
        if identity_of(conflict.asked)[::2] != (hub, verdict.session):
            return
        if verdict.later:
            self._owners.wait_longer(kept, conflict, verdict.later)
        elif self._placement.primary(kept.name) != self._own:
            self._leaving.leave_to_primary(kept, conflict)
        elif verdict.stays:
            self._leaving.stay(kept, conflict, now)
        else:
            self._leaving.oust(kept, conflict, now)

    # Hubs come and go

    def assign(self, moved: Iterable[int], now: float) -> None:
        """Note of which namespaces this hub is a rendezvous hub by now; some regions have moved."""
        self._table.assign(moved, now)
        self.handover.resume(now)

    def renumber(self, sessions: Mapping[int, int], now: float) -> None:
        """Keep the members that this hub serves itself under other sessions: those ``sessions``
        has for theirs. Who is being asked whether it lives is asked again by that name.
        """
        for kept in self._table.all():
            kept.renumber(self._own, sessions)
            for conflict in kept.conflicts.values():
                if conflict.asked.located.hub == self._own:
                    self._owners.ask(kept, conflict, now)

    def drop_hub(self, hub: PeerId, now: float, incarnation: int = 0) -> None:
        """Forget all members that a hub served; the others notice its end themselves.

        In pieces (``Dropping``). ``incarnation``: its new one, if it was restarted.
        """
        self._dropping.begin(hub, self._dropping.records(hub, now, incarnation), now)

    def finish_dropping(self, hub: PeerId) -> None:
        """Forget now what is left of a hub."""
        self._dropping.finish(hub)

    # Time

    def expire(self, now: float) -> None:
        """Do what is due."""
        self._dropping.expire(now)
        for namespace, number in islice(self._owners.unanswered(now), PIECE // FOLLOWING):
            kept = self._table.keep(namespace, now)
            conflict = kept.conflicts[number]
            if self._placement.primary(namespace) != self._own:
                self._leaving.leave_to_primary(kept, conflict)
                continue
            # A hub that gives no answer is told to close the client it may still have.
            self._owners.refuse(kept, conflict.asked.located)
            self._leaving.oust(kept, conflict, now)
        for namespace, hub, session in islice(self.handover.over(now), PIECE // FOLLOWING):
            self._end_wait(namespace, hub, session, now)
        self._table.expire(now)
        for kept in self._table.resigned(now):
            self._leaving.forget(kept)
        for namespace, hub, session in islice(self._departures.over(now), PIECE):
            self._leaving.forget_departure(self._table.keep(namespace, now), hub, session)
        self.introducing.expire(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        parts = self._table, self._owners, self.handover, self._departures, self.introducing
        return earliest(self._dropping.deadline(), *(part.deadline() for part in parts))

    # Records

    def _keep(self, namespace: str, now: float) -> NamespaceRecords:
        for name, hub, session in self._departures.surplus():
            self._leaving.forget_departure(self._table.keep(name, now), hub, session)
        return self._table.keep(namespace, now)

    def _introduce(self, kept: NamespaceRecords, record: Record, now: float) -> None:
        self.introducing.add(kept, [record], (), now)

    def _store(
        self, kept: NamespaceRecords, record: Record, join: Join, now: float
    ) -> Record | None:
        """Return the record as stored; ``None`` if it has to wait or there is no room."""
        hub, _, session = identity_of(record)
        conflict = kept.conflict_of(hub, record.number, session)
        if conflict is not None:
            conflict.newcomer = record
            return None
        stored = kept.find(hub, session)
        if join.is_primary and not (stored and stored.is_introduced):
            was_granted = session in join.granted
            has_waited = stored is not None and stored.is_waiting
            rival = self._owners.rival(kept, record, was_granted=was_granted, has_waited=has_waited)
            if rival is not None:
                if stored:
                    self._table.remove(kept, stored)
                if not was_granted and self._owners.is_owner(kept, record, rival, now):
                    self._leaving.resume(kept, rival, now)
                    self._table.add(kept, record)
                    return record
                if not was_granted or now >= rival.granted_at + RETENTION:
                    self._owners.hold_aside(kept, record, rival, now)
                else:
                    self._owners.ask_elder(kept, rival, record, now)
                return None
        if stored:
            kept.renew(stored, record.located)
            stored.owner = record.owner
            return stored
        if not self._table.has_room(record):
            return None
        self._table.add(kept, record)
        return record
