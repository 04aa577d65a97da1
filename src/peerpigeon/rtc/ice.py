"""How data channels find a way through the network: STUN and TURN servers, ports, addresses."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

GATHERING_TIMEOUT = 2.0
"""Seconds that STUN and TURN servers have to answer; then a description goes out without them."""
NO_SOCKET = "no socket could be opened; are all ports of port_range taken?"


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server: it tells a hub, or gives it, an address that others reach.

    ``url`` is ``stun:host``, ``turn:host`` or ``turns:host``, with ``:port`` if that is not 3478
    (``turns``: 5349). A ``turn`` server is asked by UDP, or by TCP if ``?transport=tcp`` follows.
    Raises ``ValueError`` for another text, and for a TURN server without username and credential.
    """

    url: str
    username: str = ""
    credential: str = ""

    def __post_init__(self) -> None:
        """Refuse what no engine could use."""
        match = _SERVER.fullmatch(self.url)
        if match is None or not 0 < self.port <= _LAST_PORT:
            raise ValueError(f"{self.url!r} is no STUN or TURN server; write it as turn:host:3478")
        if match["transport"] and match["scheme"] == "stun":
            raise ValueError(
                f"{self.url!r} names a transport; leave it out, STUN servers take none"
            )
        if match["transport"] == "udp" and match["scheme"] == "turns":
            raise ValueError(f"{self.url!r} is wrong: turns is TLS, which goes over TCP")
        if self.is_relay != bool(self.username and self.credential):
            raise ValueError(f"{self.url!r}: a TURN server takes a username and a credential")

    @classmethod
    def parse(cls, text: str) -> IceServer:
        """Read ``stun:host``, or ``turn:username:credential@host``, each with what may follow.

        In username and credential, ``:``, ``@``, ``/`` and ``%`` are written as in web addresses,
        ``%3A`` and so on. Raises ``ValueError`` as the class does.
        """
        scheme, _, rest = text.strip().partition(":")
        secrets, _, place = rest.rpartition("@")
        username, _, credential = secrets.partition(":")
        return cls(f"{scheme}:{place}", unquote(username), unquote(credential))

    @property
    def is_relay(self) -> bool:
        """Whether it is a TURN server."""
        return self._part("scheme") != "stun"

    @property
    def is_tls(self) -> bool:
        """Whether it is asked over TLS."""
        return self._part("scheme") == "turns"

    @property
    def is_tcp(self) -> bool:
        """Whether it is asked over TCP."""
        return self.is_tls or self._part("transport") == "tcp"

    @property
    def host(self) -> str:
        """Its name or address, an IPv6 address without brackets."""
        return self._part("host").strip("[]")

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._part("port") or (5349 if self.is_tls else 3478))

    def _part(self, name: str) -> str:
        match = _SERVER.fullmatch(self.url)
        return "" if match is None else match[name] or ""


_SERVER = re.compile(
    r"(?P<scheme>stun|turns?):(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)
_LAST_PORT = 65535


@dataclass(frozen=True)
class IceOptions:
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
