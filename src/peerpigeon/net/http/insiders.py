"""Who is told how a server is: how many it serves, which version it is, which hubs it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config import host_of_origin, is_loopback

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.request import Request

_PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-real-ip"})
"""Headers of proxies, which ask in the name of others."""


class Insiders:
    """Those who ask from the server's own machine; everybody or nobody if the option says so."""

    def __init__(self, config: ServerConfig) -> None:
        self._all = config.show_details
        # What connects here may be a proxy, although it is on this machine.
        self._has_proxy = config.is_local and not config.is_for_this_machine

    def include(self, request: Request) -> bool:
        """Tell whether who asks is one of them.

        A page that comes from elsewhere does not count, although the browser that asks for it does.
        """
        if self._all is not None:
            return self._all
        if self._has_proxy or not request.is_from_here:
            return False
        if any(name in _PASSED_ON for name, _ in request.headers):
            return False
        origin = request.single("origin")
        return origin is None or is_loopback(host_of_origin(origin))
