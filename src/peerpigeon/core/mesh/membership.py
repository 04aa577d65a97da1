"""Who is there: the adverts of all hubs, the graph of their links, and who is gone.

Every hub knows every hub and every link (``docs/mesh.md``): topology, routing and rendezvous are
then computations on the same data. A link counts when both its ends advertise it. A hub is live
while a path of such links leads to it; when none does for ``GRACE`` seconds it is gone, and is
remembered as missing so that the mesh can look for it. What was said of its links counts no more
then: whoever comes back after a disaster hears of it bit by bit, and what it has not heard of yet
would have the dead be back for a moment. They count again when either end says so anew, or a
neighbour repeats the advert and the hub is thereby in reach. A hub that has said that it stops is
gone at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.wire.hub_frames import Advert, LinkEnd

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from random import Random

    from peerpigeon.core.ids import PeerId

GRACE = 2.0
"""Seconds for which a hub may be out of reach before it is gone. Longer than an advert takes
through the mesh, so that news that arrive in the wrong order do no harm."""

LAZY_CHECK = 5.0
"""Seconds until reachability is looked at after changes that rarely take it away."""

MISSING_LIMIT = 4096
MISSING_LEASE = 3600.0
"""How many missing hubs are remembered, and for how many seconds."""

AT_ONCE = 0.0
"""A time that has passed already."""


class Shift(Enum):
    """What an advert has done to the graph, as far as it bears on who can be reached."""

    NONE = auto()
    LOST = auto()
    """A link has gone."""
    BRIDGED = auto()
    """A link to a hub that is missing or out of reach has come."""


@dataclass(slots=True)
class Changes:
    """What a look at the graph has found."""

    gone: list[PeerId] = field(default_factory=list)
    returned: list[PeerId] = field(default_factory=list)
    reached: list[PeerId] = field(default_factory=list)
    """Those that were out of reach, but not for long enough to be gone."""
    stranded_from: list[PeerId] = field(default_factory=list)
    """Live hubs, when more of them have just come to be out of reach: half of all or more."""


class Membership:
    """The adverts that one hub holds."""

    def __init__(self, own: Advert, rng: Random) -> None:
        self._rng = rng
        self.own = own
        self._adverts: dict[PeerId, Advert] = {own.hub: own}
        self._live: set[PeerId] = {own.hub}
        self._missing: dict[PeerId, float] = {}  # since when, oldest first
        self._stopped: set[PeerId] = set()  # those of the missing that nobody need look for
        self._unreachable: dict[PeerId, float] = {}  # live, but out of reach since
        self._repeated: dict[PeerId, None] = {}  # missing, and heard of since the last look
        self._fresh: set[PeerId] = set()  # first heard of since the last look
        self._graph: dict[PeerId, dict[PeerId, None]] = {own.hub: {}}
        self._check_at: float | None = None
        self.digest = own.mark
        """XOR of the marks of the adverts of all live hubs: equal tables have equal digests."""
        self.graph_version = 0
        """Changes with every change of the graph."""

    # Questions

    def __len__(self) -> int:
        """Return how many hubs are live, this one included."""
        return len(self._live)

    def __contains__(self, hub: PeerId) -> bool:
        """Tell whether a hub is live."""
        return hub in self._live

    @property
    def live(self) -> set[PeerId]:
        """The live hubs, this one included. Not to be changed."""
        return self._live

    def reaches(self, hub: PeerId) -> bool:
        """Tell whether a hub is live and was in reach when that was last looked at."""
        return hub in self._live and hub not in self._unreachable

    @property
    def missing(self) -> Iterable[PeerId]:
        """The hubs that went missing and are not forgotten, longest ago first."""
        return [hub for hub in self._missing if hub not in self._stopped]

    @property
    def graph(self) -> dict[PeerId, dict[PeerId, None]]:
        """The neighbours of each hub by links that count. Not to be changed."""
        return self._graph

    def lives(self) -> dict[PeerId, int]:
        """Return all live hubs and their incarnations, in the order of their ids."""
        return {hub: self._adverts[hub].incarnation for hub in sorted(self._live)}

    def known(self) -> list[PeerId]:
        """Return all other hubs ever heard of and not forgotten, live or missing."""
        return [hub for hub in self._adverts if hub != self.own.hub and hub not in self._stopped]

    def advert(self, hub: PeerId) -> Advert | None:
        """Return the latest advert of a hub, live or missing."""
        return self._adverts.get(hub)

    def live_adverts(self) -> list[Advert]:
        """Return the latest adverts of all live hubs, in the order of their ids."""
        return [self._adverts[hub] for hub in sorted(self._live)]

    def incarnation(self, hub: PeerId) -> int:
        """Return the incarnation of a hub; 0 if it is not known."""
        advert = self._adverts.get(hub)
        return 0 if advert is None else advert.incarnation

    def link_end(self, hub: PeerId, other: PeerId) -> LinkEnd | None:
        """Return what ``hub`` advertises of its link to ``other``."""
        advert = self._adverts.get(hub)
        if advert is None:
            return None
        return next((end for end in advert.links if end.hub == other), None)

    # Changes

    def publish(
        self,
        links: tuple[LinkEnd, ...],
        bar: tuple[int, PeerId] | None,
        *,
        is_draining: bool,
    ) -> Advert | None:
        """Renew this hub's own advert; ``None`` if it says all this already."""
        own = self.own
        if (links, bar, is_draining) == (own.links, own.bar, own.is_draining):
            return None
        renewed = Advert(
            own.hub,
            own.incarnation,
            own.sequence + 1,
            self._rng.getrandbits(64),
            own.addresses,
            links,
            bar,
            is_draining,
        )
        self.own = renewed
        if self._store(renewed) is not Shift.NONE:
            self.check_by(AT_ONCE)
        return renewed

    def rise_above(self, advert: Advert) -> bool:
        """Take an advert under our own id; return whether it was not ours and we had to rise.

        It is of an earlier life of ours if the clock was set back since, or of a hub that has
        been given the same id. Ours must go before it, or nobody would heed our adverts.
        """
        own = self.own
        if (advert.incarnation, advert.sequence) <= (own.incarnation, own.sequence):
            return False
        risen = msgspec.structs.replace(
            own, incarnation=advert.incarnation + 1, mark=self._rng.getrandbits(64)
        )
        self.own = risen
        self._store(risen)
        return True

    def learn(self, advert: Advert, now: float) -> bool:
        """Take an advert; return whether it was new and others should have it."""
        hub = advert.hub
        if hub == self.own.hub:
            return False
        known = self._adverts.get(hub)
        if known is not None:
            age = (advert.incarnation, advert.sequence)
            if age < (known.incarnation, known.sequence):
                return False
            if age == (known.incarnation, known.sequence):
                if hub in self._missing:
                    self._repeat(known)
                    self.check_by(now)
                return False
        if known is None:
            self._live.add(hub)
            self._fresh.add(hub)
            self.digest ^= advert.mark
        elif hub in self._missing:
            self.check_by(now)
        shift = self._store(advert)
        if shift is Shift.BRIDGED:
            self.check_by(now)
        elif shift is Shift.LOST or known is None:
            self.check_by(now if advert.is_draining else now + LAZY_CHECK)
        return True

    def forget(self, hub: PeerId) -> None:
        """Look no more for a missing hub that has said it stops.

        Its advert is kept as long as those of other missing hubs, so that an old copy of it that
        is still about does not count as news.
        """
        if hub in self._missing:
            self._stopped.add(hub)

    def check_by(self, when: float) -> None:
        """Have reachability looked at no later than at ``when``."""
        if self._check_at is None or when < self._check_at:
            self._check_at = when

    def deadline(self) -> float | None:
        """Return when ``check`` is due."""
        return self._check_at

    def check(self, now: float) -> Changes:
        """Look who can be reached, and return who has gone and who is back."""
        self._check_at = None
        changes = Changes()
        reached = self._reach()
        while returned := [hub for hub in self._missing if hub in reached]:
            for hub in returned:
                self._find(hub)
            changes.returned += returned
            reached = self._reach()  # their links count again, and may lead further
        lost = sorted(self._live - reached)
        changes.stranded_from = self._stranded_from(lost)
        for hub in lost:
            since = self._unreachable.setdefault(hub, now)
            if now >= since + GRACE or self._adverts[hub].is_draining:
                self._lose(hub, now)
                changes.gone.append(hub)
            else:
                self.check_by(since + GRACE)
        for hub in [hub for hub in self._unreachable if hub in reached]:
            del self._unreachable[hub]
            changes.reached.append(hub)
        for hub in self._repeated:
            if hub in self._missing:
                self._discount(hub)
        self._repeated.clear()
        self._trim(now)
        return changes

    def _stranded_from(self, lost: list[PeerId]) -> list[PeerId]:
        hubs = [hub for hub in lost if not self._adverts[hub].is_draining]
        # Who has just been heard of was never in reach: in a mesh that forms, its links follow.
        is_new = not self._unreachable.keys() | self._fresh >= set(hubs)
        self._fresh.clear()
        is_most = 2 * len(hubs) >= len(self._live)
        return hubs if is_new and is_most and not self.own.is_draining else []

    def _repeat(self, advert: Advert) -> None:
        """Let the links of a missing hub to others that somebody has not lost count for now."""
        self._repeated[advert.hub] = None
        self._connect_all(advert, self._live)
        self._connect_all(advert, self._repeated)

    def _discount(self, hub: PeerId) -> None:
        """Let the links of a missing hub count no more."""
        for other in list(self._graph[hub]):
            self._disconnect(hub, other)

    def _lose(self, hub: PeerId, now: float) -> None:
        del self._unreachable[hub]
        self._live.discard(hub)
        advert = self._adverts[hub]
        self.digest ^= advert.mark
        self._missing[hub] = now
        self._discount(hub)

    def _find(self, hub: PeerId) -> None:
        del self._missing[hub]
        self._stopped.discard(hub)
        self._live.add(hub)
        advert = self._adverts[hub]
        self.digest ^= advert.mark
        self._connect_all(advert, self._live)

    def _trim(self, now: float) -> None:
        while self._missing:
            hub, since = next(iter(self._missing.items()))
            if len(self._missing) <= MISSING_LIMIT and now < since + MISSING_LEASE:
                self.check_by(since + MISSING_LEASE)
                return
            self._drop(hub)

    def _reach(self) -> set[PeerId]:
        graph = self._graph
        reached = {self.own.hub}
        frontier = [self.own.hub]
        while frontier:
            following: list[PeerId] = []
            for hub in frontier:
                fresh = graph[hub].keys() - reached
                reached |= fresh
                following.extend(fresh)
            frontier = following
        return reached

    # The graph

    def _store(self, advert: Advert) -> Shift:
        """Keep an advert in place of the one before, and bring the graph up to date."""
        hub = advert.hub
        known = self._adverts.get(hub)
        self._adverts[hub] = advert
        if known is not None and hub in self._live:
            self.digest ^= known.mark ^ advert.mark
        before = {} if known is None else dict.fromkeys(end.hub for end in known.links)
        after = dict.fromkeys(end.hub for end in advert.links if end.hub != hub)
        lost = [other for other in before if other not in after and self._disconnect(hub, other)]
        self._graph.setdefault(hub, {})
        gained = [other for other in after if self._connect(hub, other)]
        if any(self._is_out(other) != self._is_out(hub) for other in gained):
            return Shift.BRIDGED
        return Shift.LOST if lost else Shift.NONE

    def _is_out(self, hub: PeerId) -> bool:
        return hub in self._missing or hub in self._unreachable

    def _connect(self, hub: PeerId, other: PeerId) -> bool:
        if other in self._graph[hub] or not self._advertises(other, hub):
            return False
        self._graph[hub][other] = None
        self._graph[other][hub] = None
        self.graph_version += 1
        return True

    def _connect_all(self, advert: Advert, others: Container[PeerId]) -> None:
        for end in advert.links:
            if end.hub in others and end.hub != advert.hub:
                self._connect(advert.hub, end.hub)

    def _advertises(self, hub: PeerId, other: PeerId) -> bool:
        advert = self._adverts.get(hub)
        return advert is not None and any(end.hub == other for end in advert.links)

    def _disconnect(self, hub: PeerId, other: PeerId) -> bool:
        if other not in self._graph.get(hub, ()):
            return False
        del self._graph[hub][other]
        del self._graph[other][hub]
        self.graph_version += 1
        return True

    def _drop(self, hub: PeerId) -> None:
        del self._missing[hub]
        self._stopped.discard(hub)
        self._discount(hub)
        del self._graph[hub]
        del self._adverts[hub]

    # Comparing tables with a neighbour

    def summary(self) -> tuple[tuple[PeerId, int, int], ...]:
        """Return hub, incarnation and sequence of the advert of each live hub."""
        adverts = self._adverts
        return tuple(
            (hub, adverts[hub].incarnation, adverts[hub].sequence) for hub in sorted(self._live)
        )

    def compare(
        self, entries: Iterable[tuple[PeerId, int, int]]
    ) -> tuple[tuple[Advert, ...], bool]:
        """Return the adverts that a neighbour with these entries lacks; and do we lack some?

        Hubs that are out of reach here too may be dead, and are not repeated to who has lost them.
        """
        theirs = {hub: (incarnation, sequence) for hub, incarnation, sequence in entries}
        lacking: list[Advert] = []
        for hub in sorted(self._live):
            advert = self._adverts[hub]
            if hub in self._unreachable and hub not in theirs:
                continue
            if theirs.get(hub, (-1, -1)) < (advert.incarnation, advert.sequence):
                lacking.append(advert)
        we_lack = any(
            hub not in self._live
            or (self._adverts[hub].incarnation, self._adverts[hub].sequence) < age
            for hub, age in theirs.items()
        )
        return tuple(lacking), we_lack
