"""All checks of some hubs, in the order in which one thing needs the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from peerpigeon.diagnosis.finding import Verdict
from peerpigeon.diagnosis.machine import check_descriptors, check_ice_servers, check_udp
from peerpigeon.diagnosis.through_proxy import PATIENCE, check_requests
from peerpigeon.diagnosis.way import check_way

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence

    from peerpigeon.core.config import IceServer
    from peerpigeon.diagnosis.finding import Finding
    from peerpigeon.diagnosis.place import Place


async def examine(
    places: Sequence[Place],
    ice_servers: Sequence[IceServer],
    tls: ssl.SSLContext,
    wait: float,
) -> AsyncIterator[Finding]:
    """Look at all, and tell of each thing as soon as it is known.

    An idle WebSocket is held for ``wait`` seconds to each place.
    """
    yield check_descriptors()
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=None)
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        for place in places:
            is_reached, is_secured = False, not place.is_secure
            async for finding in check_way(place, tls):
                yield finding
                is_good = finding.verdict is not Verdict.WRONG
                is_reached = is_reached or (finding.check == "tcp" and is_good)
                is_secured = is_secured or (finding.check == "tls" and is_good)
            if not (is_reached and is_secured):
                continue
            async for finding in check_requests(session, place, wait):
                yield finding
            yield await check_udp(place, tls)
    async for finding in check_ice_servers(ice_servers):
        yield finding
