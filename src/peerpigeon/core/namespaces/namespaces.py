"""Namespaces as one hub has them: those of its clients, and those whose records it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.snapshot import NamespaceRecord
from peerpigeon.core.namespaces.hub_views import HubViews, first_session
from peerpigeon.core.namespaces.presence import Presence
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.namespaces.unheard import Unheard
from peerpigeon.core.wire.hub_news import (
    Claim,
    Find,
    Gone,
    Join,
    Leave,
    Meet,
    More,
    Resync,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.client_news import ClientNews
    from peerpigeon.core.namespaces.placement import Placement

NamespaceNews: TypeAlias = Meet | Gone | Resync | Join | Leave | More | Find | Verdict | Claim


class Namespaces:
    """Puts together what one hub knows of namespaces.

    News for other hubs goes into the effects; what clients are to be told is returned.
    """

    def __init__(
        self,
        own: PeerId,
        incarnation: int,
        limit: int,
        rng: Random,
        placement: Placement,
        effects: Effects,
    ) -> None:
        self._effects = effects
        self._unheard = Unheard()
        self.views = HubViews(own, incarnation)
        self.placement = placement
        self.presence = Presence(own, limit, incarnation, self.views, placement, effects)
        self.rendezvous = Rendezvous(own, limit, rng, self.views, placement, effects)

    def largest(self, most: int) -> list[NamespaceRecord]:
        """Return those with most clients of ours, largest first."""
        kept_of = self.rendezvous.table.get
        return [
            NamespaceRecord(name, clients, None if (kept := kept_of(name)) is None else len(kept))
            for name, clients in self.presence.largest(most)
        ]

    def on_news(self, hub: PeerId, news: NamespaceNews, now: float) -> list[ClientNews]:
        """Take a piece of news from a hub, which may be this one."""
        match news:
            case Meet():
                return self.presence.on_meet(news, now)
            case Gone():
                return self.presence.on_gone(hub, news, now)
            case Resync():
                self.presence.resync(now)
            case Join():
                self.rendezvous.on_join(hub, news, now)
            case Leave():
                self.rendezvous.on_leave(hub, news, now)
            case More():
                self.rendezvous.on_more(hub, news, now)
            case Find():
                self.rendezvous.on_find(hub, news)
            case Claim():
                self.rendezvous.on_claim(hub, news, now)
            case Verdict():
                self.rendezvous.on_verdict(hub, news, now)
            case _:
                assert_never(news)
        return []

    # Hubs come and go

    def rise(self, incarnation: int, now: float) -> dict[int, int]:
        """Go on under another incarnation of this hub; our clients notice nothing.

        Returns what has become of each of their sessions.
        """
        self.views.rise(incarnation)
        risen = self.presence.rise(incarnation)
        self.rendezvous.renumber(risen, now)
        return risen

    def hub_gone(self, hub: PeerId, now: float) -> list[ClientNews]:
        """Forget the members at a hub that is gone."""
        self._unheard.forget(hub)
        incarnation = self.views.end(hub, now)
        self.rendezvous.drop_hub(hub, now)
        return self.presence.drop_hub(hub, first_session(incarnation), now)

    def hub_restarted(self, hub: PeerId, incarnation: int, now: float) -> list[ClientNews]:
        """Forget the members at a hub that were there in an earlier life of it."""
        self.views.restart(hub, incarnation)
        self.rendezvous.drop_hub(hub, now, incarnation)
        return self.presence.drop_hub(hub, first_session(incarnation), now)

    def hub_rose(self, hub: PeerId, incarnation: int, now: float) -> list[ClientNews]:
        """Forget the sessions that the members at a hub had before it rose.

        They are published again. But it may not have risen just now: if somebody has made up an
        incarnation of it in between, it has published them before and knows of nothing.
        """
        kept = len(self.rendezvous)
        told = self.hub_restarted(hub, incarnation, now) + self._finish_dropping(hub)
        if told:
            self.presence.resync(now)
        if told or len(self.rendezvous) < kept:
            self._effects.tell_hub(hub, Resync())
        return told

    def hub_returned(self, hub: PeerId, now: float) -> list[ClientNews]:
        """Bring back what was lost by the mistake that a hub was gone."""
        told = self._finish_dropping(hub)
        self.views.resume(hub, now)
        self.rendezvous.handover.note_arrival(now)
        self.presence.resync(now)
        self._effects.tell_hub(hub, Resync())
        return told

    def _finish_dropping(self, hub: PeerId) -> list[ClientNews]:
        """Drop now what is left of a hub that is heard of again."""
        self.rendezvous.finish_dropping(hub)
        return self.presence.finish_dropping(hub)

    def given_up(self, hub: PeerId, now: float) -> None:
        """Have all told anew soon that a hub has not heard: more was on its way than may be.

        What was said of its clients as a rendezvous hub, their ids and whom they shall know,
        follows from what it publishes, so it is asked to do that again.
        """
        self.presence.resync(now, self._unheard.note(hub, now))

    def show(
        self,
        hubs: Mapping[PeerId, int],
        now: float,
        draining: Collection[PeerId] = (),
    ) -> list[ClientNews]:
        """Move namespaces to the hubs that are live by now; O(hubs and namespaces that move).

        ``hubs``: all of them, this one included, with their incarnations; ``draining``: those of
        them that are about to stop.
        """
        reappeared = self.views.show(hubs, now)
        if len(self.placement) == 1 < len(hubs):
            self.rendezvous.handover.note_arrival(now)
        self.rendezvous.handover.note_left(self.placement.update(hubs, draining), now)
        told = [news for hub in reappeared.resumed for news in self._finish_dropping(hub)]
        for hub, incarnation in reappeared.heard_of:
            told += self.presence.drop_hub(hub, first_session(incarnation), now)
        for hub in reappeared.forgotten:
            told += self.hub_returned(hub, now)
        moved = self.placement.take_moved()
        self.presence.publish(moved, now)
        self.rendezvous.assign(moved, now)
        for hub, incarnation in reappeared.heard_of:
            self.rendezvous.drop_hub(hub, now, incarnation)
        return told

    def nobody_was_here(self) -> None:
        """Note that no hub that is listed has ever had a client, so that none has to be heard."""
        self.rendezvous.handover.end_arrival()

    def begin(self, now: float) -> None:
        """Grant foreign ids later: this hub starts from others, and is to hear of them first."""
        self.rendezvous.handover.note_start(now)

    def woke_up(self, now: float) -> None:
        """Grant nothing yet: this process was asleep, and others may have done so meanwhile."""
        if len(self.placement) > 1:
            self.rendezvous.handover.note_arrival(now)

    # Time

    def expire(self, now: float) -> list[ClientNews]:
        """Do what is due."""
        unlisted = self.views.expire(now)
        told = [news for hub in unlisted for news in self.presence.drop_hub(hub, 0, now)]
        told += self.presence.expire(now)
        self.rendezvous.expire(now)
        for hub in self._unheard.take(now):
            self._effects.tell_hub(hub, Resync())
        for hub in unlisted:
            self.rendezvous.drop_hub(hub, now)
        return told

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        parts = self._unheard, self.views, self.presence, self.rendezvous
        return earliest(*(part.deadline() for part in parts))
