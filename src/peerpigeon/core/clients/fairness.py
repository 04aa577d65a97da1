"""What one client may do at the expense of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.rates import Rates
from peerpigeon.core.clients.slow_targets import SlowTargets
from peerpigeon.core.clients.throttle import Throttle

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId


class Fairness:
    """Puts together what is counted of one hub's clients, and who of them is slowed."""

    def __init__(self, config: ServerConfig, effects: Effects) -> None:
        self.throttle = Throttle(effects)
        self.rates = Rates(self.throttle, effects)
        self.slow = SlowTargets(config.max_outbox_size, self.throttle)

    def forget(self, session: SessionId) -> None:
        """Note that a socket is gone."""
        self.throttle.forget(session)
        self.rates.forget(session)
        self.slow.catch_up(session)
