"""Who is at the other end of a connection."""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import TYPE_CHECKING

from peerpigeon.core.config import is_loopback
from peerpigeon.core.ip_addresses import UNIX

if TYPE_CHECKING:
    import asyncio

_UNIX_FAMILY = getattr(socket, "AF_UNIX", None)


def remote_address(transport: asyncio.Transport) -> str:
    """Return the IP address of the other end, for people; a proxy's, if one is between."""
    name = transport.get_extra_info("peername")
    if isinstance(name, tuple):
        return _same(str(name[0]))
    connection = transport.get_extra_info("socket")
    is_unix = connection is not None and connection.family == _UNIX_FAMILY
    return UNIX if is_unix else "?"


@lru_cache(maxsize=1024)
def _same(address: str) -> str:
    """Return one object for all that come from an address: each client keeps its own."""
    return address


def is_from_here(transport: asyncio.Transport) -> bool:
    """Tell whether a connection comes from this machine.

    One to a Unix socket does not count: it is a proxy's, and whoever is behind that is a stranger.
    """
    name, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    return (
        isinstance(name, tuple)
        and isinstance(own, tuple)
        and (is_loopback(name[0]) or name[0] == own[0])
    )
