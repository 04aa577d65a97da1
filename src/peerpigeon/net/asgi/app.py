"""``HubApp``: one server or hub as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, Unpack

import msgspec

from peerpigeon.core.config import config_of
from peerpigeon.core.ip_addresses import UNIX
from peerpigeon.net.asgi.http import AsgiPages
from peerpigeon.net.asgi.transport import AsgiTransport
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.http.opening_handshake import UpgradeRequest
from peerpigeon.net.http.request import Request, split_target
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.http.site import Site, pages_of
from peerpigeon.net.server import PeerPigeonServer

if TYPE_CHECKING:
    from types import TracebackType

    from peerpigeon.core.config import ServerConfig, ServerOptions
    from peerpigeon.net.asgi.transport import Message, Receive, Send
    from peerpigeon.net.http.access_control import AccessControl, Opener
    from peerpigeon.net.runtime import Runtime

logger = logging.getLogger(__name__)

EVERYWHERE = "0.0.0.0"
"""What ``host`` is: strangers may come by the ASGI server, whatever that listens at."""


class HubApp:
    """A PeerPigeon server that an ASGI server runs, alone or mounted below a path.

    Give it a ``ServerConfig``, or its options as keywords::

        app = FastAPI()
        app.mount("/signal", HubApp(is_hub=True, hub_secret="..."))

    Clients then connect to ``wss://HOST/signal/``. It starts with the lifespan of the ASGI server,
    or, where that is not passed on to it, as to what is mounted, with the first request; and stops
    with the lifespan, or when the event loop ends. ``async with`` starts and stops it, too.

    It listens nowhere itself: the options ``host``, ``port``, ``uds``, ``tls_cert`` and ``tls_key``
    are of no use. It is taken for one that strangers reach, whatever the ASGI server listens at:
    a hub needs a ``hub_secret``, and nobody is shown details unless ``show_details`` says so.
    """

    def __init__(
        self, config: ServerConfig | None = None, **options: Unpack[ServerOptions]
    ) -> None:
        config = config_of(config, options)
        self.server = PeerPigeonServer(replace(config, host=EVERYWHERE, uds=""))
        """The server: its events, and what it can be asked."""
        self.server.listen_at(())
        self._starting = asyncio.Lock()
        self._runtime: Runtime | None = None
        self._pages: AsgiPages | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self.stop()

    async def start(self) -> None:
        """Start it; nothing happens if it runs. Raises what ``PeerPigeonServer.start`` does."""
        async with self._starting:
            if self.server.is_running:
                return
            await self.server.start()
            runtime = self._runtime = self.server._running()
            config = runtime.config
            site = Site(pages_of(runtime), config.allowed_origins, path_prefix=config.path_prefix)
            self._pages = AsgiPages(site.answer, config.handshake_timeout)
            self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop it; nothing happens if it does not run."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None and keeper is not asyncio.current_task():
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    async def _keep(self) -> None:
        """Stop the server when this task is cancelled: by ``stop``, or at the end of the loop."""
        try:
            await self.server.wait_stopped()
        finally:
            await self.server.stop()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 says how."""
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "http":
                await self.start()
                await self._show(scope, receive, send)
            case "websocket":
                await self.start()
                await self._open(scope, receive, send)
            case unknown:
                raise ValueError(f"{unknown!r} is no kind of connection that is served here")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _show(self, scope: Message, receive: Receive, send: Send) -> None:
        runtime, pages = self._runtime, self._pages
        if runtime is None or pages is None:
            raise RuntimeError("the server was stopped before it had started")

        def request() -> Request:
            asked = _request(scope)
            asked = msgspec.structs.replace(asked, address=_admitted(asked, scope, runtime.access))
            audience = Insiders(runtime.config).audience(asked)
            return msgspec.structs.replace(asked, audience=audience)

        is_head = scope["method"] == "HEAD"
        await pages.respond(request, receive, send, is_head=is_head)

    async def _open(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._runtime is None:
            raise RuntimeError("the server was stopped before it had started")
        await receive()  # websocket.connect
        access = self._runtime.access
        try:
            request = _request(scope)
            path, query = split_target(request.target)
            upgrade = UpgradeRequest(
                path,
                query,
                request.single("host") or "",
                request.single("origin"),
                "",
                tuple(scope.get("subprotocols", ())),
                _admitted(request, scope, access),
            )
            opener = _opener(upgrade, access)
        except HandshakeError as error:
            await _refuse(error, scope, send)
            return
        await AsgiTransport(send).run(receive, upgrade, opener)


def _request(scope: Message) -> Request:
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    # Servers differ in whether the path has the part below which the application is mounted.
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :]
    query: bytes = scope.get("query_string", b"")
    target = (path or "/") + (f"?{query.decode('latin-1')}" if query else "")
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    )
    return Request(scope.get("method", "GET"), target, (1, 1), headers)


def _admitted(request: Request, scope: Message, access: AccessControl) -> str:
    """Return where a request comes from. Raises ``HandshakeError`` if it is refused."""
    peer = _peer(scope)
    address = access.forwarded.origin(request, peer)
    try:
        access.admit(request, address, peer, asyncio.get_running_loop().time())
    except HandshakeError as error:
        access.note_refusal(error, address)
        raise
    return address


def _opener(upgrade: UpgradeRequest, access: AccessControl) -> Opener:
    try:
        return access.opener_for(upgrade)
    except HandshakeError as error:
        access.note_refusal(error, upgrade.address)
        raise


def _peer(scope: Message) -> str:
    """Return the address of the other end, as the ASGI server tells it."""
    client: Any = scope.get("client")
    return str(client[0]) if client else UNIX


async def _refuse(error: HandshakeError, scope: Message, send: Send) -> None:
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
        return
    body = f"{error.message}\n".encode()
    headers = [("content-type", "text/plain; charset=utf-8"), *error.headers]
    await send(
        {
            "type": "websocket.http.response.start",
            "status": int(error.status),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        }
    )
    await send({"type": "websocket.http.response.body", "body": body})
