"""How hubs find a way to each other through networks: STUN and TURN servers, and UDP ports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from peerpigeon.core.config.addresses import LAST_PORT, is_uri_host
from peerpigeon.core.config.quantities import ConfigError

_SERVER = re.compile(
    r"(?P<scheme>stun|turns?):(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?:\?transport=(?P<transport>udp|tcp))?"
)
_PORTS = re.compile(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})")


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server: it tells a hub, or gives it, an address that others reach.

    ``url`` is ``stun:host``, ``turn:host`` or ``turns:host``, with ``:port`` if that is not 3478
    (``turns``: 5349), as in RFC 7064 and RFC 7065. A ``turn`` server is asked by UDP, or by TCP if
    ``?transport=tcp`` follows. Raises ``ConfigError`` for another text, and for a TURN server
    without username and credential.
    """

    url: str
    username: str = ""
    credential: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what no engine could use."""
        match = _SERVER.fullmatch(self.url)
        if match is None or not is_uri_host(match["host"]) or not 0 < self.port <= LAST_PORT:
            raise ConfigError(f"{self.url!r} is no STUN or TURN server; write it as turn:host:3478")
        if match["transport"] and match["scheme"] == "stun":
            raise ConfigError(
                f"{self.url!r} names a transport; leave it out, STUN servers take none"
            )
        if match["transport"] == "udp" and match["scheme"] == "turns":
            raise ConfigError(f"{self.url!r} is wrong: turns is TLS, which goes over TCP")
        if self.is_relay != bool(self.username and self.credential):
            raise ConfigError(f"{self.url!r}: a TURN server takes a username and a credential")

    @classmethod
    def parse(cls, text: str) -> IceServer:
        """Read ``stun:host``, or ``turn:username:credential@host``, each with what may follow.

        In username and credential, ``:``, ``@``, ``/`` and ``%`` are written as in web addresses,
        ``%3A`` and so on. Raises ``ConfigError`` as the class does.
        """
        scheme, _, rest = text.strip().partition(":")
        secrets, _, place = rest.rpartition("@")
        username, _, credential = secrets.partition(":")
        return cls(f"{scheme}:{place}", unquote(username), unquote(credential))

    @classmethod
    def told(cls, url: str) -> IceServer:
        """Return a server as clients are told of it, without credentials, which they are given.

        Raises ``ConfigError`` as the class does.
        """
        kept = ("given", "given") if url.partition(":")[0] in ("turn", "turns") else ()
        return cls(url.strip(), *kept)

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


def parse_ports(text: str) -> tuple[int, int]:
    """Return the first and the last port of a range such as ``40000-40100``.

    Raises ``ConfigError`` for what is no such range.
    """
    match = _PORTS.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"udp_ports is {text!r}; write the first and the last, as 40000-40100")
    first, last = int(match[1]), int(match[2])
    if not 0 < first <= last <= LAST_PORT:
        raise ConfigError(
            f"udp_ports is {text!r}; ports are 1 to {LAST_PORT}, and the first comes first"
        )
    return first, last
