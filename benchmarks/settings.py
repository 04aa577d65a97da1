"""How much is measured: all of it, or as little as shows that it can be."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The sizes of everything. Times are seconds."""

    rounds: int = 5
    python: str = sys.executable
    """The interpreter for hubs with an engine that this one lacks."""
    priority: int = 0
    """Niceness added where a time is measured and other work would lengthen it."""

    pairs: int = 64
    sizes: tuple[int, ...] = (300, 1000, 3000, 6900)
    windows: tuple[int, ...] = (1, 16)
    warmup: float = 0.5
    seconds: float = 2.0
    rate: int = 4000

    offers: tuple[int, ...] = (700, 1000)
    """Bytes of a PeerJS client's offers."""
    rooms: tuple[int, ...] = (2, 8, 32)
    """Listeners of a topic."""
    visitors: int = 128
    """Clients of y-webrtc in all rooms together, and those of a tracker in all swarms."""
    visits: int = 2000

    members: tuple[int, ...] = (2, 20, 200)
    joins: int = 2000
    crowd: int = 1000
    fanouts: int = 10

    idle: tuple[int, ...] = (5000, 20_000)
    idle_seconds: float = 40.0
    """Beyond ``cleanup_interval``, so that our server's pings are in it."""

    hubs: tuple[int, ...] = (3, 5, 8, 12)
    hop_rate: int = 1000

    outages: tuple[int, ...] = (5, 8)

    crowds: tuple[int, int] = (2000, 10_000)
    """Clients that come back at once: to one server, and to two hubs."""
    simulated: tuple[int, ...] = (100, 300, 1000, 3000)
    """Hubs."""


QUICK = {
    "rounds": 1,
    "pairs": 4,
    "sizes": (1000,),
    "windows": (1,),
    "warmup": 0.1,
    "seconds": 0.3,
    "rate": 200,
    "offers": (700,),
    "rooms": (2, 8),
    "visitors": 16,
    "visits": 400,
    "members": (2, 20),
    "joins": 40,
    "crowd": 50,
    "fanouts": 2,
    "idle": (100,),
    "idle_seconds": 0.5,
    "hubs": (3,),
    "hop_rate": 200,
    "outages": (4,),
    "crowds": (100, 100),
    "simulated": (10,),
}
