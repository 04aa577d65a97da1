"""Who leaves the records of a rendezvous hub: who is told, who follows, what is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.namespaces.records import identity_of
from peerpigeon.core.wire.hub_news import Located

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.departures import Departures
    from peerpigeon.core.namespaces.handover import Handover
    from peerpigeon.core.namespaces.id_owners import IdOwners
    from peerpigeon.core.namespaces.placement import Placement
    from peerpigeon.core.namespaces.record_table import RecordTable
    from peerpigeon.core.namespaces.records import IdConflict, NamespaceRecords, Record
    from peerpigeon.core.wire.hub_news import Join


class Leaving:
    """The ends of what one rendezvous hub has stored.

    ``introduce`` is called with a newcomer that has the id of somebody who has left.
    """

    def __init__(  # noqa: PLR0913
        self,
        own: PeerId,
        table: RecordTable,
        owners: IdOwners,
        departures: Departures,
        handover: Handover,
        placement: Placement,
        *,
        introduce: Callable[[NamespaceRecords, Record, float], None],
    ) -> None:
        self._own = own
        self._table = table
        self._owners = owners
        self._departures = departures
        self._handover = handover
        self._placement = placement
        self._introduce = introduce

    def reconcile(self, kept: NamespaceRecords, hub: PeerId, join: Join, now: float) -> None:
        """Learn from a republication who has left without our hearing, and pass it on."""
        if join.present is None:
            return
        present = set(join.present)
        known = (*kept.served.get(hub, {}).values(), *kept.newcomers(hub))
        over = [identity for identity in map(identity_of, known) if identity[2] not in present]
        over += [(hub, peer, session) for peer, session in join.departed]
        self.depart(kept, over, now, is_primary=join.is_primary, is_again=join.again)
        if join.is_primary:
            self._departures.tell_again(kept, hub)

    def refuse_departed(self, kept: NamespaceRecords, hub: PeerId, join: Join) -> Join:
        """Have those closed that are over for all others; return what is published besides.

        They have lost their ids while their hub was out of reach, so that it has not heard of it.
        Whoever told it says so, also if the primary is by now another one, which does not know.
        """
        over = [one for one in join.members if (hub, one.session) in kept.departed]
        if not over:
            return join
        for member in over:
            self._owners.refuse(kept, Located(hub, member))
        return replace(join, members=tuple(one for one in join.members if one not in over))

    def depart(
        self,
        kept: NamespaceRecords,
        over: list[tuple[PeerId, PeerId, int]],
        now: float,
        *,
        is_primary: bool,
        is_again: bool = False,
        has_said_goodbye: bool = False,
    ) -> None:
        """Remove members, remember that they left, and tell the hubs of the others once."""
        is_primary = is_primary or self._placement.primary(kept.name) == self._own
        left: dict[Record, None] = {}
        untold: list[tuple[PeerId, PeerId, int]] = []
        for hub, peer, session in over:
            tombstone = self._departures.note(kept, hub, peer, session, now)
            conflict = kept.conflict_of(hub, int(peer, 16), session)
            if conflict is not None:
                self._owners.end(kept, conflict)
            record = kept.find(hub, session)
            if record is not None:
                left[record] = None
            # Who has introduced somebody says when it is over, whoever is the primary by now.
            is_ours = is_primary or (record is not None and record.is_introduced)
            if is_ours and (is_again or not tombstone.is_told):
                tombstone.is_told = True
                untold.append((hub, peer, session))
        self._departures.tell(kept, untold, has_said_goodbye=has_said_goodbye)
        for record in left:
            self.remove(kept, record, now)

    def resume(self, kept: NamespaceRecords, rival: Record, now: float) -> None:
        """Take an id from somebody, and from who waits for it, because its owner has come."""
        conflict = kept.conflicts.get(rival.number)
        if conflict is not None:
            self._owners.end(kept, conflict)
            self._owners.refuse(kept, conflict.newcomer.located)
        self._owners.refuse(kept, rival.located)
        self.depart(kept, [identity_of(rival)], now, is_primary=True)

    def remove(self, kept: NamespaceRecords, record: Record, now: float) -> None:
        """Remove a member; the newcomer that wants its id, if there is one, follows it."""
        self._owners.note_end(kept, record, now)
        self._table.remove(kept, record)
        conflict = kept.conflicts.get(record.number)
        if conflict is None or conflict.holder is not record:
            return
        self._owners.end(kept, conflict)
        newcomer = conflict.newcomer
        hub, _, session = identity_of(newcomer)
        self._table.add(kept, newcomer)
        # Now, not when it is its turn to be introduced: others with the id may come before that.
        newcomer.is_introduced = True
        if not conflict.is_return:  # else it was granted long ago
            newcomer.granted_at = now
        self._owners.grant(kept, hub, [session])
        self._introduce(kept, newcomer, now)

    def forget_departure(self, kept: NamespaceRecords, hub: PeerId, session: int) -> None:
        """Remember no longer that somebody has left."""
        self._departures.remove(kept, hub, session)
        self.tidy(kept)

    def tidy(self, kept: NamespaceRecords) -> None:
        """Forget a namespace of which nothing is left."""
        if kept.is_empty:
            self.forget(kept)

    def forget(self, kept: NamespaceRecords) -> None:
        """Forget all of a namespace."""
        self._table.forget(kept)
        self._owners.forget(kept)
        self._departures.forget(kept)
        self._handover.forget(kept.name)

    # Of two that want one id

    def stay(self, kept: NamespaceRecords, conflict: IdConflict, now: float) -> None:
        """Close the other one, as the first owner of an id lives."""
        if conflict.is_return:  # ``remove`` puts it in the place of the holder
            self._owners.refuse(kept, conflict.holder.located)
            self.depart(kept, [identity_of(conflict.holder)], now, is_primary=True)
        else:
            self._owners.end(kept, conflict)
            self._owners.refuse(kept, conflict.newcomer.located)

    def oust(self, kept: NamespaceRecords, conflict: IdConflict, now: float) -> None:
        """Remove the one that has not answered: the other one has the id, or gets it now."""
        self.depart(kept, [identity_of(conflict.asked)], now, is_primary=True)

    def leave_to_primary(self, kept: NamespaceRecords, conflict: IdConflict) -> None:
        """Only store a newcomer, because another hub is the primary by now, which decides.

        That one hears of both, perhaps in another order: of two hubs that decide each might close
        the one that has the id for the other.
        """
        self._owners.end(kept, conflict)
        newcomer = conflict.newcomer
        newcomer.is_introduced = False
        self._table.add(kept, newcomer)
        hub, _, session = identity_of(newcomer)
        self._handover.park((kept.name, hub, session))
