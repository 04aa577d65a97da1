"""What members at one hub send to others that are drawn, and what comes for its own members.

A question is kept until it is answered, and goes to the next lead if the lead changes before that,
or loses its memory. The messages do not: nobody knows whether the last lead has dealt them, and
none is to come twice. Their sender is told that they may be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import msgspec
from msgspec.structs import replace

from peerpigeon.core.changes import VisitorTold
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import Counted as CountedNews
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.sessions.registry import Guest
from peerpigeon.core.swarms.dealing import Dealing
from peerpigeon.core.wire.hub_news import Counted, Dealt, Draw
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry
    from peerpigeon.core.wire.hub_news import Member

_NOBODY = PeerId("0" * 40)
"""Stands in a ``Draw`` that is only a question, and for the lead of one that nobody has."""


class _Asked(msgspec.Struct):
    question: Draw
    """The draw without its messages."""
    visitor: SessionId
    member: PeerId | None
    size: int
    lead: PeerId
    until: float
    has_messages: bool
    may_be_lost: bool = False
    """Whether the messages, if there are any, were for a lead that will not answer any more."""
    is_crowded: bool = False
    """Whether there was no room for them."""


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
        self._dealing = Dealing(own, namespaces, rng, effects, self._hand_over)
        self._last = namespaces.views.first_session(own)
        self._asked: dict[int, _Asked] = {}  # in order of time
        self._size = 0
        self._memory.gauges.append(lambda: self._size)

    def __len__(self) -> int:
        """Return how many draws are not answered."""
        return len(self._asked)

    @property
    def dropped(self) -> int:
        """How many draws of other hubs were not dealt here, as too much of them waited."""
        return self._dealing.dropped

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
        lead, effects = self._placement.rendezvous_hubs(namespace)[0], self._effects
        # What was said before, as that the member is flagged, must not be overtaken.
        if lead == self._own and not effects.news and not effects.changes:
            counts = self._dealing.deal(namespace, member or _NOBODY, payloads)
            return CountedNews(namespace, member, *counts)
        self._last = number = self._last + 1
        question = Draw(namespace, member or _NOBODY, number, ())
        size = size_of(question)
        draw = replace(question, payloads=payloads) if payloads else question
        if not self._memory.has_room(size_of(draw)):
            known = self._presence.count(namespace)
            return CountedNews(namespace, member, known, 0, is_crowded=bool(payloads))
        until = now + self._lifetime
        self._asked[number] = _Asked(question, visitor, member, size, lead, until, bool(payloads))
        self._size += size
        effects.tell_hub(lead, draw)
        return None

    def _answer(self, asked: _Asked, members: int, flagged: int) -> None:
        is_lost = asked.has_messages and asked.may_be_lost
        is_crowded = asked.has_messages and asked.is_crowded
        namespace, member = asked.question.namespace, asked.member
        news = CountedNews(namespace, member, members, flagged, is_lost, is_crowded)
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
        if member is not None:
            self._hand_over(namespace, member, payload)

    def _hand_over(self, namespace: str, member: Member, payload: bytes) -> None:
        """Send a message to one of ours if it has its id, in the session that is meant."""
        party = self._registry.find(member.peer)
        if (
            isinstance(party, Guest)
            and party.granted_in == namespace
            and party.mesh_session == member.session
        ):
            self._effects.send(party.hub, payload)

    def on_failure(self, hub: PeerId, news: Draw | Dealt, reason: Reason) -> None:
        """Take what could not be brought to a hub.

        A draw is answered by what is known here; but a lead that was restarted is asked again, when
        it is told anew who is there.
        """
        asked = self._asked.get(news.number) if isinstance(news, Draw) else None
        if asked is None or asked.lead != hub:
            return
        if reason is Reason.RESTARTED:
            asked.lead, asked.may_be_lost = _NOBODY, True
        else:
            asked.is_crowded |= reason is Reason.OVERLOADED
            asked.may_be_lost |= reason is not Reason.OVERLOADED
            self._give_up(asked)

    def placed(self) -> None:
        """Ask another lead what is not answered, where there is one; O(what is asked)."""
        for asked in self._asked.values():
            lead = self._placement.primary(asked.question.namespace)
            if lead != asked.lead:
                asked.lead, asked.may_be_lost = lead, True
                self._effects.tell_hub(lead, asked.question)

    def _give_up(self, asked: _Asked) -> None:
        self._forget(asked.question.number)
        self._answer(asked, self._presence.count(asked.question.namespace), 0)

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
            asked.may_be_lost = True
            self._give_up(asked)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        asked = next((asked.until for asked in self._asked.values()), None)
        return earliest(asked, self._dealing.deadline())
