"""What all parties of a world share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.sim.encoding import Encoding
from peerpigeon.sim.tally import Tally

if TYPE_CHECKING:
    from peerpigeon.sim.network import Network
    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.trace import Trace


@dataclass(frozen=True, slots=True)
class Stage:
    """The clock, the network, and the records of what happens."""

    scheduler: Scheduler
    network: Network
    trace: Trace
    tally: Tally = field(default_factory=Tally)
    encoding: Encoding = field(default_factory=Encoding)
