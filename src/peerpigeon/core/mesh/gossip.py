"""How adverts spread: each new one goes over every link once.

Adverts are gathered for a moment, so that a wave of changes costs one message a link; a loss goes
on at once. What is missed all the same, ``anti_entropy`` makes good.
"""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.actions import SendToLink, Tell
from peerpigeon.core.interface.notices import HubDiscovered
from peerpigeon.core.mesh.hearsay import Hearsay, Source
from peerpigeon.core.mesh.partings import Partings
from peerpigeon.core.wire.hub_frames import Advert, Adverts, LinkEnd
from peerpigeon.core.wire.hub_sizes import growth_of_advert, size_of_advert
from peerpigeon.core.wire.ranges import is_later_life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.identities import Identities
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Links, NeighbourLink
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.mesh.namesakes import Namesakes
    from peerpigeon.core.mesh.topology import Bar


FORGED_BY_NEIGHBOUR = 16
"""Adverts that are not by their hubs, by one neighbour, beyond which it is left. A hub passes on
what it has looked at itself, so that an honest one says none; and each takes 0.1 ms to look at."""


MANY = 16
"""A neighbour that has said no more than one in so many of the adverts to be passed on is told that
too: a frame of its own would cost more than it saves. All hubs may have come in by this one."""


class Learned(msgspec.Struct):
    """What a neighbour's adverts have changed."""

    found: list[PeerId] = msgspec.field(default_factory=list)
    """Hubs not known to be live before."""
    restarted: list[Advert] = msgspec.field(default_factory=list)
    """Of hubs that have begun a new life."""
    risen: list[Advert] = msgspec.field(default_factory=list)
    """Of hubs that go on under a higher incarnation."""
    exchanged: list[PeerId] = msgspec.field(default_factory=list)
    """Live hubs that have begun a new life without a higher incarnation."""
    drains: bool = False
    """Whether a hub that was known drains by now, or does not any more."""
    is_anything: bool = False
    forged: int = 0
    """How many were not by the hub that they were about."""


class Gossip:
    """What one hub passes on of what it hears, and when."""

    def __init__(
        self,
        membership: Membership,
        links: Links,
        namesakes: Namesakes,
        effects: Effects,
        limits: MeshLimits,
        identities: Identities | None = None,
    ) -> None:
        self._identities = identities
        self._own = membership.own.hub
        self._limits = limits
        self._membership = membership
        self._links = links
        self._namesakes = namesakes
        self._effects = effects
        effects.memory.records.gauges.append(lambda: membership.size)
        # Hubs whose adverts are to be passed on, each with the neighbours that have said the same.
        self._fresh: dict[PeerId, list[Source]] = {}
        self._said: Counter[Source] = Counter()  # how many of them by each neighbour, at most
        self._hearsay = Hearsay(membership, limits)
        self._partings = Partings(membership, limits)
        # Missing hubs whose adverts were repeated to us, each with the neighbour that did.
        self._repeated: dict[PeerId, PeerId] = {}
        # Of hubs that have begun a new life, as far as we have heard, the life before.
        self._former_lives: dict[PeerId, int] = {}
        self._flush_at: float | None = None
        self._is_urgent = False
        self._restless_until = -inf
        self._renewed_at = -inf

    def deadline(self) -> float | None:
        """Return when our advert is to be looked at and fresh ones are to be passed on."""
        return earliest(self._flush_at, self._namesakes.deadline())

    def flush_by(self, when: float, *, is_urgent: bool = False) -> None:
        """Have our advert looked at and fresh ones passed on no later than at ``when``."""
        if is_urgent:
            self._is_urgent = True
            self._restless_until = when + self._limits.restless_for
        if self._flush_at is None or when < self._flush_at:
            self._flush_at = when

    def flush_soon(self, now: float) -> None:
        """Have our advert looked at and fresh ones passed on with what else comes in a moment."""
        self.flush_by(now + self._batch(now))

    def _batch(self, now: float) -> float:
        """Return for how long adverts are gathered."""
        limits = self._limits
        longer = limits.advert_batch + limits.batch_per_hub * self._excess(now)
        return min(longer, limits.longest_batch)

    def _renewal_pause(self, ends: tuple[LinkEnd, ...], bar: Bar | None, now: float) -> float:
        """Return for how long our advert stays as it is, but for a sudden loss.

        What decides whether others ask us for a link, and links that are no way any more, are told
        soon. Links that have only come are not: we are in reach, and more are on their way.
        """
        limits, own = self._limits, self._membership.own
        pause = min(limits.renewal_pause_per_hub * self._excess(now), limits.longest_renewal_pause)
        if (
            pause
            and bar == own.bar
            and {end.hub for end in ends}.issuperset(end.hub for end in own.links)
        ):
            return pause * limits.gain_patience
        return pause

    def _excess(self, now: float) -> int:
        """Return how many hubs there are beyond a small mesh; none after a loss."""
        if now < self._restless_until:
            return 0
        return max(0, len(self._membership) - self._limits.small_mesh)

    # Passing on

    def greet(self, link: NeighbourLink) -> None:
        """Send a new neighbour our advert, which it has to know at once.

        Before it, what we hold of another life of it: it has to rise above that before it can do
        anything in this mesh.
        """
        own, held = self._membership.own, self._membership.advert(link.hub)
        is_foreign = held is not None and held.life != link.life
        adverts = (held, own) if held is not None and is_foreign else (own,)
        self._effects.act(SendToLink(link.id, Adverts(adverts)))

    def begin(self, ends: tuple[LinkEnd, ...], bar: Bar | None, now: float) -> None:
        """Renew our advert before the first neighbour gets it, which then has our link with it."""
        own = self._membership.own
        self._membership.publish(ends, bar, now, is_draining=own.is_draining)
        self._renewed_at = now

    def publish(
        self,
        ends: tuple[LinkEnd, ...],
        bar: Bar | None,
        now: float,
        *,
        is_draining: bool = False,
    ) -> None:
        """Renew our advert if there is something new to say, and pass on all that is fresh.

        What is no loss may be said a little later, together with what comes after it: all hubs have
        to take each of our adverts, and in a large mesh they have many to take while it forms.
        """
        has_risen = self._namesakes.rise(now)
        is_pressing = self._is_urgent or is_draining != self._membership.own.is_draining
        renew_at = self._renewed_at + self._renewal_pause(ends, bar, now)
        may_renew = is_pressing or now >= renew_at
        said = ends if is_pressing else self._partings.to_be_said(ends, now)
        is_news = may_renew and self._membership.has_news(said, bar, is_draining=is_draining)
        if is_news:
            self._membership.publish(ends, bar, now, is_draining=is_draining)
            self._fresh[self._own] = []
            self._renewed_at = now
        if has_risen:
            self._fresh[self._own] = []
        self._flush(now)
        if not may_renew:
            self.flush_by(renew_at)
        elif not is_news and (tell_at := self._partings.deadline()) is not None:
            self.flush_by(tell_at)

    def _flush(self, now: float) -> None:
        """Pass fresh adverts on: to each neighbour those that nobody else has told it.

        All who have heard none, or next to none, get one frame, which is encoded once. What is
        urgent everybody is told.
        """
        fresh, self._fresh = self._fresh, {}
        is_urgent, self._is_urgent = self._is_urgent, False
        self._flush_at = None
        neighbours = self._links.neighbours
        owed = self._hearsay.owed(neighbours, now)
        if not fresh and not owed:
            return
        said, self._said = self._said, Counter()
        everything = self._frame(fresh, is_urgent=is_urgent)
        frames: dict[frozenset[Source], Adverts] = {}
        for hub in neighbours:
            frame = everything
            told = self._hearsay.told_to(hub, said.keys())
            if is_urgent:
                told = frozenset(source for source in told if source[0] == hub)
            if sum(said[source] for source in told) * MANY > len(fresh):
                self._hearsay.rely(hub, told, now)
                if told not in frames:
                    others = [each for each, by in fresh.items() if told.isdisjoint(by)]
                    frames[told] = self._frame(others, is_urgent=is_urgent)
                frame = frames[told]
            self._tell(hub, frame)
            if hub in owed:
                self._tell(hub, self._frame(owed[hub], is_urgent=is_urgent))
        self._hearsay.remember(fresh, now)

    def _tell(self, hub: PeerId, frame: Adverts) -> None:
        link = self._links.to(hub)
        if link is not None and frame.adverts:
            self._effects.act(SendToLink(link.id, frame))

    def _frame(self, hubs: Iterable[PeerId], *, is_urgent: bool) -> Adverts:
        held = self._membership.held
        adverts = tuple([held[hub] for hub in hubs if hub in held])
        return Adverts(adverts, is_urgent, is_for_all=True)

    # Hearing

    def learn(self, sender: PeerId, frame: Adverts, now: float) -> Learned:
        """Take a neighbour's adverts."""
        learned, source = Learned(), (sender, frame.is_for_all)
        if frame.is_for_all:
            self._hearsay.tells(sender, is_first=not self._fresh)
        fresh, held, absent = self._fresh, self._membership.held, self._membership.absent
        for advert in frame.adverts:
            hub = advert.hub
            # As most are, since each neighbour passes it on; nothing is done as often as this.
            if held.get(hub) == advert and hub not in absent:
                if hub in fresh:
                    fresh[hub].append(source)
                continue
            if self._identities is not None and not self._is_genuine(self._identities, advert):
                learned.forged += self._identities.is_member(hub)
                if learned.forged > FORGED_BY_NEIGHBOUR:
                    break  # that is enough of them to look at
                continue
            if hub != self._own:
                self._learn(advert, source, learned, now)
            else:
                self._hear_of_ourselves(advert, now)
        if fresh:
            self._said[source] += len(frame.adverts)
            when = now if frame.is_urgent else now + self._batch(now)
            self.flush_by(when, is_urgent=frame.is_urgent)
        return learned

    def _hear_of_ourselves(self, advert: Advert, now: float) -> None:
        if self._namesakes.hear(advert, now):
            self._fresh[self._own] = []
        if self._namesakes.rise(now):
            self._fresh[self._own] = []
            self.flush_by(now)  # until then nobody believes what we say of ourselves

    def _is_genuine(self, identities: Identities, advert: Advert) -> bool:
        """Tell whether an advert is by a hub that may be here, and not by another one.

        One that we hold was looked at when it came.
        """
        return advert == self._membership.advert(advert.hub) or (
            identities.is_member(advert.hub) and identities.is_genuine(advert)
        )

    def _learn(self, advert: Advert, source: Source, learned: Learned, now: float) -> None:
        membership, hub, sender = self._membership, advert.hub, source[0]
        former = membership.held.get(hub)
        if former is None and len(membership) >= self._limits.known_hubs:
            return
        added = size_of_advert(advert) if former is None else growth_of_advert(former, advert)
        if added > 0 and not self._effects.memory.records.has_room(added):
            return
        if not membership.learn(advert, now):
            if hub not in membership:
                self._repeated[hub] = sender
            if former is not None and (
                former.life != advert.life or (sender == hub and former != advert)
            ):
                self._correct(sender, former)
            return
        learned.is_anything = True
        self._fresh[hub] = [source]
        if former is None:
            learned.found.append(hub)
            self._effects.act(Tell(HubDiscovered(hub, sender, advert.addresses)))
            return
        if former.is_draining != advert.is_draining:
            learned.drains = True
        if former.life != advert.life or former.incarnation != advert.incarnation:
            self._on_other_life(former, advert, learned)

    def _on_other_life(self, former: Advert, advert: Advert, learned: Learned) -> None:
        """Note that a hub has begun a new life, or goes on under another incarnation."""
        is_other = former.life != advert.life
        is_later = is_later_life(advert.incarnation, former.incarnation)
        if is_later:
            (learned.restarted if is_other else learned.risen).append(advert)
        is_back = is_other and self._is_back(former, advert)
        if is_other and advert.hub in self._membership and (is_back or not is_later):
            learned.exchanged.append(advert.hub)

    def _is_back(self, former: Advert, advert: Advert) -> bool:
        """Tell whether a hub goes on in a life that seemed to be over: that was made up."""
        lives = self._former_lives
        before = lives.pop(advert.hub, None)
        lives[advert.hub] = former.life
        if len(lives) > self._limits.known_hubs:
            del lives[next(iter(lives))]
        return before == advert.life

    def _correct(self, sender: PeerId, held: Advert) -> None:
        """Answer the advert of a life that is over, as we see it, with that of the later one.

        Where the sender has it from, the hub itself may live, and has to rise. Nothing else would
        tell it if the later one is missing. The same if a hub itself says less of its life than
        somebody else has made up.
        """
        link = self._links.to(sender)
        if link is not None:
            self._effects.act(SendToLink(link.id, Adverts((held,))))

    def on_returned(self, hubs: Iterable[PeerId], now: float) -> None:
        """Pass on the repeated adverts that have brought hubs back, after a look at who is there.

        The others on our side have lost these hubs too, and nobody else would repeat them there.
        """
        repeated, self._repeated = self._repeated, {}
        again = {hub: [(repeated[hub], False)] for hub in hubs if hub in repeated}
        if again:
            self._fresh = again | self._fresh
            self._said.update((sender, False) for sender in repeated.values())
            self.flush_soon(now)
