"""Topics as one hub serves them: who listens, and what they hear of this hub and of others.

In a topic the *hubs* are the members of the namespace: one enters with its first listener, under
its own id, and leaves with its last. What a client publishes is told to the listeners here at once,
and goes to the lead, the primary rendezvous hub of the namespace, which hands it out to the other
hubs (``distribution.py``). So a hub that has entered and speaks is known to the one that hands out
what is said in answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.figures import TopicFigures
from peerpigeon.core.topics.distribution import UNCERTAIN, Distribution
from peerpigeon.core.topics.greetings import Greetings
from peerpigeon.core.topics.heard import Heard
from peerpigeon.core.topics.listeners import Listeners
from peerpigeon.core.topics.newcomers import Newcomers
from peerpigeon.core.topics.publications import Publications
from peerpigeon.core.topics.repetitions import Repetitions
from peerpigeon.core.wire.client_messages import hub_introduction
from peerpigeon.core.wire.hub_news import Handed, HandedOut, Spread

if TYPE_CHECKING:
    from collections.abc import Set

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Visitor
    from peerpigeon.core.wire.reasons import Reason


_NOBODY: frozenset[SessionId] = frozenset()


class Topics:
    """The topics of one hub's visitors, and those that it hands out as their lead."""

    def __init__(
        self, own: PeerId, config: ServerConfig, namespaces: Namespaces, effects: Effects
    ) -> None:
        self._own = own
        self._is_hub = config.is_hub
        self._placement = namespaces.placement
        self._presence = namespaces.presence
        self.newcomers = Newcomers(effects)
        """Those that have begun to listen, and said nothing yet."""
        self._listeners = Listeners(self.newcomers, effects)
        self._greetings = greetings = Greetings(self._listeners, effects)
        lifetime = config.signal_lifetime
        self._publications = Publications(own, lifetime, namespaces, greetings, effects)
        self._distribution = Distribution(own, namespaces, effects)
        parts = self._listeners, self._publications, self._distribution, effects
        self._repetitions = Repetitions(own, namespaces, *parts)
        self._presence.watch_leads(self._repetitions.led)
        self.on_join = self._distribution.on_join
        """Take the word of a hub that it listens, once it is stored."""
        self._heard = Heard()
        self._certain_from = float("-inf")
        self._counts = effects.counts
        self.count = self._listeners.count
        """Return how many visitors listen in a namespace."""
        self.has_room = self._listeners.has_room
        """Tell whether one more may listen in a namespace, as far as memory goes."""

    # Our visitors

    def listen(self, visitor: Visitor, namespace: str, now: float) -> None:
        """Let a visitor hear what is published in a namespace; it does not yet."""
        if self._listeners.add(visitor, namespace, now) and self._is_hub:
            self._presence.announce(namespace, self._own, hub_introduction(self._own))

    def unlisten(self, visitor: Visitor, namespace: str, now: float) -> None:
        """Let a visitor hear nothing more of a namespace in which it listens."""
        if self._listeners.remove(visitor, namespace) and self._is_hub:
            self._presence.withdraw(namespace, self._own, now, has_said_goodbye=False)

    def leave(self, visitor: Visitor, now: float) -> None:
        """Let a visitor hear nothing more."""
        for namespace in list(visitor.topics):
            self.unlisten(visitor, namespace, now)

    def publish(self, visitor: Visitor, namespace: str, payload: bytes, now: float) -> int:
        """Send a message of a visitor to all who listen in a namespace, at whatever hub.

        Returns how many listen here.
        """
        self._counts.published += 1
        is_greeting = self._listeners.greets(visitor, namespace, payload, now)
        self._deliver(namespace, payload, is_greeting=is_greeting)
        if len(self._placement) > 1 or now < self._certain_from:
            greets = visitor.session if is_greeting else None
            self._publications.spread(namespace, payload, now, greets)
        return self.count(namespace)

    def _deliver(
        self,
        namespace: str,
        payload: bytes,
        but: Set[SessionId] = _NOBODY,
        *,
        is_greeting: bool,
    ) -> None:
        if self.newcomers:
            but |= self.newcomers.hold(namespace, payload, is_greeting=is_greeting)
        self._counts.heard += self._listeners.deliver(namespace, payload, but)

    # Other hubs

    def on_news(self, hub: PeerId, news: Spread | Handed | HandedOut, now: float) -> None:
        """Take a piece of news from a hub, which may be this one."""
        match news:
            case Handed():
                self._hear(news, None if news.is_passed_on else hub, now)
            case HandedOut():
                self._publications.handed_out(hub, news, now)
            case Spread() if news.is_passed_on or news.origin == hub:
                lead = hub if news.is_passed_on else self._own
                for handed in self._distribution.distribute(hub, news, now):
                    self._hear(handed, lead, now)
            case Spread():
                pass  # made up
            case _:
                assert_never(news)

    def _hear(self, handed: Handed, lead: PeerId | None, now: float) -> None:
        """Tell our listeners what was published at another hub, once.

        ``lead`` has handed it out in its order, if one has.
        """
        namespace, origin, number = handed.namespace, handed.origin, handed.number
        if origin == self._own:
            return
        is_new = self._heard.is_new(namespace, origin, number, now)
        is_greeting = handed.is_greeting
        later = self._greetings.hear(handed, lead, is_new=is_new) if is_greeting else _NOBODY
        if is_new:
            self._deliver(namespace, handed.payload, later, is_greeting=is_greeting)

    def on_failure(self, news: Spread | Handed | HandedOut, reason: Reason, now: float) -> None:
        """Take what could not be brought to a hub."""
        if isinstance(news, Spread) and news.origin == self._own:
            self._publications.failed(news, reason, now)
        elif not isinstance(news, HandedOut):  # whoever waits for one does not wait for ever
            self._counts.unheard += 1

    def placed(self, now: float) -> None:
        """Take that namespaces may have other rendezvous hubs by now."""
        if not self._is_hub:
            return  # nobody else hands out anything
        self._certain_from = now + UNCERTAIN
        self._distribution.placed(self._certain_from)
        self._publications.placed(self._certain_from, now)
        self._repetitions.placed(now)

    def figures(self, draws: int, dropped_draws: int) -> TopicFigures:
        """Return the numbers of this moment, and those since the start; ``draws`` wait, too."""
        counts = self._counts
        return TopicFigures(
            len(self._listeners),
            len(self._publications),
            len(self._distribution),
            draws,
            dropped_draws,
            {"published": counts.published, "heard": counts.heard, "unheard": counts.unheard},
        )

    # Time

    def expire(self, now: float) -> None:
        """Do what is due."""
        self.newcomers.expire(now)
        self._greetings.expire(now)
        self._publications.expire(now)
        self._distribution.expire(now)
        self._repetitions.expire(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        parts = self._publications, self._distribution, self._repetitions
        greetings = self.newcomers.deadline(), self._greetings.deadline()
        return earliest(*greetings, *(part.deadline() for part in parts))
