"""A lead deals what members of a swarm send out to others, and tells how many there are.

The lead is the primary rendezvous hub, which has the records of all members, so that a draw is
uniform over the swarm, however it lies on the hubs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.dialects.names import is_swarm
from peerpigeon.core.shares import Shares
from peerpigeon.core.wire.hub_news import Counted, Dealt
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.ranges import MOST_DRAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record
    from peerpigeon.core.wire.hub_news import Draw, Member

PIECE = 1024
"""Members that are drawn at once for other hubs, about: some 3 ms, with what is sent to them. Then
all else has its turn."""

MESSAGE = 4
"""What a message to another hub counts in members: an answer, or what members there are dealt. An
answer to this hub itself counts as one."""

MOST_WAITING = 32 * MIB
"""Bytes of draws that wait for their turn, of which no hub has more than it leaves free; no more
than a quarter of what signals may take. When a hub has three quarters of that, the messages of more
are dropped. Of a crowd that comes at once next to none wait: a piece is about what is read of a
link in a turn."""

SPARSE = 4
"""Of how many members one is drawn, at least, where members are drawn again if they were before.
``Random.sample`` takes twice as long, and is for those that draw most of a swarm."""


class Dealing:
    """The swarms whose lead one hub is."""

    def __init__(
        self,
        own: PeerId,
        namespaces: Namespaces,
        rng: Random,
        effects: Effects,
        deliver: Callable[[str, Member, bytes], None],
    ) -> None:
        """``deliver``: hands a message to the member of a namespace that is here."""
        self._own = own
        self._deliver = deliver
        self._table = namespaces.rendezvous.table
        self._rng = rng
        self._drawing: Random | None = None
        self._effects = effects
        self._left = PIECE
        self._waiting: dict[PeerId, deque[Draw]] = {}
        self._due = 0.0
        self._lagging = effects.lagging
        self._memory = effects.memory.signals
        self._room: Shares[PeerId] = Shares(min(MOST_WAITING, self._memory.limit // 4))
        self._memory.gauges.append(lambda: self._room.size)
        self.dropped = 0
        """Draws of other hubs of which the messages, or all, were dropped, as too much waits."""

    # For other hubs

    def on_draw(self, hub: PeerId, draw: Draw, now: float) -> None:
        """Answer a hub that asks this one to deal its messages, or have that wait for its turn.

        So it waits, too, while the hub takes answers more slowly than it asks: they would fill the
        memory of signals.
        """
        is_behind = self._lagging.until(hub) is not None
        if not self._waiting and self._left > 0 and not is_behind:
            self._answer(hub, draw)
            return
        self._due = now
        room, asked = self._room, draw
        if draw.payloads and room.left_to(hub) - 2 * size_of(draw) < room.most // 4:
            asked = replace(draw, payloads=())
        size = size_of(asked)
        has_room = room.has_room(hub, size) and self._memory.has_room(size)
        if has_room:
            room.take(hub, size)
            self._waiting.setdefault(hub, deque()).append(asked)
        self.dropped += not has_room or asked is not draw

    def _answer(self, hub: PeerId, draw: Draw) -> None:
        self._left -= MESSAGE if hub != self._own else 1
        counts = 0, 0
        if is_swarm(draw.namespace):
            counts = self.deal(draw.namespace, draw.member, draw.payloads)
        self._effects.tell_hub(hub, Counted(draw.namespace, draw.number, *counts))

    def expire(self, now: float) -> None:
        """Do one more piece of what waits, of each hub one in turn."""
        self._left = PIECE
        while self._left > 0 and (hub := self._next()) is not None:
            line = self._waiting.pop(hub)
            draw = line.popleft()
            if line:
                self._waiting[hub] = line
            self._room.give_back(hub, size_of(draw))
            self._answer(hub, draw)
        self._due = now

    def _next(self) -> PeerId | None:
        """Return whose turn it is; nobody's while all who wait have answers to take before."""
        until = self._lagging.until
        return next((hub for hub in self._waiting if until(hub) is None), None)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do: at once, if it has."""
        return None if self._next() is None else self._due

    # For whoever asks

    def deal(self, namespace: str, member: PeerId, payloads: tuple[bytes, ...]) -> tuple[int, int]:
        """Send each of a swarm's member's messages to another one that is drawn, at whatever hub.

        Returns how many members there are, and how many of them are flagged.
        """
        kept = self._table.get(namespace)
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
                self._deliver(namespace, located.member, payload)
            else:
                dealt.setdefault(located.hub, []).append((located.member.session, payload))
        self._left -= len(drawn) + MESSAGE * len(dealt)
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
        chosen = _sample(self._drawing_from(), others, min(most, others))
        # Behind the sender each is one further.
        places = (one + (is_there and one >= place) for one in chosen)
        return [kept.firsts[numbers[one]] for one in places]


def _sample(drawing: Random, population: int, count: int) -> Iterable[int]:
    """Return so many different numbers below ``population``, drawn at random, in random order."""
    if count * SPARSE > population:
        return drawing.sample(range(population), count)
    chosen: dict[int, None] = {}
    draw = drawing.random
    while len(chosen) < count:
        chosen[int(draw() * population)] = None
    return chosen
