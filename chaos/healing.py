"""Waits until all is well: one mesh, all clients know each other, signals between all pairs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

from chaos.history import Healed, Heard, Sent, Wrong
from chaos.waiting import LOOK, wait_until_nothing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chaos.clients import Visitor
    from chaos.history import History
    from chaos.hubs import Hubs

ARRIVAL = 40
"""Looks until signals that are sent when all know each other have arrived."""


async def heal(
    hubs: Hubs, visitors: Sequence[Visitor], history: History, verb: str, within: float
) -> None:
    """Wait until all is well, and record how long it took, or what is lacking after ``within``."""
    began = history.now
    looks: tuple[Callable[[], Awaitable[str]], ...] = (
        lambda: _lacking_hubs(hubs),
        lambda: _lacking_clients(visitors),
        lambda: _lacking_pairs(visitors, history),
    )
    for look in looks:
        if what := await wait_until_nothing(look, began + within - history.now):
            text = f"not within {within:.0f} s: {what}"
            history.note(Wrong(at=history.now, invariant=f"the mesh {verb}", what=text))
            return
    history.note(Healed(at=history.now, seconds=history.now - began))


async def _lacking_hubs(hubs: Hubs) -> str:
    ids = {hub.hub_id for hub in hubs.all}
    try:
        views = await hubs.views()
    except (aiohttp.ClientError, OSError):
        return "a hub does not answer"
    for health, mesh in views:
        known = {each["peerId"] for each in mesh["hubs"]}
        if known != ids:
            return f"hub {mesh['hubPeerId'][:8]} knows {len(known & ids)} of {len(ids)} hubs"
        if not health["hubMesh"]["ready"]:
            return f"hub {mesh['hubPeerId'][:8]} is not ready"
    return ""


async def _lacking_clients(visitors: Sequence[Visitor]) -> str:
    for visitor in visitors:
        others = {
            each.peer
            for each in visitors
            if each.namespace == visitor.namespace and each is not visitor
        }
        if visitor.known != others:
            missing = sorted(peer[:8] for peer in others - visitor.known)
            strange = sorted(peer[:8] for peer in visitor.known - others)
            return f"client {visitor.peer[:8]} does not know {missing}, knows {strange} besides"
    return ""


async def _lacking_pairs(visitors: Sequence[Visitor], history: History) -> str:
    """Send a signal between all pairs, and wait; say which did not arrive, to be tried again."""
    first = len(history.records)
    for visitor in visitors:
        for other in visitors:
            if other is not visitor and other.namespace == visitor.namespace:
                await visitor.signal(other.peer)
    sent = {record.serial for record in history.records[first:] if isinstance(record, Sent)}
    for _ in range(ARRIVAL):
        heard = {record.serial for record in history.records[first:] if isinstance(record, Heard)}
        if sent <= heard:
            return ""
        await asyncio.sleep(LOOK)
    return f"{len(sent - heard)} of {len(sent)} signals between all pairs did not arrive"
