"""Which web pages may connect: those of origins that are allowed, and the server's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config import (
    ConfigError,
    host_of_origin,
    hosts_in,
    is_ip_address,
    normal_origin,
)
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig

_WRONG_ORIGIN = (
    "a page was refused (403): cors_origin (CORS_ORIGIN) does not name its origin; name it there if"
    " it is one of yours"
)
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}


class Origins:
    """The origins that a server lets in (RFC 6454); all, if none is named."""

    def __init__(self, config: ServerConfig) -> None:
        self._allowed = config.allowed_origins
        self._has_pages = config.serves_demo
        # A proxy may change `Host`, and the server is still reached at what it advertises.
        self._own = frozenset(
            filter(None, map(_page_origin, config.advertise or config.own_addresses))
        )
        self._names = {"localhost", *map(str.lower, hosts_in(config.host))}

    def admits(self, origin: str | None, host: str) -> bool:
        """Tell whether a request with these headers ``Origin`` and ``Host`` may connect.

        A browser always names the page it comes from. Other programs may name any, or none, so
        only a wrong origin is refused.
        """
        if self._allowed is None or origin is None or origin in self._allowed:
            return True
        return self._has_pages and (origin in self._own or self._is_loaded_from(origin, host))

    def _is_loaded_from(self, origin: str, host: str) -> bool:
        """Tell whether a page was loaded from the very address at which it connects.

        A name that only the request has is not trusted: whoever owns a name can first serve a page
        under it and then let it lead here (DNS rebinding). Nobody can do that with an IP address or
        with this machine's own names.
        """
        scheme = origin.partition(":")[0]
        try:
            is_same = scheme in _PAGE_SCHEMES.values() and origin == normal_origin(
                f"{scheme}://{host}", "Host"
            )
        except ConfigError:
            return False
        name = host_of_origin(origin)
        return is_same and (name in self._names or is_ip_address(name))


def _page_origin(uri: str) -> str:
    """Return the origin of pages under a WebSocket address; empty if there can be none."""
    scheme, _, rest = uri.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    try:
        return normal_origin(f"{_PAGE_SCHEMES[scheme]}://{authority}", "advertise")
    except ConfigError:  # a name that is not in ASCII, say
        return ""


def wrong_origin(origin: str | None) -> HandshakeError:
    """Return the refusal of a page that is not let in."""
    message = "this origin may not connect: cors_origin does not name it"
    return HandshakeError(403, message, log=_WRONG_ORIGIN, origin=origin or "")
