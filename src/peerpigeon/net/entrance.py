"""Who of those that ask for a WebSocket is let in, and what takes the connection over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.config import dialect_at
from peerpigeon.core.interface.close_codes import SERVER_DRAINING
from peerpigeon.net.http.origins import Origins, wrong_origin
from peerpigeon.net.http.paths import check_path
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core import Hub
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.events import Permits
    from peerpigeon.net.driver import Driver
    from peerpigeon.net.http.access_control import Opener
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.tokens import Tokens
    from peerpigeon.net.seldom import SeldomWarnings

_DRAINING = HandshakeError(503, f"{SERVER_DRAINING}: not here", ("Retry-After", "1"), log="")
"""A proxy tries its next server at that, and a client goes on waiting longer each time; one that
was let in and closed would come back every second."""


class Entrance:
    """The entrance of one server, for clients and for other hubs."""

    def __init__(
        self,
        config: ServerConfig,
        hub: Hub,
        driver: Driver,
        clock: Callable[[], float],
        warnings: SeldomWarnings,
    ) -> None:
        self._config = config
        self._hub = hub
        self._driver = driver
        self._warnings = warnings
        self._origins = Origins(config)
        self.tokens = _tokens(config, clock)
        """What checks tokens; ``None`` if clients need none."""

    def admits_origin(self, origin: str | None, host: str) -> bool:
        """Tell whether a page of an origin may connect."""
        return self._origins.admits(origin, host)

    def opener(self, request: UpgradeRequest) -> Opener:
        """Return what takes over a connection. Raises ``HandshakeError`` if nothing does."""
        check_path(request.path, self._config.path_prefix)
        if not request.parameter("hub"):
            return self._client_opener(request)
        if not self._config.is_hub:
            raise HandshakeError(403, "this server is no hub; start it with peerpigeon hub")
        if request.origin is not None:
            raise HandshakeError(403, "a web page is no hub")
        return self._driver.carriers.sockets.open

    def _client_opener(self, request: UpgradeRequest) -> Opener:
        """Return what takes over a connection of a client, with what its token allows.

        And with the dialect that it speaks, if it is a foreign one.
        """
        if self._hub.status.is_draining:
            raise _DRAINING
        # Whoever names a peerId is a client of this protocol, at whatever path.
        is_native = bool(request.parameter("peerId"))
        dialect = "" if is_native else dialect_at(request.path, self._config.dialects)
        asked = replace(request, dialect=dialect) if dialect else request
        permits = None if self.tokens is None else self.tokens.permits(asked)
        if permits is None and not dialect:
            return self._driver.clients.sockets.open
        allowed = asked if permits is None else replace(asked, permits=permits)
        return lambda transport, _, early: self._driver.clients.sockets.open(
            transport, allowed, early
        )

    def objection_to(self, request: Request, namespace: str) -> str | None:
        """Return why whoever asks for a page may not enter a namespace as a client, if so."""
        try:
            permits = self._permits(request)
        except HandshakeError as error:
            self._warnings.add(error.log, request.address, **error.details)
            raise
        access = self._config.parsed_namespace_access
        return access.objection(namespace, None if permits is None else permits.namespaces)

    def _permits(self, request: Request) -> Permits | None:
        origin = request.single("origin")
        if not self._origins.admits(origin, request.single("host") or ""):
            raise wrong_origin(origin)
        if self.tokens is None:
            return None
        from peerpigeon.net.http.tokens import shown_by  # noqa: PLC0415 - loaded already

        return self.tokens.check(shown_by(request))


def _tokens(config: ServerConfig, clock: Callable[[], float]) -> Tokens | None:
    """Return what checks tokens, if there are keys for that."""
    if not config.token_keys:
        return None
    # The library is loaded by those alone that use it.
    from peerpigeon.net.http.tokens import Tokens  # noqa: PLC0415

    return Tokens(config, clock)
