"""What this machine allows a hub, and what the hubs' links and the ICE servers show of UDP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from peerpigeon.diagnosis.finding import ok, warning, wrong
from peerpigeon.diagnosis.mesh_status import StatusError, mesh_status
from peerpigeon.net.descriptors import RESERVE, descriptor_limit
from peerpigeon.rtc.ice_check import RefusedError, ask

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable

    from peerpigeon.core.config import IceServer
    from peerpigeon.diagnosis.finding import Finding
    from peerpigeon.diagnosis.place import Place

ENOUGH = 1000 + RESERVE
"""Descriptors for the clients of a hub with its defaults."""


def check_descriptors() -> Finding:
    """Look at how many connections a program of this user may have on this machine."""
    limit = descriptor_limit()
    if limit is None or limit >= ENOUGH:
        return ok("descriptors", "this machine", f"{limit or 'any number'} may be open")
    text = f"only {limit} may be open, and a hub of 1000 clients needs {ENOUGH}"
    remedy = (
        "raise it where the hub runs: ulimit -n, LimitNOFILE= of systemd, nofile of a container"
    )
    return warning("descriptors", "this machine", text, remedy)


async def check_ice_servers(servers: Iterable[IceServer]) -> AsyncIterator[Finding]:
    """Ask each STUN server for our address, and log in at each TURN server."""
    asked = [(server, asyncio.ensure_future(ask(server))) for server in servers]
    for server, answer in asked:
        kind = "turn" if server.is_relay else "stun"
        try:
            address = await answer
        except RefusedError as error:
            text, _, remedy = str(error).partition("; ")
            yield wrong(kind, server.url, text, remedy or "name another server, or mend its name")
        else:
            what = "relays for us at" if server.is_relay else "sees us as"
            yield ok(kind, server.url, f"it {what} {address}")


async def check_udp(place: Place, tls: ssl.SSLContext) -> Finding:
    """See by the links of the hubs whether UDP passes between them."""
    about = str(place)
    try:
        status = await mesh_status(about, tls)
    except StatusError as error:
        return warning("udp", about, f"what links the hubs have is not known: {error}")
    if len(status.hubs) < 2:  # noqa: PLR2004
        return ok("udp", about, "there is no other hub yet, so nothing to be seen")
    workers = [hub for hub in status.hubs if hub.links.get("local")]
    if len(workers) == len(status.hubs) and len({hub.address for hub in workers}) == 1:
        return ok("udp", about, f"its {len(workers)} hubs are workers of one machine")
    without = [hub.hub[:8] for hub in status.hubs if not hub.links.keys() & {"p2p", "local"}]
    if not without:
        return ok("udp", about, f"{len(status.hubs)} hubs are linked by data channels")
    text = f"{', '.join(without)} of {len(status.hubs)} hubs have no data channel to any other"
    remedy = (
        "let UDP pass between the hubs (--udp-ports chooses its ports), or name a TURN server"
        " (--ice-servers); the log of these hubs says at which stage it fails"
    )
    return warning("udp", about, text, remedy)
