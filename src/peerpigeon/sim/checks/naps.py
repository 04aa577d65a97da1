"""When a hub was asleep, which excuses what it hears and says late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host


@dataclass(frozen=True, slots=True)
class Nap:
    """A hub whose process was asleep. Times are seconds."""

    hub: Host
    since: float
    until: float
