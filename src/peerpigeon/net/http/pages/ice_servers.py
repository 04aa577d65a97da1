"""The page ``/ice-servers``: STUN and TURN servers for clients, with credentials for a while.

The credentials are those that coturn checks with ``use-auth-secret`` (a draft of the IETF,
draft-uberti-behave-turn-rest): the username says until when it counts, and the password is a MAC of
it, so that TURN servers need to know nobody, only the secret.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from peerpigeon.core.config import GLOBAL_NAMESPACE
from peerpigeon.net.http.page import as_json
from peerpigeon.net.http.request import parameter, split_target
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Operated

NO_STORE = {"Cache-Control": "no-store"}


def ice_servers_page(source: Operated, clock: Callable[[], float] = time.time) -> Answer:
    """Return the page. It is for those who may be clients, in the namespace that they name."""

    async def answer(request: Request) -> Response:
        config = source.config
        _, query = split_target(request.target)
        namespace = parameter(query, "networkName") or GLOBAL_NAMESPACE
        objection = source.objection_to(request, namespace)
        if not objection and not config.has_relay_for(namespace):
            objection = f"there is no TURN server for networkName {namespace!r}"
        if objection:
            raise HandshakeError(403, objection)
        return replace(as_json(ice_servers(config, clock())), headers=NO_STORE)

    return answer


def ice_servers(config: ServerConfig, now: float) -> dict[str, Any]:
    """Return the body of ``GET /ice-servers``, in the form of an ``RTCConfiguration``.

    ``now`` is seconds since 1970; ``lifetime`` in the body is seconds.
    """
    servers = config.parsed_client_ice_servers
    plain = [server.url for server in servers if not server.is_relay]
    relays = [server.url for server in servers if server.is_relay]
    listed: list[dict[str, Any]] = [{"urls": plain}] if plain else []
    if relays:
        until = int(now + config.turn_lifetime)
        listed.append({"urls": relays, **credentials(config.turn_secret, until)})
    return {"iceServers": listed, "lifetime": config.turn_lifetime}


def credentials(secret: str, until: int, user: str = "") -> dict[str, str]:
    """Return username and password that count until a time, in seconds since 1970.

    Without ``user`` it is a name that nobody else is given: TURN servers may count by users.
    """
    username = f"{until}:{user or secrets.token_hex(6)}"
    mac = hmac.digest(secret.encode(), username.encode(), "sha1")
    return {"username": username, "credential": base64.b64encode(mac).decode()}
