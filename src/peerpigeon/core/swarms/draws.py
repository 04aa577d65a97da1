"""What members at one hub send to others that are drawn, and what comes for its own members.

A question is kept until it is answered, and goes to the next lead if the lead changes before that.
Messages may be dealt twice then, to different members: of two answers to one offer its sender takes
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import VisitorTold
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import Counted as CountedNews
from peerpigeon.core.ids import PeerId
from peerpigeon.core.sessions.registry import Guest
from peerpigeon.core.swarms.dealing import Dealing
from peerpigeon.core.wire.hub_news import Counted, Dealt, Draw
from peerpigeon.core.wire.hub_sizes import size_of

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry

_NOBODY = PeerId("0" * 40)
"""Stands in a ``Draw`` that is only a question."""


@dataclass(slots=True)
class _Asked:
    draw: Draw
    visitor: SessionId
    member: PeerId | None
    size: int
    lead: PeerId
    until: float


class Draws:
    """The draws of one hub's members. ``lifetime`` of each: seconds."""

    def __init__(
        self,
        own: PeerId,
        lifetime: float,
        registry: Registry,
        namespaces: Namespaces,
        rng: Random,
        effects: Effects,
    ) -> None:
        self._own = own
        self._lifetime = lifetime
        self._registry = registry
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._effects = effects
        self._memory = effects.memory.signals
        self._dealing = Dealing(own, namespaces, rng, effects, self._deliver)
        self._last = namespaces.views.first_session(own)
        self._asked: dict[int, _Asked] = {}  # in order of time
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return how many draws are not answered."""
        return len(self._asked)

    # Our members

    def draw(
        self,
        visitor: SessionId,
        namespace: str,
        member: PeerId | None,
        payloads: tuple[bytes, ...],
        now: float,
    ) -> CountedNews | None:
        """Send messages of a visitor's member to others that are drawn; without one only ask.

        Returns the answer if it is known here. Else its visitor is told later.
        """
        lead, effects = self._placement.primary(namespace), self._effects
        # What was said before, as that the member is flagged, must not be overtaken.
        if lead == self._own and not effects.news and not effects.changes:
            counts = self._dealing.deal(namespace, member or _NOBODY, payloads)
            return CountedNews(namespace, member, *counts)
        self._last = number = self._last + 1
        draw = Draw(namespace, member or _NOBODY, number, payloads)
        size = size_of(draw)
        asked = _Asked(draw, visitor, member, size, lead, now + self._lifetime)
        if not self._memory.has_room(size):
            return CountedNews(namespace, member, self._presence.count(namespace), 0)
        self._asked[number] = asked
        self._size += size
        effects.tell_hub(lead, draw)
        return None

    def _answer(self, asked: _Asked, members: int, flagged: int) -> None:
        news = CountedNews(asked.draw.namespace, asked.member, members, flagged)
        self._effects.report(VisitorTold(asked.visitor, news))

    # Other hubs

    def on_news(self, hub: PeerId, news: Draw | Dealt | Counted, now: float) -> None:
        """Take a piece of news from a hub, which may be this one."""
        match news:
            case Draw():
                self._dealing.on_draw(hub, news, now)
            case Dealt(namespace, items):
                for session, payload in items:
                    self._deliver(namespace, session, payload)
            case Counted():
                asked = self._asked.get(news.number)
                if asked is not None and asked.lead == hub:
                    self._forget(news.number)
                    self._answer(asked, news.members, news.flagged)
            case _:
                assert_never(news)

    def _deliver(self, namespace: str, session: int, payload: bytes) -> None:
        member = self._presence.member_of(namespace, self._presence.current(session))
        party = None if member is None else self._registry.find(member.peer)
        if isinstance(party, Guest) and party.granted_in == namespace:
            self._effects.send(party.hub, payload)

    def on_failure(self, news: Draw | Dealt) -> None:
        """Take what could not be brought to a hub: a draw is answered by what is known here."""
        if isinstance(news, Draw) and (asked := self._asked.get(news.number)) is not None:
            self._give_up(asked)

    def placed(self) -> None:
        """Send what is not answered to another lead, where there is one; O(what is asked)."""
        for asked in list(self._asked.values()):
            lead = self._placement.primary(asked.draw.namespace)
            if lead != asked.lead:
                asked.lead = lead
                self._effects.tell_hub(lead, asked.draw)

    def _give_up(self, asked: _Asked) -> None:
        self._forget(asked.draw.number)
        self._answer(asked, self._presence.count(asked.draw.namespace), 0)

    def _forget(self, number: int) -> None:
        self._size -= self._asked.pop(number).size

    # Time

    def expire(self, now: float) -> None:
        """Deal what waits for its turn, and give up what was not answered for too long."""
        self._dealing.expire(now)
        while self._asked:
            asked = next(iter(self._asked.values()))
            if asked.until > now:
                return
            self._give_up(asked)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        asked = next((asked.until for asked in self._asked.values()), None)
        return earliest(asked, self._dealing.deadline())
