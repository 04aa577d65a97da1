"""How adverts spread: each new one goes over every link once.

Adverts are gathered for a moment, so that a wave of changes costs one message a link; a loss goes
on at once. What is missed all the same, ``anti_entropy`` makes good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import SendToLink, Tell
from peerpigeon.core.interface.notices import ErrorOccurred, HubDiscovered
from peerpigeon.core.wire.hub_frames import Advert, Adverts, LinkEnd
from peerpigeon.core.wire.ranges import LAST_INCARNATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Links, NeighbourLink
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.mesh.topology import Bar

IMPOSTOR = "another hub announces itself under our id {}, or our clock went back"


@dataclass(slots=True)
class Learned:
    """What a neighbour's adverts have changed."""

    found: list[PeerId] = field(default_factory=list)
    """Hubs not known to be live before."""
    restarted: list[Advert] = field(default_factory=list)
    """Of hubs that have begun a new life."""
    is_anything: bool = False


class Gossip:
    """What one hub passes on of what it hears, and when."""

    def __init__(
        self,
        membership: Membership,
        links: Links,
        effects: Effects,
        limits: MeshLimits,
        now: float,
    ) -> None:
        self._own = membership.own.hub
        self._limits = limits
        self._membership = membership
        self._links = links
        self._effects = effects
        # Adverts to pass on, each with the neighbour that it came from.
        self._fresh: dict[PeerId, PeerId] = {}
        # Missing hubs whose adverts were repeated to us, each with the neighbour that did.
        self._repeated: dict[PeerId, PeerId] = {}
        self._flush_at: float | None = None
        self._is_urgent = False
        self._rise_at = now

    def deadline(self) -> float | None:
        """Return when our advert is to be looked at and fresh ones are to be passed on."""
        return self._flush_at

    def flush_by(self, when: float, *, is_urgent: bool = False) -> None:
        """Have our advert looked at and fresh ones passed on no later than at ``when``."""
        self._is_urgent = self._is_urgent or is_urgent
        if self._flush_at is None or when < self._flush_at:
            self._flush_at = when

    def flush_soon(self, now: float) -> None:
        """Have our advert looked at and fresh ones passed on with what else comes in a moment."""
        self.flush_by(now + self._limits.advert_batch)

    # Passing on

    def greet(self, link: NeighbourLink) -> None:
        """Send a new neighbour our advert, which it has to know at once."""
        self._effects.act(SendToLink(link.id, Adverts((self._membership.own,))))

    def publish(
        self,
        ends: tuple[LinkEnd, ...],
        bar: Bar | None,
        now: float,
        *,
        is_draining: bool = False,
    ) -> None:
        """Renew our advert if there is something new to say, and pass on all that is fresh."""
        if self._membership.publish(ends, bar, now, is_draining=is_draining):
            self._fresh[self._own] = self._own
        self._flush()

    def _flush(self) -> None:
        """Pass fresh adverts on: to each neighbour those that did not come from it."""
        fresh, self._fresh = self._fresh, {}
        is_urgent, self._is_urgent = self._is_urgent, False
        self._flush_at = None
        if not fresh:
            return
        sources = set(fresh.values())
        everything = self._gather(fresh, None)
        for hub in self._links.neighbours:
            link = self._links.to(hub)
            is_partial = hub in sources or hub in fresh
            adverts = self._gather(fresh, hub) if is_partial else everything
            if link is not None and adverts:
                self._effects.act(SendToLink(link.id, Adverts(adverts, is_urgent)))

    def _gather(self, fresh: dict[PeerId, PeerId], neighbour: PeerId | None) -> tuple[Advert, ...]:
        advert_of = self._membership.advert
        return tuple(
            advert
            for hub, source in fresh.items()
            if neighbour not in (source, hub) and (advert := advert_of(hub)) is not None
        )

    # Hearing

    def learn(self, sender: PeerId, frame: Adverts, now: float) -> Learned:
        """Take a neighbour's adverts."""
        learned = Learned()
        for advert in frame.adverts:
            if advert.hub != self._own:
                self._learn(advert, sender, learned, now)
            elif advert.incarnation == LAST_INCARNATION:
                pass  # no hub would take what comes after it
            elif now >= self._rise_at and self._membership.rise_above(advert):
                self._rise_at = now + self._limits.rise_pause
                self._effects.act(Tell(ErrorOccurred(IMPOSTOR.format(self._own))))
                self._fresh[self._own] = self._own
        if self._fresh:
            when = now if frame.is_urgent else now + self._limits.advert_batch
            self.flush_by(when, is_urgent=frame.is_urgent)
        return learned

    def _learn(self, advert: Advert, sender: PeerId, learned: Learned, now: float) -> None:
        membership, hub = self._membership, advert.hub
        was_live, former = hub in membership, membership.incarnation(hub)
        if former == 0 and len(membership) >= self._limits.known_hubs:
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
            learned.found.append(hub)
            self._effects.act(Tell(HubDiscovered(hub, sender, advert.addresses)))

    def on_returned(self, hubs: Iterable[PeerId], now: float) -> None:
        """Pass on the repeated adverts that have brought hubs back, after a look at who is there.

        The others on our side have lost these hubs too, and nobody else would repeat them there.
        """
        repeated, self._repeated = self._repeated, {}
        again = {hub: repeated[hub] for hub in hubs if hub in repeated}
        if again:
            self._fresh = again | self._fresh
            self.flush_soon(now)
