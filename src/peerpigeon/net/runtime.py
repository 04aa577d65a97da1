"""What exists of a server between start and stop: built, started and ended here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from peerpigeon.core import Hub
from peerpigeon.core.config import least_memory
from peerpigeon.core.interface.close_codes import (
    GOING_AWAY,
    HUB_STOPPING,
    SERVER_STOPPING,
)
from peerpigeon.core.interface.figures import distribution
from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.core.interface.timing import LEAVE_TIMEOUT
from peerpigeon.net.descriptors import Descriptors, descriptor_limit
from peerpigeon.net.driver import Driver
from peerpigeon.net.entrance import Entrance
from peerpigeon.net.listen import BACKLOG, IN_A_TURN
from peerpigeon.net.machine_memory import default_limit
from peerpigeon.net.metrics.loop_lag import LoopLag
from peerpigeon.net.metrics.picture import Picture, ShellFigures
from peerpigeon.net.own_addresses import certified_hosts, own_hosts
from peerpigeon.net.ports import Ports
from peerpigeon.net.recent_notices import RecentNotices
from peerpigeon.net.seldom import SeldomWarnings
from peerpigeon.net.start_warnings import start_warnings
from peerpigeon.net.tracing import sender_for
from peerpigeon.net.watched_files import WatchedFiles
from peerpigeon.net.websocket.kernel_queue import leave_little_in_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.core.interface.serving import Serving
    from peerpigeon.core.interface.snapshot import (
        NamespaceRecord,
        PeerRecord,
        Snapshot,
        TopologySnapshot,
    )
    from peerpigeon.net.http.access_control import AccessControl
    from peerpigeon.net.http.door import Doors
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.tls.certificate import CertificateFiles
    from peerpigeon.net.workers.workers import Workers
    from peerpigeon.rtc.interface import Engine

logger = logging.getLogger(__name__)

_KEEPS_FILE: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""The file of a Unix socket is removed by who has made it, and no loop does that for us."""


class Runtime:
    """One life of a server, on the running event loop."""

    def __init__(  # noqa: PLR0913 - what a life is made of
        self,
        hub_id: PeerId,
        config: ServerConfig,
        port: int,
        engine: Engine | None,
        tell: Callable[[Notice], None],
        identity: Identity | None = None,
        *,
        drain: Callable[[float | None], object],
    ) -> None:
        """``drain``: what drains and then stops the server, for a page that is asked to."""
        self.port = port
        self._drain = drain
        certificate = _certificate(config)
        hosts = certified_hosts(certificate.names, config.host) if certificate else ()
        config = config.listening_at(port, hosts or own_hosts(config.host) if port else ())
        if config.max_memory is None:
            config = replace(config, max_memory=max(default_limit(), least_memory(config)))
        self._config = config
        self._loop = loop = asyncio.get_running_loop()
        now = loop.time()
        rng, epoch = random.SystemRandom(), time.time() - now
        self.hub = Hub(hub_id, config, rng, epoch=epoch, now=now, identity=identity)
        self._tell = tell
        self.recent = RecentNotices()
        self._warnings = SeldomWarnings(
            loop.time, lambda warned: loop.call_soon(self._take_notice, warned)
        )
        self._spans = spans = sender_for(config, hub_id, self._warnings)
        self.driver = Driver(self.hub, config, self._take_notice, engine, self._warnings, spans)
        self._descriptors = Descriptors(descriptor_limit(), self._drop_somebody, self._warnings)
        self._entrance = Entrance(config, self.hub, self.driver, loop.time, self._warnings)
        holders, descriptors = self.driver.holders, self._descriptors
        self._ports = Ports(self, config, holders, descriptors, self._warnings)
        self._doors = self._ports.for_clients(self._entrance, certificate)
        self._admin_doors = self._ports.for_operators()
        self._all_doors = [self._doors, self._admin_doors]
        time_next_turn = self.driver.clients.sockets.time_next_turn
        self._loop_lag = LoopLag(loop, time.perf_counter, time_next_turn)
        readers = (self._entrance.tokens, certificate)
        reloads = [each.reload for each in readers if each is not None]
        if config.hub_ca:
            reloads.append(self.driver.carriers.openings.trust.reload)
        self._files = WatchedFiles(reloads) if reloads else None
        self._watching: asyncio.Task[None] | None = None
        self._workers: Workers | None = None
        self._listeners: list[asyncio.Server] = []
        self._to_serve: list[tuple[socket.socket, Doors]] = []
        self._has_begun = False
        self._is_ending = False
        self.ended = asyncio.Event()

    def _take_notice(self, notice: Notice) -> None:
        self.recent.put(notice)
        self._tell(notice)

    def _drop_somebody(self) -> bool:
        """End a connection that matters less than a new one; ``False`` if there is none."""
        return (
            self.driver.clients.sockets.drop_oldest()
            or self.driver.carriers.sockets.drop_oldest()
            or self._doors.drop_greediest()
            or self._admin_doors.drop_greediest()
        )

    @property
    def config(self) -> ServerConfig:
        """The options, as they are used."""
        return self._config

    @property
    def serving(self) -> Serving:
        """Whether new clients are to be sent here."""
        return self.hub.status.serving

    @property
    def holders(self) -> Holders:
        """Who keeps how much for others."""
        return self.driver.holders

    def objection_to(self, request: Request, namespace: str) -> str | None:
        """Return why whoever asks may not enter a namespace as a client; ``None`` if it may."""
        return self._entrance.objection_to(request, namespace)

    def snapshot(self) -> Snapshot:
        """Return the counts of this moment."""
        self.driver.look_at_clock()
        clients, links = self.driver.clients.sockets, self.driver.carriers.sockets
        closing = len(clients.closing) + len(links.closing)
        dropped = self._descriptors.dropped
        snapshot = self.hub.status.snapshot(self._loop.time())
        return structs.replace(snapshot, closing=closing, dropped=dropped)

    def picture(self) -> Picture:
        """Return all that metrics are made of; the first time begins to measure the loop's lag."""
        if not self._is_ending:
            self._loop_lag.start()
        return Picture(self.snapshot(), self.hub.status.figures(), self._shell_figures())

    def _shell_figures(self) -> ShellFigures:
        driver = self.driver
        return ShellFigures(
            serving=self.serving,
            max_connections=self._config.max_connections,
            entering=len(self._doors.waiting),
            refused=dict(self._doors.access.refusals),
            relieved=driver.holders.relieved,
            faults=driver.faults,
            traffic={"clients": driver.clients.sockets.traffic(), **driver.carriers.traffic()},
            link_queue=driver.carriers.waiting,
            link_dropped=driver.carriers.dropped,
            turn_times=distribution(driver.clients.sockets.turn_times),
            loop_lag=distribution(self._loop_lag.times),
        )

    def peers(self) -> list[PeerRecord]:
        """Return a record of every client."""
        self.driver.look_at_clock()
        return self.hub.status.peers()

    def topology(self) -> TopologySnapshot:
        """Return the hubs of the mesh and their links, as far as this hub knows them."""
        self.driver.look_at_clock()
        return self.hub.status.topology(self._loop.time())

    def mesh_mark(self) -> tuple[object, ...]:
        """Return what differs whenever ``topology`` does."""
        return self.hub.status.mesh_mark

    def largest_namespaces(self, most: int) -> list[NamespaceRecord]:
        """Return the namespaces with most clients here, largest first."""
        return self.hub.status.largest_namespaces(most)

    @property
    def access(self) -> AccessControl:
        """What decides who of the clients, and of other hubs, comes in."""
        return self._doors.access

    def reload_soon(self) -> None:
        """Look now whether files have changed that are read again then."""
        if self._files is not None:
            self._files.look_soon()

    async def listen(
        self, sockets: Iterable[socket.socket], admin: Iterable[socket.socket] = ()
    ) -> None:
        """Take connections from now on; raise ``RuntimeError`` if it is ended meanwhile.

        Those of ``admin`` are for the operator alone.
        """
        if self._config.workers > 1:
            # Loaded by those alone that are one of several.
            from peerpigeon.net.workers.workers import Workers  # noqa: PLC0415

            self._workers = Workers(self._config, self.driver)
            doors_of_workers = self._ports.for_workers(self._workers)
            self._all_doors.append(doors_of_workers)
            await self._serve(self._workers.listener, doors_of_workers)
        self._to_serve = [(each, self._doors) for each in sockets]
        self._to_serve += [(each, self._admin_doors) for each in admin]
        if self._config.workers == 1:
            await self.join_workers()

    async def _serve(self, each: socket.socket, factory: Doors) -> None:
        leave_little_in_kernel(each, AHEAD)
        is_unix = each.family == getattr(socket, "AF_UNIX", None)
        serve = self._loop.create_unix_server if is_unix else self._loop.create_server
        # The loops of the standard library take as many at once as their backlog is.
        listener = await serve(
            factory, sock=each, backlog=IN_A_TURN, **(_KEEPS_FILE if is_unix else {})
        )
        each.listen(BACKLOG)
        self._listeners.append(listener)
        if self._is_ending:
            listener.close()
            raise RuntimeError("the server was stopped before it had started")

    def begin(self) -> None:
        """Let the hub do what it wants to do before anything happens."""
        for warning in start_warnings(self._config, self.port):
            logger.warning(warning)
        if self._files is not None:
            self._watching = self._loop.create_task(self._files.watch())
        self._has_begun = True
        self.driver.start()

    async def join_workers(self) -> None:
        """Take connections once the other workers are there, if there are any."""
        if self._workers is not None:
            await self._workers.come(self.hub.status)
        while self._to_serve and not self._is_ending:
            await self._serve(*self._to_serve.pop(0))

    def drain(self, seconds: float | None) -> None:
        """Begin to let the clients go, within ``seconds`` or ``drain_time``; then stop."""
        self._drain(seconds)

    async def let_go(self, over: float) -> None:
        """Take no newcomers, and let the clients go within ``over`` seconds.

        Returns when the last one is gone, or the server is ended meanwhile. All else goes on: who
        is still here is served, pages are, and so are other hubs.
        """
        self.driver.drain(over)
        waits = [self._loop.create_task(each) for each in (self._all_let_go(), self.ended.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _all_let_go(self) -> None:
        await self.driver.drained.wait()
        if self._workers is not None:
            await self._workers.relayed_are_gone()

    async def end(self) -> None:
        """Close everything: each client with code 1001, links to hubs in good order."""
        self._is_ending = True
        self._loop_lag.stop()
        await self._take_no_more()
        for listener in self._listeners:
            listener.close()
        for doors in self._all_doors:
            doors.abort()
        if self._workers is not None:
            self._workers.close()
        if self._watching is not None:
            self._watching.cancel()
        self.driver.clients.sockets.deliver()  # what has been read counts as taken
        self.driver.carriers.sockets.deliver()
        if self._has_begun:
            self.driver.stop(GOING_AWAY, SERVER_STOPPING)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_TIMEOUT):
                    await self.driver.carriers.emptied()
        self.driver.close()
        await self.driver.carriers.close(GOING_AWAY, HUB_STOPPING)
        await self.driver.clients.sockets.wait_closed()
        await self.driver.carriers.sockets.wait_closed()
        if self._workers is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.close_timeout):
                    await self._workers.relayed_are_gone()
            self._workers.end_relays()
        if self._spans is not None:
            await self._spans.close()
        self.ended.set()

    async def _take_no_more(self) -> None:
        """Stop taking connections, and let the loop hand over those that it has taken.

        A listener of asyncio that is closed before does not take them, and nobody closes them
        (CPython's issue 109564).
        """
        with contextlib.suppress(NotImplementedError):  # Windows
            for each in (each for listener in self._listeners for each in listener.sockets):
                self._loop.remove_reader(each)
        await asyncio.sleep(0)


def _certificate(config: ServerConfig) -> CertificateFiles | None:
    """Return the certificate and the key of a server that speaks TLS."""
    if not config.tls_cert:
        return None
    # The library is loaded by those alone that use it.
    from peerpigeon.net.tls.certificate import CertificateFiles  # noqa: PLC0415

    return CertificateFiles(config.tls_cert, config.tls_key)
