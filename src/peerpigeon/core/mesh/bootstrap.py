"""Whom to dial by WebSocket to get into the mesh, to stay in it, and to make it whole again.

- A hub without any link dials its bootstrap addresses, and those of hubs it once knew, for ever
  (S9): every ``reconnect_interval``, after ``max_reconnect_attempts`` rounds ever more slowly.
- A hub in the mesh goes on dialling bootstrap addresses behind which there is nobody that it
  knows to be live. The more hubs there are the rarer each one does it, so that together they
  try about as often as one would: so a restarted bootstrap hub is found (S8).
- Port 3000 of its own host is where a hub looks that was given no address. It is a guess: in the
  mesh it is dialled no more, unless a hub has once answered there.
- Of the addresses that names lead to (``bootstrap_names.py``) some are dialled in each round, and
  none that is this hub's own or that of a hub known to be live.
- Addresses of hubs of ours that a hub of the npm package has reported are dialled too (S7).
- Missing hubs are looked for by their live neighbours in the order of ids (``Topology.gap``), so
  that two meshes that grew apart become one again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import BootstrapConnected, BootstrapDisconnected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.limits import MeshLimits


class _Address(msgspec.Struct):
    """A bootstrap address."""

    uri: str
    is_guess: bool
    """Whether nobody has given it to the hub."""
    has_failed: bool = False
    """Whether it has led to nothing since it led to a link."""
    hub: PeerId | None = None
    """Who answered there last."""
    name: str = ""
    """The name that leads to it; empty if it is written in the options."""


class Bootstrap:
    """When one hub dials which addresses, and what people hear of it."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        rng: Random,
        effects: Effects,
        limits: MeshLimits,
        now: float,
    ) -> None:
        self._own = own
        self._limits = limits
        self.policy = config.dial_policy
        """Which addresses are dialled that only other hubs have named."""
        uris = config.starts_from if config.auto_connect else ()
        is_guess = not config.bootstrap_hubs
        self._addresses = [_Address(uri, is_guess) for uri in dict.fromkeys(uris)]
        self._own_uris = frozenset((*config.advertise, *config.own_addresses))
        self._reported: dict[PeerId, tuple[str, ...]] = {}
        self._rng = rng
        self._effects = effects
        self._interval = config.reconnect_interval
        self._slowest = max(self._interval, limits.slowest_dialling)
        self._quick_rounds = config.max_reconnect_attempts
        self._rounds = 0
        self._dial_at: float | None = now if uris else None
        self._search_at: float | None = None
        self._search_pause = self._limits.search_pause
        self._searched: int = 0

    # The bootstrap addresses

    def _find(self, uri: str) -> _Address | None:
        return next((address for address in self._addresses if address.uri == uri), None)

    def is_configured(self, uri: str) -> bool:
        """Tell whether an address is one of the bootstrap addresses."""
        return self._find(uri) is not None

    def connected(self, uri: str) -> None:
        """Tell people that an address has led to a link, if it is a bootstrap address."""
        if (address := self._find(uri)) is not None:
            address.has_failed = False
            self._effects.act(Tell(BootstrapConnected(uri)))

    def disconnected(self, uri: str, code: int, reason: str) -> None:
        """Tell people that an address has led to nothing or to a link that has ended.

        That nobody is at an address which nobody has given is told once.
        """
        address = self._find(uri)
        if address is None or (address.is_guess and address.has_failed):
            return
        address.has_failed = True
        self._effects.act(Tell(BootstrapDisconnected(uri, code, reason)))

    def name_leads_to(self, name: str, uris: Sequence[str], now: float, *, is_linked: bool) -> None:
        """Take the addresses that a name leads to now; those are forgotten that it led to."""
        others = [address for address in self._addresses if address.name != name]
        before = {address.uri: address for address in self._addresses if address.name == name}
        taken = self._own_uris.union(address.uri for address in others)
        uris = [uri for uri in uris if uri not in taken]
        led_to = [before.get(uri) or _Address(uri, is_guess=False, name=name) for uri in uris]
        self._addresses = others + led_to
        if before.keys() >= set(uris):
            return
        if is_linked:  # whoever is new there comes to the mesh without us, most likely
            self._dial_soon(now + self._interval * self._rng.random())
        else:
            self._rounds = 0
            self._dial_soon(now)

    def leave(self) -> None:
        """Dial the bootstrap addresses no more."""
        self._addresses = []

    def found(self, uri: str, hub: PeerId) -> None:
        """Note who answered at an address."""
        if (address := self._find(uri)) is not None:
            address.hub = hub

    def behind(self, uri: str) -> PeerId | None:
        """Return who answered last at a bootstrap address."""
        address = self._find(uri)
        return None if address is None else address.hub

    # What makes it dial

    def report(self, hub: PeerId, uris: tuple[str, ...], now: float) -> None:
        """Note where a hub of ours can be dialled, or forget it if it is nowhere."""
        self._reported.pop(hub, None)
        if uris and len(self._reported) < self._limits.reported_hubs:
            self._reported[hub] = uris
            self._dial_soon(now)

    def reference_hub_lost(self, now: float) -> None:
        """Note that a hub which speaks text, at one of the addresses, is linked no longer."""
        self._rounds = 0
        self._dial_soon(now + self._interval * self._rng.uniform(0.8, 1.2))

    def links_lost(self, now: float) -> None:
        """Note that the last link has gone: it is urgent again."""
        self._rounds = 0
        self._dial_soon(now)

    def hubs_lost(self, now: float) -> None:
        """Note that hubs have gone missing: begin to look for them."""
        self._search_pause = self._limits.search_pause
        self._search_at = now
        self._dial_soon(now + self._interval * self._rng.random())

    def _dial_soon(self, when: float) -> None:
        if self._dial_at is None or when < self._dial_at:
            self._dial_at = when

    # Rounds of dialling

    def is_due(self, now: float) -> bool:
        """Tell whether it is time for ``next_round``."""
        return self._dial_at is not None and now >= self._dial_at

    def next_round(
        self,
        live: AbstractSet[PeerId],
        former: Sequence[str],
        now: float,
        *,
        is_linked: bool,
        theirs: AbstractSet[str] = frozenset(),
    ) -> list[str]:
        """Return the addresses to dial now, and put the next round off.

        ``live`` are the hubs known to be there, this one included, and ``theirs`` the addresses
        that they tell; ``former`` those of hubs known from before, of which a hub without any link
        dials some.
        """
        if is_linked:
            self._rounds = 0
            self._dial_at = now + self._shared_pause(len(live))
            unknown = [
                address
                for address in self._addresses
                if (not address.is_guess if address.hub is None else address.hub not in live)
            ]
            uris = self._some_of(unknown, theirs)
            return list(dict.fromkeys(uris + self._reported_but(live)))
        self._rounds += 1
        self._dial_at = now + self._unlinked_pause()
        # An address behind which we found ourselves leads nowhere.
        others = [address for address in self._addresses if address.hub != self._own]
        uris = self._some_of(others)
        return list(dict.fromkeys(uris + self._reported_but(live) + self.draw(former)))

    def _some_of(
        self, addresses: Sequence[_Address], theirs: AbstractSet[str] = frozenset()
    ) -> list[str]:
        """Return those that are written in the options, and a few of those that names lead to."""
        named = [each.uri for each in addresses if each.name and each.uri not in theirs]
        return [each.uri for each in addresses if not each.name] + self.draw(named)

    def _reported_but(self, live: AbstractSet[PeerId]) -> list[str]:
        return [uri for hub, uris in self._reported.items() if hub not in live for uri in uris]

    def _unlinked_pause(self) -> float:
        slower = max(0, self._rounds - self._quick_rounds)
        pause = min(
            self._interval * 1.5 ** min(slower, 20),
            self._slowest,
        )
        return float(pause * self._rng.uniform(0.8, 1.2))

    def _shared_pause(self, hubs: int) -> float:
        pause = min(self._interval * hubs, self._slowest)
        return float(pause * self._rng.uniform(0.5, 1.5))

    def draw(self, addresses: Sequence[str]) -> list[str]:
        """Return a few of ``addresses``, drawn at random."""
        return self._rng.sample(addresses, min(self._limits.dials_per_round, len(addresses)))

    # The search for missing hubs

    def is_searching(self, now: float) -> bool:
        """Tell whether it is time for a round of ``search``."""
        return self._search_at is not None and now >= self._search_at

    def search(self, gap: Sequence[PeerId], now: float) -> list[PeerId]:
        """Return the missing hubs whose addresses to dial now: those of ``gap``, some at a time."""
        if self._search_at is None or now < self._search_at:
            return []
        if not gap:
            self._search_at = None
            return []
        self._search_at = now + self._search_pause * self._rng.uniform(0.8, 1.2)
        count = min(self._limits.dials_per_round, len(gap))
        chosen = [gap[(self._searched + step) % len(gap)] for step in range(count)]
        self._searched += count
        if self._searched >= len(gap):
            # Once around: all have been dialled at this pace.
            self._searched = 0
            self._search_pause = min(self._search_pause * 2.0, self._limits.longest_search_pause)
        return chosen

    def deadline(self) -> float | None:
        """Return when ``next_round`` or ``search`` is due."""
        return earliest(self._dial_at, self._search_at)
