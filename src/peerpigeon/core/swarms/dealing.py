"""A lead deals what members of a swarm send out to others, and tells how many there are.

The lead is the primary rendezvous hub, which has the records of all members, so that a draw is
uniform over the swarm, however it lies on the hubs.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from peerpigeon.core.dialects.names import is_swarm
from peerpigeon.core.wire.hub_news import Counted, Dealt

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record
    from peerpigeon.core.wire.hub_news import Draw

MOST_DRAWN = 100
"""Members that are drawn for one. The reference uses 82 offers at most; clients send five."""


class Dealing:
    """The swarms whose lead one hub is."""

    def __init__(self, namespaces: Namespaces, rng: Random, effects: Effects) -> None:
        self._table = namespaces.rendezvous.table
        self._rng = rng
        self._effects = effects

    def deal(self, hub: PeerId, draw: Draw) -> None:
        """Answer a hub, and send each of its messages to the hub of a member that is drawn."""
        namespace = draw.namespace
        kept = self._table.get(namespace) if is_swarm(namespace) else None
        members, flagged = (0, 0) if kept is None else (len(kept), kept.flagged)
        self._effects.tell_hub(hub, Counted(namespace, draw.number, members, flagged))
        if kept is None:
            return
        drawn = self._drawn(kept, int(draw.member, 16), min(MOST_DRAWN, len(draw.payloads)))
        dealt: dict[PeerId, list[tuple[int, bytes]]] = {}
        for record, payload in zip(drawn, draw.payloads, strict=False):
            located = record.located
            dealt.setdefault(located.hub, []).append((located.member.session, payload))
        for other, items in dealt.items():
            self._effects.tell_hub(other, Dealt(namespace, tuple(items)))

    def _drawn(self, kept: NamespaceRecords, sender: int, most: int) -> list[Record]:
        """Return as many members as may be, drawn at random, without the sender."""
        numbers = kept.numbers
        place = bisect_left(numbers, sender)
        others = len(numbers) - (place < len(numbers) and numbers[place] == sender)
        is_there = others < len(numbers)
        chosen = self._rng.sample(range(others), min(most, others))
        # Behind the sender each is one further.
        places = (one + (is_there and one >= place) for one in chosen)
        return [kept.firsts[numbers[one]] for one in places]
