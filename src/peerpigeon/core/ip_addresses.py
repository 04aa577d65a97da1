"""IP addresses as they are counted: who is one stranger, and who is this machine."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

UNIX = "unix:"
"""In place of an address: whoever has connected to a Unix socket, which is a proxy mostly."""

THIS_MACHINE = frozenset({"127.0.0.1", "::1", UNIX})
"""Where programs of this machine come from, a proxy without a name among them. No limit for one
address holds for these; a server that is told of its proxy knows who is behind it."""


_REMEMBERED: Final = 1024
"""Addresses whose subscriber is remembered: each connection asks for its own four times."""


@lru_cache(_REMEMBERED)
def subscriber(address: str) -> str:
    """Return what all addresses of one subscriber have in common: of IPv6 the first 64 bits.

    RFC 6177: nobody gets less than that. What is no address is its own subscriber.
    """
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        if read.compressed not in THIS_MACHINE:
            return str(ipaddress.IPv6Network((int(read) >> 64 << 64, 64)))
    return str(read)
