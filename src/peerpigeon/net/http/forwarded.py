"""Where a request comes from, if a proxy that is trusted has passed it on.

What strangers write into ``X-Forwarded-For`` or ``Forwarded`` (RFC 7239) is worth nothing; what a
proxy of the operator adds to it is the address that it was connected from. So the list is read from
its end, as long as the next address is a proxy's that is trusted.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from peerpigeon.core.ip_addresses import UNIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.config import ProxyNetwork
    from peerpigeon.net.http.request import Request

# RFC 7239, section 4: pairs with semicolons, whose values may be quoted. One that has a comma or
# semicolon in quotes is no address, and is cut into what is none either.
_FOR = re.compile(r'\s*for\s*=\s*"?([^"]*)"?\s*', re.IGNORECASE)
_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class Forwarded:
    """Tells of a request the address of who has made it.

    ``trusted`` are proxies, and so is what connects to a Unix socket if ``trusts_unix``.
    """

    def __init__(
        self, trusted: tuple[ProxyNetwork, ...] = (), *, trusts_unix: bool = False
    ) -> None:
        self._trusted = trusted
        self._trusts_unix = trusts_unix

    def trusts(self, address: str) -> bool:
        """Tell whether an address is that of a proxy whose headers are believed."""
        if address == UNIX:
            return self._trusts_unix
        if not self._trusted:
            return False
        try:
            read = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
        return any((mapped or read) in network for network in self._trusted)

    def origin(self, request: Request, peer: str) -> str:
        """Return where a request comes from that ``peer`` has sent: another one, or itself."""
        address = peer
        if not self.trusts(peer):
            return address
        for hop in _hops(request):
            try:
                address = str(ipaddress.ip_address(hop))
            except ValueError:
                return address  # whoever wrote that is not to be told from its proxy
            if not self.trusts(address):
                return address
        return address


def _hops(request: Request) -> Iterator[str]:
    """Return what proxies say of where they were connected from, the last one first."""
    listed = request.values("x-forwarded-for")
    if listed:
        for hop in reversed(",".join(listed).split(",")):
            yield _bare(hop.strip())
        return
    for element in reversed(",".join(request.values("forwarded")).split(",")):
        matches = (_FOR.fullmatch(pair) for pair in element.split(";"))
        yield next((_bare(match[1]) for match in matches if match is not None), "")


def _bare(hop: str) -> str:
    """Return an address without its port."""
    match = _PORT.fullmatch(hop)
    return hop if match is None else match[1] or match[2]
