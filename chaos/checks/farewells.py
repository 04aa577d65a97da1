"""Clients that live are not told that clients that live are gone.

A farewell is allowed if, within the time that a mesh takes to get over it, either's socket has
ended or was just opened, either's hub was away for so long that it lost its links, or the mesh may
have been in parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.allowances import JOINING, REPAIR, SOONEST_DEAD
from chaos.history import Farewell
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lives import Life, Lives

FAREWELL = "no farewell of who lives"


def false_farewells(lives: Lives) -> Iterator[Finding]:
    """Yield each farewell to a client that lives of one that does."""
    for record in lives.records:
        if isinstance(record, Farewell):
            listener = lives.sockets[record.socket]
            if (other := _alive(lives, record)) is not None and _is_calm(
                lives, record.at, listener, other
            ):
                what = f"socket {record.socket} was told that {record.peer[:8]} is gone"
                yield Finding(FAREWELL, record.at, f"{what}, whose socket {other.number} lives")


def _alive(lives: Lives, farewell: Farewell) -> Life | None:
    """Return the one socket that a peer has had for long, and keeps."""
    since, until = farewell.at - JOINING, farewell.at
    near = [each for each in lives.by_peer.get(farewell.peer, ()) if each.ended >= since]
    near = [each for each in near if each.opened.at <= until]
    if len(near) != 1 or near[0].settled > since or near[0].ended <= until:
        return None
    return near[0]


def _is_calm(lives: Lives, at: float, listener: Life, other: Life) -> bool:
    since = at - REPAIR
    return (
        listener.settled <= since
        and not lives.is_split(since, at)
        and not lives.is_stalled(since, at)
        and not any(pause.meets(since, at) for pause in other.pauses)
        and not any(
            any(lives.absent(hub, since, at, at_least=SOONEST_DEAD))
            or _is_down(lives, hub, since, at)
            for hub in (listener.opened.hub, other.opened.hub)
        )
    )


def _is_down(lives: Lives, hub: int, since: float, until: float) -> bool:
    return any(each.how not in ("frozen", "cut off") for each in lives.absent(hub, since, until))
