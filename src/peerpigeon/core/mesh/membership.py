"""Who is there: the adverts of all hubs, who of them can be reached, and who is gone.

Every hub knows every hub and every link (``docs/mesh.md``): topology, routing and rendezvous are
then computations on the same data. A hub is live while a path of links that count leads to it; when
none does for ``gone_after`` seconds it is gone, and is remembered as missing so that the mesh can
look for it. What was said of its links no longer counts then: a hub that comes back after a
disaster hears of it bit by bit, and what it has not heard of yet would bring the dead back for a
moment. They count again when either end says so anew, or a neighbour repeats the advert and that
brings the hub in reach. A hub that has said that it stops is gone at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.link_graph import LinkGraph, Shift
from peerpigeon.core.mesh.missing_hubs import MissingHubs
from peerpigeon.core.mesh.own_advert import OwnAdvert
from peerpigeon.core.mesh.table_comparison import supersedes
from peerpigeon.core.wire.hub_sizes import size_of_advert

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from random import Random

    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.topology import Bar
    from peerpigeon.core.wire.hub_frames import Advert, LinkEnd


class ReachChanges(msgspec.Struct):
    """What a look at the graph has found."""

    gone: list[PeerId] = msgspec.field(default_factory=list)
    returned: list[PeerId] = msgspec.field(default_factory=list)
    forgotten: list[PeerId] = msgspec.field(default_factory=list)
    """Those that were gone for too long, or too many."""
    reached: list[PeerId] = msgspec.field(default_factory=list)
    """Those that were out of reach, but not for long enough to be gone."""
    stranded_from: list[PeerId] = msgspec.field(default_factory=list)
    """Live hubs, when more of them have just come to be out of reach: half of all or more."""


class Membership:
    """The adverts that one hub holds, and which of the hubs are live."""

    def __init__(
        self,
        own: Advert,
        rng: Random,
        limits: MeshLimits,
        now: float,
        sign: Callable[[Advert], Advert] | None = None,
    ) -> None:
        self._own = OwnAdvert(own, rng, sign)
        self._hub = own.hub
        own = self._own.latest
        self._limits = limits
        self._adverts: dict[PeerId, Advert] = {own.hub: own}
        self._live: set[PeerId] = {own.hub}
        self._known_since: dict[PeerId, float] = {own.hub: now}  # in its present life
        self._draining_since: dict[PeerId, float] = {}
        self._missing = MissingHubs(limits)
        self._absent = self._missing.since()  # looked at for each advert
        self._unreachable: dict[PeerId, float] = {}  # live, but out of reach since
        self._ended: dict[PeerId, float] = {}  # known to have ended, and when that was
        self._repeated: dict[PeerId, None] = {}  # missing, and heard of since the last look
        self._fresh: set[PeerId] = set()  # first heard of since the last look
        self._graph = LinkGraph(own.hub, self._adverts)
        self._check_at: float | None = None
        self.is_leaving = False
        """Whether this hub has disowned its links, because it stops."""
        self.is_losing = False
        """Whether more hubs are gone than a look has told of; the next one is due at once."""
        self.digest = own.mark
        """XOR of the marks of the adverts of all live hubs: equal tables have equal digests."""
        self.changed_at = now
        """When an advert, or which hubs are live, has changed last."""

    # Questions

    @property
    def own(self) -> Advert:
        """What this hub publishes of itself."""
        return self._own.latest

    def __len__(self) -> int:
        """Return how many hubs are live, this one included."""
        return len(self._live)

    @property
    def size(self) -> int:
        """About how many bytes the adverts take; O(hubs)."""
        return sum(map(size_of_advert, self._adverts.values()))

    def __contains__(self, hub: PeerId) -> bool:
        """Tell whether a hub is live."""
        return hub in self._live

    @property
    def live(self) -> AbstractSet[PeerId]:
        """The live hubs, this one included."""
        return self._live

    def reaches(self, hub: PeerId) -> bool:
        """Tell whether a hub is live and was in reach when that was last looked at."""
        return hub in self._live and hub not in self._unreachable

    @property
    def unreachable(self) -> AbstractSet[PeerId]:
        """The live hubs that were out of reach when that was last looked at."""
        return self._unreachable.keys()

    @property
    def missing(self) -> Iterable[PeerId]:
        """The missing hubs that are to be looked for, longest missing first."""
        return self._missing.sought()

    def missing_adverts(self) -> list[tuple[Advert, float]]:
        """Return the last advert of each missing hub, and since when, longest missing first."""
        return [(self._adverts[hub], since) for hub, since in self._missing.since().items()]

    @property
    def graph(self) -> Mapping[PeerId, Collection[PeerId]]:
        """The neighbours of each hub by links that count."""
        return self._graph.neighbours

    @property
    def graph_version(self) -> int:
        """Changes with every change of the graph."""
        return self._graph.version

    def incarnations(self) -> dict[PeerId, int]:
        """Return all live hubs and their incarnations, in the order of their ids."""
        return {hub: self._adverts[hub].incarnation for hub in sorted(self._live)}

    def known_since(self) -> dict[PeerId, float]:
        """Return all live hubs, and when each was first heard of in its present life."""
        return {hub: self._known_since[hub] for hub in sorted(self._live)}

    def draining(self, now: float) -> frozenset[PeerId]:
        """Return the live hubs, perhaps this one, that have said for a while that they drain."""
        believed = self._draining_believed_at().items()
        return frozenset(hub for hub, when in believed if when <= now and hub in self._live)

    def more_draining_at(self, now: float) -> float | None:
        """Return when there are more of those; ``None`` if nobody else says so."""
        return min(
            (each for each in self._draining_believed_at().values() if each > now), default=None
        )

    def _draining_believed_at(self) -> dict[PeerId, float]:
        wait = self._limits.draining_believed
        return {hub: since + wait for hub, since in self._draining_since.items()}

    def known(self) -> list[PeerId]:
        """Return all other hubs heard of and not forgotten, live or to be looked for."""
        own, has_stopped = self.own.hub, self._missing.has_stopped
        return [hub for hub in self._adverts if hub != own and not has_stopped(hub)]

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

    def key(self, hub: PeerId) -> bytes:
        """Return the public key of a hub by its advert; empty if it is not known, or has none."""
        advert = self._adverts.get(hub)
        return b"" if advert is None else advert.key

    def link_end(self, hub: PeerId, other: PeerId) -> LinkEnd | None:
        """Return what ``hub`` advertises of its link to ``other``."""
        return self._graph.end(hub, other)

    @property
    def held(self) -> Mapping[PeerId, Advert]:
        """The latest advert of each hub, live or missing."""
        return self._adverts

    @property
    def absent(self) -> AbstractSet[PeerId]:
        """The missing hubs, whether they are to be looked for or not."""
        return self._absent.keys()

    # Changes

    def has_news(self, links: tuple[LinkEnd, ...], bar: Bar | None, *, is_draining: bool) -> bool:
        """Tell whether there is anything new in this hub's own advert if it says this."""
        return self._own.has_news(links, bar, is_draining=is_draining)

    def publish(
        self, links: tuple[LinkEnd, ...], bar: Bar | None, now: float, *, is_draining: bool
    ) -> None:
        """Renew this hub's own advert."""
        self._own.renew(links, bar, is_draining=is_draining)
        self.changed_at = now
        if self._store_own() is not Shift.NONE:
            self.check_by(now)

    def move(self, addresses: tuple[str, ...]) -> None:
        """Say in this hub's own advert, from its next renewal on, that it is to be dialled here."""
        self._own.move(addresses)

    def count(self, clients: int) -> None:
        """Say in this hub's own advert, from its next renewal on, that it has so many clients."""
        self._own.count(clients)

    def rise_above(self, incarnation: int) -> None:
        """Rise above an incarnation that is in use under our id."""
        self._own.rise_above(incarnation)
        self._store_own()

    def outdo(self, sequence: int, now: float) -> None:
        """Publish our advert anew, above one of this life that somebody else has made up."""
        self._own.outdo(sequence)
        self.changed_at = now
        self._store_own()

    def learn(self, advert: Advert, now: float) -> bool:
        """Take an advert; return whether it was new and others should have it."""
        hub = advert.hub
        if hub == self._hub:
            return False
        known = self._adverts.get(hub)
        if known is None:
            self._live.add(hub)
            self._fresh.add(hub)
            self.digest ^= advert.mark
        elif advert == known:
            if hub in self._absent:
                self._repeat(hub)
                self.check_by(now)
            return False
        elif not supersedes(advert, known):
            return False
        elif hub in self._absent:
            self.check_by(now)
        self.changed_at = now
        shift = self._store(advert, known)
        if shift is Shift.BRIDGED:
            self.check_by(now)
        elif shift is Shift.LOST or known is None:
            self.check_by(now if advert.is_leaving else now + self._limits.lazy_check_delay)
        return True

    def stopped(self, hub: PeerId) -> None:
        """Note that a missing hub has said that it stops, so that nobody need look for it.

        Its advert is kept as long as those of other missing hubs, so that an old copy of it that
        is still about does not count as news.
        """
        self._missing.stopped(hub)

    def ended(self, hub: PeerId, now: float) -> None:
        """Note that a hub's process has ended: it is gone as soon as nobody says that it is there.

        That counts for as long as others may take to see it.
        """
        self._ended = {
            other: at for other, at in self._ended.items() if self._has_ended(other, now)
        }
        self._ended[hub] = now
        self.check_by(now)

    def check_by(self, when: float) -> None:
        """Have reachability looked at no later than at ``when``."""
        if self._check_at is None or when < self._check_at:
            self._check_at = when

    def check_soon(self, now: float) -> None:
        """Have reachability looked at after a loss."""
        self.check_by(now + self._limits.loss_check_delay)

    def deadline(self) -> float | None:
        """Return when ``check`` is due."""
        return self._check_at

    def check(self, now: float) -> ReachChanges:
        """Look who can be reached, and return who has gone and who is back."""
        self._check_at = None
        self.is_losing = False
        changes = ReachChanges()
        reached = self._graph.reached()
        while returned := [hub for hub in self._missing if hub in reached]:
            for hub in returned:
                self._find(hub)
            changes.returned += returned
            reached = self._graph.reached()  # their links count again, and may lead further
        lost = sorted(self._live - reached)
        changes.stranded_from = self._stranded_from(lost)
        for hub in lost:
            since = self._unreachable.setdefault(hub, now)
            gone_at = since + (0.0 if self._has_ended(hub, now) else self._limits.gone_after)
            if now < gone_at and not self._adverts[hub].is_leaving:
                self.check_by(gone_at)
            elif len(changes.gone) < self._limits.gone_at_once:
                self._lose(hub, now)
                changes.gone.append(hub)
            else:
                self.check_by(now)
                self.is_losing = True
        for hub in [hub for hub in self._unreachable if hub in reached]:
            del self._unreachable[hub]
            changes.reached.append(hub)
        for hub in self._repeated:
            if hub in self._missing:
                self._graph.isolate(hub)
        self._repeated.clear()
        changes.forgotten = self._forget_expired(now)
        if changes.gone or changes.returned:
            self.changed_at = now
        return changes

    def _stranded_from(self, lost: list[PeerId]) -> list[PeerId]:
        hubs = [hub for hub in lost if not self._adverts[hub].is_leaving]
        # Who has just been heard of was never in reach: in a mesh that forms, its links follow.
        is_new = not self._unreachable.keys() | self._fresh >= set(hubs)
        self._fresh.clear()
        is_most = 2 * len(hubs) >= len(self._live)
        return hubs if is_new and is_most and not self.is_leaving else []

    def _forget_expired(self, now: float) -> list[PeerId]:
        expired = self._missing.expire(now)
        for hub in expired:
            self._graph.remove(hub)
            del self._adverts[hub], self._known_since[hub]
            self._draining_since.pop(hub, None)
        if (expires_at := self._missing.deadline()) is not None:
            self.check_by(expires_at)
        return expired

    def _repeat(self, hub: PeerId) -> None:
        """Let the links of a missing hub to others that somebody has not lost count for now."""
        self._repeated[hub] = None
        self._graph.connect_all(hub, self._live)
        self._graph.connect_all(hub, self._repeated)

    def _has_ended(self, hub: PeerId, now: float) -> bool:
        ended = self._ended.get(hub)
        return ended is not None and now < ended + self._limits.gone_after

    def _lose(self, hub: PeerId, now: float) -> None:
        del self._unreachable[hub]
        self._ended.pop(hub, None)
        self._live.discard(hub)
        self.digest ^= self._adverts[hub].mark
        self._missing.add(hub, now)
        self._graph.isolate(hub)

    def _find(self, hub: PeerId) -> None:
        self._missing.remove(hub)
        self._live.add(hub)
        self.digest ^= self._adverts[hub].mark
        self._graph.connect_all(hub, self._live)

    # Adverts and the graph

    def _store_own(self) -> Shift:
        return self._store(self.own, self._adverts[self._hub])

    def _store(self, advert: Advert, known: Advert | None) -> Shift:
        """Keep an advert in place of ``known``, and bring the graph up to date."""
        hub, absent = advert.hub, self._absent
        self._adverts[hub] = advert
        if known is None or known.life != advert.life:
            self._known_since[hub] = self.changed_at
        if advert.is_draining:
            self._draining_since.setdefault(hub, self.changed_at)
        elif self._draining_since:
            self._draining_since.pop(hub, None)
        if known is not None:
            if hub not in absent:
                self.digest ^= known.mark ^ advert.mark
            if not absent and known.links == advert.links:
                return Shift.NONE  # what counts did before: none of its links was cut out
        lost, gained = self._graph.update(hub, None if absent else known)
        if (absent or self._unreachable) and any(
            self._is_out(other) != self._is_out(hub) for other in gained
        ):
            return Shift.BRIDGED
        return Shift.LOST if lost else Shift.NONE

    def _is_out(self, hub: PeerId) -> bool:
        return hub in self._missing or hub in self._unreachable
