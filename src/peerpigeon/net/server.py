"""``PeerPigeonServer``: one server or hub in an asyncio program."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from peerpigeon.core.config import ConfigError, ServerConfig, check_hub_uri, config_of
from peerpigeon.core.identity import id_of
from peerpigeon.core.ids import PeerId, generate_peer_id, parse_peer_id, same_peer
from peerpigeon.core.interface.events import BootstrapLeft, DialRequested
from peerpigeon.core.interface.notices import Notice, Started, Stopped
from peerpigeon.net.links.engine_options import engine_for
from peerpigeon.net.listen import by_whom
from peerpigeon.net.listening import Listening, port_of
from peerpigeon.net.runtime import Runtime
from peerpigeon.net.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from socket import socket
    from types import TracebackType

    from peerpigeon.core.config import ServerOptions
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.interface.snapshot import HubRecord, PeerRecord, Snapshot, TopologySnapshot
    from peerpigeon.net.workers.place import Place

N = TypeVar("N")

logger = logging.getLogger(__name__)


class PeerPigeonServer:
    """A PeerPigeon signaling server.

    Give it a ``ServerConfig``, or its options as keywords::

        async with PeerPigeonServer(port=3000) as server:
            server.on(PeerConnected, lambda event: print(event.peer_id))
            await server.wait_stopped()

    Raises ``ConfigError`` for options that cannot be used.
    """

    def __init__(
        self, config: ServerConfig | None = None, **options: Unpack[ServerOptions]
    ) -> None:
        self._config = config_of(config, options)
        self._identity = _identity_of(self._config)
        self._hub_id = (
            id_of(self._identity.key)
            if self._identity
            else self._config.hub_peer_id or self.generate_peer_id()
        )
        self._subscriptions = Subscriptions()
        self._inherited: Sequence[socket] | None = None
        self._inherited_admin: Sequence[socket] = ()
        self._place: Place | None = None
        self._listening: Listening | None = None
        self._runtime: Runtime | None = None
        self._draining: asyncio.Task[None] | None = None
        self._admin_port = self._config.admin_port

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

    def join_workers(self, place: Place) -> None:
        """Serve as one of several processes of a command from the next start on.

        Raises ``RuntimeError`` if the server runs.
        """
        if self._runtime is not None:
            raise RuntimeError("the server runs already; stop it first")
        self._config = place.share(self._config)
        self._place = place

    def listen_at(self, sockets: Sequence[socket] | None, admin: Sequence[socket] = ()) -> None:
        """Take these listening sockets from the next start on, instead of opening some.

        ``admin`` are those for the operator, as at ``admin_port``, which has to be set then.
        ``sockets`` is ``None`` if the options say where clients connect.

        They are whoever's who has opened them, and stay open when the server stops. That the
        options ``host`` and ``uds`` say where they listen is for the caller to see to: what the
        server lets strangers do hangs on it. Without any it listens nowhere, and serves what comes
        by an ASGI application alone. ``admin`` are those of ``admin_port``.
        Raises ``RuntimeError`` if the server runs.
        """
        if self._runtime is not None:
            raise RuntimeError("the server listens already; stop it first")
        self._inherited = sockets if sockets is None else tuple(sockets)
        self._inherited_admin = tuple(admin)

    async def start(self) -> None:
        """Listen for clients; return when they can connect.

        Raises ``RuntimeError`` if the server is running or is stopped meanwhile,
        ``PortsTakenError`` if no port that may be tried is free, ``OSError`` if the host is no
        address of this machine or may not be served, and ``ConfigError`` if the WebRTC engine that
        is asked for, or OpenTelemetry for ``trace_every``, is not installed. Then nothing of it
        runs, and it may be started again.
        """
        if self._runtime is not None:
            raise RuntimeError("the server is running already; stop it first")
        config = self._config
        engine = engine_for(config)
        listening = Listening(config, self._inherited, self._inherited_admin)
        port = listening.port
        runtime: Runtime | None = None
        try:
            runtime = self._runtime = Runtime(
                self._hub_id,
                config,
                port,
                engine,
                self._subscriptions.publish,
                self._identity,
                drain=self._drain_soon,
            )
            await runtime.listen(listening.sockets, listening.admin)
        except BaseException:
            try:
                if self._runtime is runtime:
                    await self._end()
            finally:
                listening.close()
                listening.remove()
            raise
        self._listening = listening
        if listening.admin:
            self._admin_port = next(filter(None, map(port_of, listening.admin)), None)
            places = dict.fromkeys(_place_of(each, config) for each in listening.admin)
            logger.info("pages for the operator are at %s", ", ".join(places))
        if port and config.port not in (0, port) and self._inherited is None:
            logger.warning(
                "port %d is taken%s, so port %d serves instead",
                config.port,
                by_whom(config.port),
                port,
            )
        self._subscriptions.publish(Started(config.place, port))
        runtime.begin()
        await runtime.join_workers()

    async def stop(self) -> None:
        """Close all sockets, each client with code 1001; harmless if the server is stopped."""
        if await self._end():
            self._subscriptions.publish(Stopped())

    async def drain(self, drain_time: float | None = None) -> None:
        """Let the clients go, one after the other, then stop; return when that is done.

        They are closed with code 1012 within ``drain_time`` seconds (the option, if not set), 0 for
        all at once, and ``close_timeout`` more for those that do not answer. Meanwhile newcomers
        get 503, and who is still here is served. Harmless if the server is stopped; if it drains
        already, that goes on. ``stop`` ends it at once. Raises ``ConfigError`` for a time that
        cannot be.
        """
        if drain_time is None:
            drain_time = self._config.drain_time
        over = replace(self._config, drain_time=drain_time).drain_time
        if (runtime := self._runtime) is None:
            return
        await runtime.let_go(over)
        if self._runtime is runtime:
            await self.stop()
        else:
            await runtime.ended.wait()

    def _drain_soon(self, drain_time: float | None) -> None:
        if self._place is not None:
            self._place.drain(drain_time)  # all of them, this one too
            return
        # It is held here, for the loop does not hold it.
        self._draining = asyncio.get_running_loop().create_task(self.drain(drain_time))

    def reload(self) -> None:
        """Look now whether files have changed that are read again: certificates, keys of tokens.

        A running server looks every few seconds anyway. What is found is told in the log; nobody
        is disconnected. Nothing happens if the server is stopped.
        """
        if self._runtime is not None:
            self._runtime.reload_soon()

    async def _end(self) -> bool:
        """End what runs; return whether anything did."""
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            await runtime.end()
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.remove()
        return runtime is not None

    async def wait_stopped(self) -> None:
        """Wait until somebody calls ``stop``; return at once if the server is not running."""
        if self._runtime is not None:
            await self._runtime.ended.wait()

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
        return self._subscriptions.add(event, callback)

    def notices(self) -> AsyncIterator[Notice]:
        """Return all events from now on, in order, for ``async for``; the last is ``Stopped``.

        A server that is not running yet is waited for. Up to 4096 events wait for the reader. Of
        more, which are left out, an ``ErrorOccurred`` says how many they were. The subscription
        ends when nobody holds what this returns.
        """
        return self._subscriptions.stream()

    # Questions

    @property
    def config(self) -> ServerConfig:
        """The options as they are now."""
        return self._config

    @property
    def is_running(self) -> bool:
        """Whether clients can connect."""
        return self._runtime is not None

    @property
    def port(self) -> int:
        """The port that serves, which may be a later one than asked for (S11)."""
        return self._config.port if self._runtime is None else self._runtime.port

    @property
    def admin_port(self) -> int | None:
        """The second port, for the operator; ``None`` if there is none."""
        return self._admin_port

    @property
    def hub_peer_id(self) -> PeerId:
        """This hub's own id."""
        return self._hub_id

    @property
    def hub_mesh_namespace(self) -> str:
        """The reserved namespace of the hubs (S4); may be set while the server is stopped.

        Raises ``RuntimeError`` if it is set while the server runs, and ``ConfigError`` if it is set
        to what is no namespace.
        """
        return self._config.hub_mesh_namespace

    @hub_mesh_namespace.setter
    def hub_mesh_namespace(self, namespace: str) -> None:
        if self._runtime is not None:
            raise RuntimeError("hub_mesh_namespace cannot change while the server runs; stop it")
        self._config = replace(self._config, hub_mesh_namespace=namespace.strip())

    def connect_to_hub(self, uri: str) -> None:
        """Dial the hub at a WebSocket address now, once; what comes of it is told as events.

        Raises ``ConfigError`` for what is no such address, and ``RuntimeError`` if this server is
        stopped or no hub.
        """
        check_hub_uri(uri, "connect_to_hub")
        runtime = self._running()
        if not self._config.is_hub:
            raise RuntimeError("this server is no hub; start it with is_hub=True")
        runtime.driver.feed(DialRequested(uri))

    def disconnect_from_bootstrap_hubs(self) -> None:
        """Close the WebSockets to the bootstrap hubs, and dial these no more.

        The hub stays in its mesh: by its other links, and if it has none, by those of the hubs
        it knows that let it in. Raises ``RuntimeError`` if this server is stopped.
        """
        self._running().driver.feed(BootstrapLeft())

    def get_stats(self) -> Snapshot:
        """Return the counts of this moment. Raises ``RuntimeError`` if the server is stopped."""
        return self._running().snapshot()

    def get_topology(self) -> TopologySnapshot:
        """Return the hubs of the mesh and their links, as far as this hub knows them.

        Raises ``RuntimeError`` if the server is stopped.
        """
        return self._running().topology()

    def get_peers(self) -> list[PeerRecord]:
        """Return a record of each connected client, none if the server is stopped."""
        return [] if self._runtime is None else self._runtime.peers()

    def get_connected_hubs(self) -> list[HubRecord]:
        """Return a record of each other hub that is registered here.

        Raises ``RuntimeError`` if the server is stopped.
        """
        return [record for record in self.get_stats().hubs if record.peer_id != self._hub_id]

    def is_peer_hub(self, peer_id: str) -> bool:
        """Tell whether an id is that of a hub registered here, this one included.

        However it is spelled; what is no id is no hub's. Raises ``RuntimeError`` if the server is
        stopped.
        """
        hubs = self.get_stats().hubs
        asked = parse_peer_id(peer_id)
        return asked is not None and any(same_peer(record.peer_id, asked) for record in hubs)

    @staticmethod
    def generate_peer_id() -> PeerId:
        """Return a fresh random id of 40 hexadecimal digits."""
        return generate_peer_id(random.SystemRandom())

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the server is not running; start it first")
        return self._runtime


def _place_of(listener: socket, config: ServerConfig) -> str:
    port = port_of(listener)
    return f"port {port} of {config.admin_host}" if port else str(listener.getsockname())


def _identity_of(config: ServerConfig) -> Identity | None:
    """Return the keys of a hub that has any; raise ``ConfigError`` if it is to have another id."""
    if not (config.is_hub and config.hub_identity):
        return None
    from peerpigeon.net.identity import load_identity  # noqa: PLC0415 - few hubs need it

    identity = load_identity(config.hub_identity)
    own, wanted = id_of(identity.key), config.hub_peer_id
    if wanted is not None and not same_peer(own, wanted):
        raise ConfigError(
            f"hub_peer_id is {wanted!r}, and the key in {config.hub_identity!r} (hub_identity) "
            f"gives {own!r}; leave hub_peer_id (HUB_ID) out"
        )
    return identity
