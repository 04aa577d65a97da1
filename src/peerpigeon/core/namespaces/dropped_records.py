"""The records of members at hubs that are gone, which a rendezvous hub has until it drops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.dropping import Dropping
from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.wire.ranges import is_session_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.id_owners import IdOwners
    from peerpigeon.core.namespaces.record_table import RecordTable
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record
    from peerpigeon.core.wire.hub_news import Join

FOLLOWING = 8
"""Records that could be dropped in the time in which somebody gets the id of one."""


class DroppedRecords(Dropping):
    """Has the records of hubs that are gone removed by ``remove``, and ``tidy`` called for each
    namespace in which there were some.
    """

    def __init__(
        self,
        table: RecordTable,
        owners: IdOwners,
        remove: Callable[[NamespaceRecords, Record, float], object],
        tidy: Callable[[NamespaceRecords], object],
    ) -> None:
        super().__init__()
        self._table = table
        self._owners = owners
        self._remove = remove
        self._tidy = tidy

    def records(self, hub: PeerId, now: float, incarnation: int) -> Iterator[int]:
        """Remove the records of a hub one by one; those that belong to its lives before one."""
        first = first_session(incarnation)
        names = dict.fromkeys((*self._table.at(hub), *self._owners.contested()))
        for kept in [kept for name in names if (kept := self._table.get(name)) is not None]:
            for record in (*kept.newcomers(hub), *kept.served.get(hub, {}).values()):
                if self._table.get(kept.name) is not kept:
                    break  # all of it was forgotten meanwhile
                session = record.located.member.session
                if incarnation and not is_session_over(session, first):
                    continue
                conflict = kept.conflicts.get(record.number)
                if kept.find(hub, session) is record:
                    self._remove(kept, record, now)
                elif conflict is not None and conflict.newcomer is record:
                    self._owners.end(kept, conflict)
                yield 1 if conflict is None else FOLLOWING
            if self._table.get(kept.name) is kept:
                self._tidy(kept)

    def finish_before(self, hub: PeerId, join: Join) -> None:
        """Drop first what is left of a hub that is heard of again, or what takes the room."""
        self.finish(hub)
        if not self._table.is_spacious(join.members):
            self.finish_all()
