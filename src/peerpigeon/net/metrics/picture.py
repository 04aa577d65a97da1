"""All that metrics are made of, at one moment."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peerpigeon.core.interface.figures import Distribution, Figures
from peerpigeon.core.interface.serving import Serving
from peerpigeon.core.interface.snapshot import Snapshot
from peerpigeon.net.traffic import Traffic


class ShellFigures(msgspec.Struct, frozen=True):
    """What the sockets of a server have to do with, and the hub knows nothing of."""

    serving: Serving
    """Whether new clients are welcome."""
    max_connections: int
    """How many clients may be connected."""
    entering: int
    """Connections that have not sent their request yet, or wait for the answer to it."""
    refused: Mapping[int, int]
    """Requests for a WebSocket that were refused since the start, by HTTP status."""
    relieved: int
    """Connections closed since the start because memory was short."""
    faults: int
    """Faults of the server's own since the start."""
    traffic: Mapping[str, Traffic]
    """Bytes since the start, by who is at the other end: ``clients``, or ``hubs`` linked over
    ``websocket`` or ``p2p``, as in ``hubs_p2p``."""
    link_queue: int
    """Bytes that wait for links to other hubs."""
    link_dropped: int
    """Frames left out since the start because too much waited for a link."""
    turn_times: Distribution
    """Seconds from the first message of a turn of the event loop to the last that is written."""
    loop_lag: Distribution
    """Seconds by which the event loop was late."""


class Picture(msgspec.Struct, frozen=True):
    """One server at one moment."""

    snapshot: Snapshot
    figures: Figures
    shell: ShellFigures
