"""``PeerPigeonServer``: one server or hub in an asyncio program."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from peerpigeon.core.config import ServerConfig, check_hub_uri
from peerpigeon.core.hub import Hub
from peerpigeon.core.ids import PeerId, generate_peer_id, same_peer
from peerpigeon.core.interface.close_codes import GOING_AWAY
from peerpigeon.core.interface.notices import NOTICES, Notice, Started, Stopped
from peerpigeon.core.interface.snapshot import topology
from peerpigeon.net.carriers import Carriers
from peerpigeon.net.door import Doors
from peerpigeon.net.driver import Driver
from peerpigeon.net.engine import engine_for, ice_options
from peerpigeon.net.handshake import HandshakeError
from peerpigeon.net.http import Pages
from peerpigeon.net.listen import BACKLOG, doubled, listen, reachable_address
from peerpigeon.net.websocket.connection import PeerSocket
from peerpigeon.net.websocket.group import SocketGroup

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from types import TracebackType

    from peerpigeon.core.interface.snapshot import HubRecord, PeerRecord, Snapshot, TopologySnapshot
    from peerpigeon.net.door import Opener
    from peerpigeon.net.handshake import UpgradeRequest
    from peerpigeon.net.websocket.outgoing import Dialing
    from peerpigeon.rtc.channel import Engine

N = TypeVar("N")

logger = logging.getLogger(__name__)

DRAIN_TIMEOUT = 1.0
"""Seconds for the other hubs to leave a hub that stops, and for what passes through it."""
DOORS = 1024  # connections that may be in their handshake, if fewer clients are allowed


@dataclass(slots=True)
class _Running:
    """What exists only between start and stop."""

    hub: Hub
    driver: Driver
    carriers: Carriers
    clients: SocketGroup[PeerSocket]
    doors: Doors
    listeners: list[asyncio.Server]
    port: int
    stopped: asyncio.Event


class PeerPigeonServer:
    """A PeerPigeon signaling server.

    Give it a ``ServerConfig``, or its options as keywords::

        async with PeerPigeonServer(port=3000) as server:
            server.on(PeerConnected, lambda event: print(event.peer_id))
            await server.wait_stopped()

    Raises ``ConfigError`` for options that cannot be used.
    """

    def __init__(self, config: ServerConfig | None = None, **options: Any) -> None:  # noqa: ANN401
        if config is not None and options:
            raise TypeError("give either a ServerConfig or its options as keywords, not both")
        self._config = config or ServerConfig(**options)
        self._ice = ice_options(self._config)
        self._hub_id = self._config.hub_peer_id or self.generate_peer_id()
        self._callbacks: dict[type, list[Callable[[Any], object]]] = defaultdict(list)
        self._running: _Running | None = None

    async def __aenter__(self) -> Self:
        """Start the server."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        await self.stop()

    async def start(self) -> None:
        """Listen for clients; return when they can connect.

        Raises ``RuntimeError`` if the server is running or is stopped meanwhile,
        ``PortsTakenError`` if no port that may be tried is free, ``OSError`` if the host is no
        address of this machine, and ``ConfigError`` if the WebRTC engine that is asked for is not
        installed. Then nothing of it runs, and it may be started again.
        """
        if self._running is not None:
            raise RuntimeError("the server is running already; stop it first")
        config, loop = self._config, asyncio.get_running_loop()
        engine = engine_for(config, self._ice)
        addresses = listen(config.host, config.port, config.max_port_retries)
        sockets = [each for address in addresses for each in doubled(address, loop)]
        running: _Running | None = None
        try:
            port: int = sockets[0].getsockname()[1]
            running = self._running = self._assemble(port, engine, loop)
            await self._accept(running, sockets)
        except BaseException:
            try:
                if self._running is running:
                    await self._end()
            finally:
                for each in sockets:
                    each.close()
            raise
        self._tell(Started(config.host, port))
        if config.is_open:
            logger.warning(
                "the mesh is open: whoever reaches port %d can be a hub of it, and speak for any"
                " client; hub_secret (HUB_SECRET) would keep others out",
                port,
            )
        running.driver.start()

    async def _accept(self, running: _Running, sockets: list[socket]) -> None:
        loop = asyncio.get_running_loop()
        for each in sockets:
            listener = await loop.create_server(running.doors, sock=each, backlog=BACKLOG)
            running.listeners.append(listener)
            if self._running is not running:
                listener.close()
                raise RuntimeError("the server was stopped before it had started")

    def _assemble(
        self, port: int, engine: Engine | None, loop: asyncio.AbstractEventLoop
    ) -> _Running:
        """Put the parts of a server together that listens at ``port``."""
        config = self._config.listening_at(port, reachable_address(self._config.host))
        now = loop.time()
        hub = Hub(self._hub_id, config, random.SystemRandom(), epoch=time.time() - now, now=now)
        driver = Driver(hub, loop, self._tell)

        clients = SocketGroup(
            driver,
            PeerSocket.accepted,
            max_message_size=config.max_message_size,
            max_outbox_size=config.max_outbox_size,
            close_timeout=config.close_timeout,
        )

        def meet(dial: Dialing) -> None:
            driver.reference_opened(dial.become(PeerSocket, clients), dial.opening)

        carriers = driver.carriers = Carriers(
            self._hub_id,
            driver.feed,
            meet,
            engine,
            max_outbox_size=config.max_link_outbox_size,
            close_timeout=config.close_timeout,
        )

        def opener(request: UpgradeRequest) -> Opener:
            if not request.parameter("hub"):
                return clients.open
            if not config.is_hub:
                raise HandshakeError(403, "this server is no hub")
            if request.origin is not None:
                raise HandshakeError(403, "a web page is no hub")
            return carriers.sockets.open

        doors = Doors(
            opener,
            Pages(config, self.get_stats, self.get_topology).answer,
            allowed_origins=config.allowed_origins,
            handshake_timeout=config.handshake_timeout,
            limit=max(DOORS, config.max_connections),
        )
        stopped = asyncio.Event()
        return _Running(hub, driver, carriers, clients, doors, [], port, stopped)

    async def stop(self) -> None:
        """Close all sockets, each client with code 1001; harmless if the server is stopped."""
        if await self._end():
            self._tell(Stopped())

    async def _end(self) -> bool:
        """End what runs; return whether anything did."""
        running, self._running = self._running, None
        if running is None:
            return False
        for listener in running.listeners:
            listener.close()
        running.doors.abort()
        running.clients.deliver()  # what has been read counts as taken
        running.carriers.sockets.deliver()
        running.driver.drain(GOING_AWAY, "server is stopping")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await running.carriers.emptied()
        running.driver.close()
        await running.carriers.close(GOING_AWAY, "hub is stopping")
        await running.clients.wait_closed()
        await running.carriers.sockets.wait_closed()
        running.stopped.set()
        return True

    async def wait_stopped(self) -> None:
        """Wait until somebody calls ``stop``; return at once if the server is not running."""
        if self._running is not None:
            await self._running.stopped.wait()

    # Events

    @overload
    def on(self, event: type[N], callback: Callable[[N], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: str, callback: Callable[[Any], object]) -> Callable[[], None]: ...

    def on(self, event: type[Any] | str, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``callback`` with each event of a class, or of a documented name (S27).

        The callback runs in the event loop at once and must not block; what it raises is logged.
        Returns a function that ends the subscription. Raises ``ValueError`` for a name or class
        that is no event.
        """
        kind: type[Any] | None = NOTICES.get(event) if isinstance(event, str) else event
        if kind is None or kind not in NOTICES.values():
            raise ValueError(f"no event is called {event!r}; known are {', '.join(NOTICES)}")
        callbacks = self._callbacks[kind]
        callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return unsubscribe

    def _tell(self, notice: Notice) -> None:
        for callback in tuple(self._callbacks[type(notice)]):
            try:
                callback(notice)
            except Exception:
                logger.exception("a subscriber to %s failed", type(notice).__name__)

    # Questions

    @property
    def config(self) -> ServerConfig:
        """The options as they are now."""
        return self._config

    @property
    def is_running(self) -> bool:
        """Whether clients can connect."""
        return self._running is not None

    @property
    def port(self) -> int:
        """The port that serves, which may be a later one than asked for (S11)."""
        return self._config.port if self._running is None else self._running.port

    @property
    def hub_peer_id(self) -> PeerId:
        """This hub's own id."""
        return self._hub_id

    @property
    def hub_mesh_namespace(self) -> str:
        """The reserved namespace of the hubs (S4); may be set while the server is stopped."""
        return self._config.hub_mesh_namespace

    @hub_mesh_namespace.setter
    def hub_mesh_namespace(self, namespace: str) -> None:
        if self._running is not None:
            raise RuntimeError("hub_mesh_namespace cannot change while the server runs; stop it")
        self._config = replace(self._config, hub_mesh_namespace=namespace.strip())

    def connect_to_hub(self, uri: str) -> None:
        """Dial the hub at a WebSocket address now, once; what comes of it is told as events.

        Raises ``ConfigError`` for what is no such address, and ``RuntimeError`` if this server is
        stopped or no hub.
        """
        check_hub_uri(uri, "connect_to_hub")
        hub = self._hub()
        if not self._config.is_hub:
            raise RuntimeError("this server is no hub; start it with is_hub=True")
        if self._running is not None:
            self._running.driver.perform(hub.dial(uri, asyncio.get_running_loop().time()))

    def disconnect_from_bootstrap_hubs(self) -> None:
        """Close the WebSockets to the bootstrap hubs, and dial these no more.

        The hub stays in its mesh: by its other links, and if it has none, by those of the hubs
        it knows that let it in. Raises ``RuntimeError`` if this server is stopped.
        """
        hub = self._hub()
        if self._running is not None:
            now = asyncio.get_running_loop().time()
            self._running.driver.perform(hub.leave_bootstrap(now))

    def get_stats(self) -> Snapshot:
        """Return the counts of this moment. Raises ``RuntimeError`` if the server is stopped."""
        return self._hub().snapshot(asyncio.get_running_loop().time())

    def get_topology(self) -> TopologySnapshot:
        """Return the hubs of the mesh and their links, as far as this hub knows them.

        Raises ``RuntimeError`` if the server is stopped.
        """
        return topology(self.get_stats(), self._hub().adverts())

    def get_peers(self) -> list[PeerRecord]:
        """Return a record of each connected client, none if the server is stopped."""
        return [] if self._running is None else self._running.hub.peers()

    def get_connected_hubs(self) -> list[HubRecord]:
        """Return a record of each other hub that is registered here."""
        return [record for record in self.get_stats().hubs if record.peer_id != self._hub_id]

    def is_peer_hub(self, peer_id: PeerId) -> bool:
        """Tell whether an id is that of a hub registered here, this one included."""
        return any(same_peer(record.peer_id, peer_id) for record in self.get_stats().hubs)

    @staticmethod
    def generate_peer_id() -> PeerId:
        """Return a fresh random id of 40 hexadecimal digits."""
        return generate_peer_id(random.SystemRandom())

    def _hub(self) -> Hub:
        if self._running is None:
            raise RuntimeError("the server is not running; start it first")
        return self._running.hub
