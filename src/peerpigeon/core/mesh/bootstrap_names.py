"""Names that lead to hubs: when they are looked up, and what becomes of the answers.

Each address of such a name is one of a hub, which may be there or not. What a name leads to changes
as hubs come and go, so it is looked up again and again: as often as a lost bootstrap hub is dialled
while there are fewer links than make a mesh ready, else slowly, so that meshes that grew apart
become one again. As long as nobody answers, what was known before holds.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config.addresses import in_uri
from peerpigeon.core.config.networks import Network, network_of
from peerpigeon.core.interface.actions import Resolve, Tell
from peerpigeon.core.interface.events import NameResolved
from peerpigeon.core.interface.notices import ErrorOccurred

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.interface.events import NameEvent
    from peerpigeon.core.mesh.bootstrap import Bootstrap
    from peerpigeon.core.mesh.limits import MeshLimits


class _Name(msgspec.Struct):
    """A name of ``bootstrap_dns``."""

    port: int
    answered_at: float = float("-inf")
    is_asked: bool = False
    """Whether the answer is still to come."""
    has_failed: bool = False
    """Whether the last answer was none, and people know it."""
    chance: float = 1.0
    """By what the pause after the last answer is longer than others, so that hubs that were started
    together do not ask together."""


class BootstrapNames:
    """The names from which one hub starts."""

    def __init__(
        self,
        config: ServerConfig,
        bootstrap: Bootstrap,
        rng: Random,
        effects: Effects,
        limits: MeshLimits,
    ) -> None:
        ports = config.names_to_start_from if config.auto_connect else {}
        self._names = {name: _Name(port) for name, port in ports.items()}
        self._bootstrap = bootstrap
        self._rng = rng
        self._effects = effects
        self._most = limits.named_addresses
        self._scheme = config.scheme
        self._quick = config.reconnect_interval
        self._slow = max(config.reconnect_interval, limits.slowest_dialling)
        self._pause = self._quick

    def leave(self) -> None:
        """Look no name up any more."""
        self._names = {}

    def resolve_due(self, now: float, *, has_enough: bool) -> None:
        """Look up the names whose time has come; ``has_enough`` tells of the links."""
        self._pause = self._slow if has_enough else self._quick
        for text, name in self._names.items():
            if not name.is_asked and now >= self._due(name):
                name.is_asked = True
                self._effects.act(Resolve(text))

    def _due(self, name: _Name) -> float:
        return name.answered_at + self._pause * name.chance

    def deadline(self) -> float | None:
        """Return when ``resolve_due`` has something to do."""
        if not self._names:  # as in most hubs
            return None
        names = self._names.values()
        return min((self._due(name) for name in names if not name.is_asked), default=None)

    def answered(self, event: NameEvent, now: float, *, is_linked: bool) -> None:
        """Take what has become of a look at a name."""
        name = self._names.get(event.name)
        if name is None:  # left meanwhile
            return
        name.is_asked, name.answered_at = False, now
        name.chance = self._rng.uniform(0.8, 1.2)
        if isinstance(event, NameResolved):
            name.has_failed = False
            uris = self._uris(event.addresses, name.port)
            self._bootstrap.name_leads_to(event.name, uris, now, is_linked=is_linked)
        elif not name.has_failed:
            name.has_failed = True
            failed = f"bootstrap_dns: {event.name} leads to no hub: {event.reason}"
            self._effects.act(Tell(ErrorOccurred(failed)))

    def _uris(self, addresses: tuple[str, ...], port: int) -> list[str]:
        hosts = dict.fromkeys(filter(None, map(_host, addresses)))
        return [f"{self._scheme}://{in_uri(host)}:{port}" for host in hosts][: self._most]


def _host(address: str) -> str:
    """Return an address as all hubs write it; empty if no hub can be there."""
    try:
        if network_of(address) is Network.NOWHERE:
            return ""
    except ValueError:
        return ""
    return str(ipaddress.ip_address(address))
