"""Who is told how a server is: how many it serves, which version it is, which hubs it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config import (
    host_in,
    host_of_origin,
    hosts_in,
    is_ip_address,
    is_loopback,
)
from peerpigeon.net.http.audience import Audience

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.request import Request

_PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-real-ip"})
"""Headers of proxies, which ask in the name of others."""


class Insiders:
    """Those who ask from the server's own machine; everybody or nobody if the option says so."""

    def __init__(self, config: ServerConfig) -> None:
        self._all = config.show_details
        self._names = frozenset(map(str.lower, hosts_in(config.host)))
        # What connects here may be a proxy, although it is on this machine.
        self._has_proxy = config.is_local and not config.is_for_this_machine

    @property
    def include_this_machine(self) -> bool:
        """Whether a browser on this machine is one of them."""
        return not self._has_proxy if self._all is None else self._all

    def audience(self, request: Request) -> Audience:
        """Return who asks at the port of the clients."""
        if not self.include(request):
            return Audience.EVERYBODY
        return Audience.LOCAL if self._is_local(request) else Audience.INSIDERS

    def include(self, request: Request) -> bool:
        """Tell whether who asks is one of them."""
        return self._is_local(request) if self._all is None else self._all

    def _is_local(self, request: Request) -> bool:
        """Tell whether who asks is on this machine.

        A page that comes from elsewhere does not count, although the browser that asks for it does:
        neither by its origin, nor by a name of its own that leads here (DNS rebinding).
        """
        if self._has_proxy or not request.is_from_here:
            return False
        if any(name in _PASSED_ON for name, _ in request.headers):
            return False
        origin, host = request.single("origin"), request.single("host")
        if origin is not None and not is_loopback(host_of_origin(origin)):
            return False
        return host is None or self._is_nobody_elses(host_in(host))

    def _is_nobody_elses(self, host: str) -> bool:
        """Tell whether no stranger can own a name: it is an address, or one of this machine."""
        is_local = is_loopback(host) or host.endswith(".localhost")
        return is_local or is_ip_address(host) or host in self._names
