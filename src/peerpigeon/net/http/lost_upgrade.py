"""A WebSocket's request whose headers ``Upgrade`` and ``Connection`` did not come through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.http.opening_handshake import UPGRADE_TO, is_websocket
from peerpigeon.net.http.request import parameter, split_target
from peerpigeon.net.http.response import HandshakeError

if TYPE_CHECKING:
    from peerpigeon.net.http.request import Request

# Of nginx, Apache and HAProxy, as their manuals have it (ngx_http_proxy_module, mod_proxy_http).
BODY = """\
A WebSocket is opened here, and "Upgrade: websocket" or "Connection: Upgrade" is missing.
If a program or page has sent them, a proxy on the way has taken them off; it has to pass them on:

nginx    proxy_http_version 1.1;
         proxy_set_header Upgrade $http_upgrade;
         proxy_set_header Connection "upgrade";
Apache   ProxyPass "/" "http://127.0.0.1:3000/" upgrade=websocket
HAProxy  passes them on by itself in "mode http", if the server speaks HTTP/1.1 ("proto h1")
"""

_LINE = (
    "a request for a WebSocket came without its headers Upgrade and Connection (426); a proxy on"
    " the way has to pass them on"
)


def check_upgrade(request: Request) -> None:
    """Raise ``HandshakeError`` if a request is for a WebSocket and cannot open one (426).

    It is for one if it has a key for the handshake, or says in its query which peer it is, as all
    clients and hubs do. What asks for no WebSocket, and a whole handshake, pass.
    """
    if request.method not in ("GET", "HEAD"):
        return
    asks = is_websocket(request)
    if asks and request.lists("connection", "upgrade"):
        return
    # RFC 9110, section 15.5.22: the answer names the protocol in Upgrade.
    if asks or request.values("sec-websocket-key") or _names_a_peer(request):
        raise HandshakeError(426, BODY.rstrip(), *UPGRADE_TO, log=_LINE)


def _names_a_peer(request: Request) -> bool:
    _, query = split_target(request.target)
    return bool(parameter(query, "peerId"))
