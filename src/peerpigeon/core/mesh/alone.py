"""Whether a hub has waited long for others; then people are told, once, what they can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import HubAlone

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.own_addresses import OwnAddresses


class Alone:
    """Since when one hub has no link."""

    def __init__(
        self,
        config: ServerConfig,
        addresses: OwnAddresses,
        effects: Effects,
        limits: MeshLimits,
        now: float,
    ) -> None:
        self._config = config
        self._addresses = addresses
        self._effects = effects
        self._patience = limits.alone_after
        self._tell_at: float | None = now + self._patience
        self.has_settled = not (config.auto_connect and config.starts_from)
        """Whether it was linked once, has none to look for, or has looked for long enough."""

    def begin(self, now: float) -> None:
        """Note that the last link has gone."""
        self._tell_at = now + self._patience

    def end(self) -> None:
        """Note that there is a link."""
        self._tell_at = None
        self.has_settled = True

    def deadline(self) -> float | None:
        """Return when people are to be told."""
        return self._tell_at

    def expire(self, now: float, *, has_company: bool) -> None:
        """Tell people if it is time, unless there is anybody: a hub of the npm package, say."""
        if self._tell_at is None or now < self._tell_at:
            return
        self.end()
        if not has_company:
            self._effects.act(Tell(HubAlone(self._advice())))

    def _advice(self) -> str:
        config = self._config
        address = next(iter(self._addresses.latest), "ws://HOST:PORT")
        said = "no other hub is linked"
        places = (*config.starts_from, *config.bootstrap_dns)
        if config.auto_connect and places:
            said += f", and nobody answers yet at {', '.join(places)}"
        said += f"; start others with --bootstrap-hubs {address}"
        if config.is_local and not config.advertise:
            said += " on this machine; for those on others start this one with --host 0.0.0.0"
        return said
