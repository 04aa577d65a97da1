"""A lead deals what members of a swarm send out to others, and tells how many there are.

The lead is the primary rendezvous hub, which has the records of all members, so that a draw is
uniform over the swarm, however it lies on the hubs.
"""

from __future__ import annotations

from bisect import bisect_left
from random import Random
from typing import TYPE_CHECKING

from peerpigeon.core.dialects.names import is_swarm
from peerpigeon.core.wire.hub_news import Counted, Dealt

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record
    from peerpigeon.core.wire.hub_news import Draw

MOST_DRAWN = 100
"""Members that are drawn for one. The reference uses 82 offers at most; clients send five."""


class Dealing:
    """The swarms whose lead one hub is."""

    def __init__(
        self,
        own: PeerId,
        namespaces: Namespaces,
        rng: Random,
        effects: Effects,
        deliver: Callable[[str, int, bytes], None],
    ) -> None:
        """``deliver``: hands a message to the member of a namespace that has a session here."""
        self._own = own
        self._deliver = deliver
        self._table = namespaces.rendezvous.table
        self._rng = rng
        self._drawing: Random | None = None
        self._effects = effects

    def on_draw(self, hub: PeerId, draw: Draw) -> None:
        """Answer a hub that asks this one to deal its messages."""
        counts = self.deal(draw.namespace, draw.member, draw.payloads)
        self._effects.tell_hub(hub, Counted(draw.namespace, draw.number, *counts))

    def deal(self, namespace: str, member: PeerId, payloads: tuple[bytes, ...]) -> tuple[int, int]:
        """Send each of a member's messages to another member that is drawn, at whatever hub.

        Returns how many members there are, and how many of them are flagged.
        """
        kept = self._table.get(namespace) if is_swarm(namespace) else None
        if kept is None:
            return 0, 0
        if payloads:
            drawn = self._drawn(kept, int(member, 16), min(MOST_DRAWN, len(payloads)))
            self._send(namespace, drawn, payloads)
        return len(kept), kept.flagged

    def _send(self, namespace: str, drawn: list[Record], payloads: tuple[bytes, ...]) -> None:
        dealt: dict[PeerId, list[tuple[int, bytes]]] = {}
        for record, payload in zip(drawn, payloads, strict=False):
            located = record.located
            if located.hub == self._own:
                self._deliver(namespace, located.member.session, payload)
            else:
                dealt.setdefault(located.hub, []).append((located.member.session, payload))
        for other, items in dealt.items():
            self._effects.tell_hub(other, Dealt(namespace, tuple(items)))

    def _drawing_from(self) -> Random:
        """Return what to draw from.

        Nobody gains by a guess at who is drawn, and the randomness of the system, a call for each
        number, would take longer than all else of a draw.
        """
        if self._drawing is None:
            self._drawing = Random(self._rng.getrandbits(64))  # noqa: S311
        return self._drawing

    def _drawn(self, kept: NamespaceRecords, sender: int, most: int) -> list[Record]:
        """Return as many members as may be, drawn at random, without the sender."""
        numbers = kept.numbers
        place = bisect_left(numbers, sender)
        others = len(numbers) - (place < len(numbers) and numbers[place] == sender)
        is_there = others < len(numbers)
        chosen = self._drawing_from().sample(range(others), min(most, others))
        # Behind the sender each is one further.
        places = (one + (is_there and one >= place) for one in chosen)
        return [kept.firsts[numbers[one]] for one in places]
