"""When a line carried bytes, and when a hub could be reached, in the eyes of one who sees all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.sim.host import Host

if TYPE_CHECKING:
    from peerpigeon.sim.websocket import Connection


def sound_until(connection: Connection) -> float:
    """Return when a connection ceased to carry bytes; infinite if it still does."""
    ends = (connection.broken_at, connection.silent_since)
    return min((time for time in ends if time is not None), default=float("inf"))


def was_out_of_reach(connection: Connection, since: float, until: float) -> bool:
    """Tell whether the hub of a connection was asleep or cut off at any time of these."""
    hub = connection.ends[1]
    return isinstance(hub, Host) and any(
        lapse.since <= until and since <= (until if lapse.until is None else lapse.until)
        for lapse in hub.lapses
    )
