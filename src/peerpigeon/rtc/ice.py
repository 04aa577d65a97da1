"""How data channels find a way through the network: STUN and TURN servers, ports, addresses."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config import IceServer

if TYPE_CHECKING:
    from collections.abc import Iterable


GATHERING_TIMEOUT = 2.0
"""Seconds that STUN and TURN servers have to answer; then a description goes out without them."""
NO_SOCKET = "no socket could be opened; are all ports of port_range taken?"


_LAST_PORT = 65535

_SHOWN = 4
"""Addresses of each end that people are shown."""


def way(own: Iterable[str], theirs: Iterable[str]) -> str:
    """Return between which addresses a channel is tried, for people; some if there are many."""
    ends = (list(dict.fromkeys(end)) for end in (own, theirs))
    return " to ".join(
        " ".join(end[:_SHOWN]) + (" ..." if len(end) > _SHOWN else "") for end in ends
    )


class IceOptions(msgspec.Struct, frozen=True):
    """How channels find a way through the network.

    Without servers nothing outside is asked, and nothing is waited for. Raises ``ValueError`` for
    what cannot work.
    """

    stun_servers: tuple[IceServer, ...] = ()
    turn_servers: tuple[IceServer, ...] = ()
    port_range: tuple[int, int] | None = None
    """The UDP ports that may be taken, both included; one for each address and channel."""
    advertised_address: str | None = None
    """The public IP address that leads to this machine with ports unchanged (1:1 NAT)."""
    loopback_only: bool = False
    """Whether only hubs on the same machine are to be reached."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if any(server.is_relay for server in self.stun_servers):
            raise ValueError("stun_servers has a TURN server")
        if not all(server.is_relay for server in self.turn_servers):
            raise ValueError("turn_servers has a STUN server")
        if self.port_range is not None:
            first, last = self.port_range
            if not 0 < first <= last <= _LAST_PORT:
                raise ValueError(f"port_range is {first} to {last}; ports are 1 to {_LAST_PORT}")
        if self.advertised_address is not None:
            ipaddress.ip_address(self.advertised_address)
