"""The second port, for the operator: who may ask there, and that nobody is a client there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from peerpigeon.core.config import host_in, is_ip_address, is_loopback
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.request import Request

DOORS = 256
"""Connections that may be in their handshake at the second port: its users are few."""

_FOREIGN_PAGE = HandshakeError(403, "a page of another origin may change nothing here")
_NO_CLIENTS = HandshakeError(403, "clients and hubs connect at the other port")


class AdminAccess:
    """Who may ask at the second port: whoever reaches it, but no page of somebody else."""

    def __init__(self, config: ServerConfig) -> None:
        self._names = config.admin_answers_to

    def admits_host(self, header: str | None) -> bool:
        """Tell whether a request with this header ``Host`` is answered.

        A page whose owner lets its name lead here (DNS rebinding) would be the server's own to a
        browser. Nobody can do so with an address, with a name of the loopback, or with a name that
        the operator has given.
        """
        if self._names is None or header is None:
            return True
        host = host_in(header)
        is_here = is_loopback(host) or host.endswith(".localhost") or is_ip_address(host)
        return is_here or host in self._names

    def audience(self, request: Request) -> Audience:
        """Return who asks; raise ``HandshakeError`` if it is a page of another origin.

        Browsers send a ``POST`` of any page without asking, and say by ``Origin`` whose it is.
        """
        origin = request.single("origin")
        if origin is not None and origin.partition("://")[2] != (request.single("host") or ""):
            raise _FOREIGN_PAGE
        return Audience.ADMIN

    @staticmethod
    def refuse_socket(_: object) -> NoReturn:
        """Refuse a WebSocket, whatever it is for."""
        raise _NO_CLIENTS
