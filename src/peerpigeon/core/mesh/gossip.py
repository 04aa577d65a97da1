"""How adverts spread: each new one over every link once, and what was missed is made good.

Adverts are gathered for ``BATCH`` seconds, so that a wave of changes costs one message a link; a
loss goes on at once. Neighbours compare the digests of their tables with each heartbeat, and
exchange summaries when they differ for long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.interface.notices import ErrorOccurred, HubDiscovered
from peerpigeon.core.mesh.links import DIGEST_PATIENCE, RESTLESS_PATIENCE, Link, Links
from peerpigeon.core.wire.hub_frames import Advert, Adverts, Frame, Heartbeat, LinkEnd, Summary
from peerpigeon.core.wire.ranges import LAST_INCARNATION

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.core.mesh.membership import Changes, Membership

BATCH = 0.1
"""Seconds for which adverts are gathered before they go on."""

RISE_PAUSE = 10.0
"""Seconds between two risings above others under our own id. Each looks like a restart to all other
hubs, and two hubs that were given one id outdo each other for as long as both live."""

HUB_LIMIT = 4096
"""Hubs whose adverts are kept; those of more are not heeded."""

IMPOSTOR = "another hub announces itself under our id {}, or our clock went back"


@dataclass(slots=True)
class Learned:
    """What a neighbour's adverts have changed."""

    found: list[Advert] = field(default_factory=list)
    """Of hubs not known to be live before."""
    restarted: list[Advert] = field(default_factory=list)
    """Of hubs that have begun a new life."""
    is_anything: bool = False
    notices: list[Notice] = field(default_factory=list)


class Gossip:
    """What one hub passes on of what it hears, and when."""

    def __init__(self, membership: Membership, links: Links, interval: float, now: float) -> None:
        self._own = membership.own.hub
        self._interval = interval
        self._membership = membership
        self._links = links
        # Adverts to pass on, each with the neighbour that it came from.
        self._fresh: dict[PeerId, PeerId] = {}
        # Missing hubs whose adverts were repeated to us, each with the neighbour that did.
        self._repeated: dict[PeerId, PeerId] = {}
        self._flush_at: float | None = None
        self._is_urgent = False
        self._changed_at = now
        self._rise_at = now

    def deadline(self) -> float | None:
        """Return when ``flush`` is due."""
        return self._flush_at

    def flush_by(self, when: float, *, is_urgent: bool = False) -> None:
        """Have our advert looked at and fresh ones passed on no later than at ``when``."""
        self._is_urgent = self._is_urgent or is_urgent
        if self._flush_at is None or when < self._flush_at:
            self._flush_at = when

    def publish(
        self,
        ends: tuple[LinkEnd, ...],
        bar: tuple[int, PeerId] | None,
        now: float,
        *,
        is_draining: bool,
    ) -> None:
        """Renew our advert, if there is something new to say."""
        if self._membership.publish(ends, bar, is_draining=is_draining) is not None:
            self._fresh[self._own] = self._own
            self._changed_at = now

    def flush(self) -> list[tuple[Link, Frame]]:
        """Pass fresh adverts on: to each neighbour those that did not come from it."""
        fresh, self._fresh = self._fresh, {}
        is_urgent, self._is_urgent = self._is_urgent, False
        self._flush_at = None
        if not fresh:
            return []
        sources = set(fresh.values())
        everything = self._gather(fresh, None)
        frames: list[tuple[Link, Frame]] = []
        for hub in self._links.neighbours:
            link = self._links.to(hub)
            is_partial = hub in sources or hub in fresh
            adverts = self._gather(fresh, hub) if is_partial else everything
            if link is not None and adverts:
                frames.append((link, Adverts(adverts, is_urgent)))
        return frames

    def _gather(self, fresh: dict[PeerId, PeerId], neighbour: PeerId | None) -> tuple[Advert, ...]:
        advert_of = self._membership.advert
        return tuple(
            advert
            for hub, source in fresh.items()
            if neighbour not in (source, hub) and (advert := advert_of(hub)) is not None
        )

    def learn(self, sender: PeerId, frame: Adverts, now: float) -> Learned:
        """Take a neighbour's adverts."""
        learned = Learned()
        for advert in frame.adverts:
            if advert.hub != self._own:
                self._learn(advert, sender, learned, now)
            elif advert.incarnation == LAST_INCARNATION:
                pass  # no hub would take what comes after it
            elif now >= self._rise_at and self._membership.rise_above(advert):
                self._rise_at = now + RISE_PAUSE
                learned.notices.append(ErrorOccurred(IMPOSTOR.format(self._own)))
                self._fresh[self._own] = self._own
        if learned.is_anything:
            self._changed_at = now
        if self._fresh:
            self.flush_by(now if frame.is_urgent else now + BATCH, is_urgent=frame.is_urgent)
        return learned

    def _learn(self, advert: Advert, sender: PeerId, learned: Learned, now: float) -> None:
        membership, hub = self._membership, advert.hub
        was_live, former = hub in membership, membership.incarnation(hub)
        if former == 0 and len(membership) >= HUB_LIMIT:
            return
        if not membership.learn(advert, now):
            if hub not in membership:
                self._repeated[hub] = sender
            return
        learned.is_anything = True
        self._fresh[hub] = sender
        if 0 < former < advert.incarnation:
            learned.restarted.append(advert)
        if not was_live and hub in membership:
            learned.found.append(advert)
            learned.notices.append(HubDiscovered(hub, sender, advert.addresses))

    def on_check(self, changes: Changes, now: float) -> list[tuple[Link, Frame]]:
        """Return what to send after a look at who can be reached."""
        repeated, self._repeated = self._repeated, {}
        if changes.gone or changes.returned:
            self._changed_at = now  # our digest has changed
        # The others on our side have lost them too, and nobody else would repeat them there.
        again = {hub: repeated[hub] for hub in changes.returned if hub in repeated}
        if again:
            self._fresh = again | self._fresh
            self.flush_by(now + BATCH)
        # Of whom it has not lost itself a neighbour that is back may have nothing new to say.
        links = [link for hub in changes.returned if (link := self._links.to(hub)) is not None]
        summary = Summary(self._membership.summary() if links else ())
        return [(link, summary) for link in links]

    def greet(self, link: Link, digest: int) -> list[Frame]:
        """Return what a new neighbour has to know at once; ``digest`` is that of its table."""
        frames: list[Frame] = [Adverts((self._membership.own,))]
        is_bridge = link.hub is not None and not self._membership.reaches(link.hub)
        if is_bridge and digest != self._membership.digest:
            frames.append(Summary(self._membership.summary()))
        return frames

    def on_heartbeat(self, link: Link, frame: Heartbeat, now: float) -> list[Frame]:
        """Return our summary if a neighbour's table has differed from ours for too long."""
        if frame.digest == self._membership.digest:
            link.differing = 0
            return []
        link.differing += 1
        is_still = now >= self._changed_at + DIGEST_PATIENCE * self._interval
        if link.differing < (DIGEST_PATIENCE if is_still else RESTLESS_PATIENCE):
            return []
        link.differing = 0
        return [Summary(self._membership.summary())]

    def on_summary(self, frame: Summary) -> list[Frame]:
        """Return what a neighbour lacks, and our own summary if we lack something too."""
        frames: list[Frame] = []
        lacking, we_lack = self._membership.compare(frame.entries)
        if lacking:
            frames.append(Adverts(lacking))
        if we_lack and frame.wants_answer:
            frames.append(Summary(self._membership.summary(), wants_answer=False))
        return frames
