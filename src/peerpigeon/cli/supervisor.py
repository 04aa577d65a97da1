"""``peerpigeon hub --workers``: starts the workers, watches over them, and ends them together.

The supervisor opens the port, and all workers listen at the same socket: so nothing is lost that
waits there when one of them dies, it works alike on every system that has such sockets, and no
other program can share the port. It serves nobody itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from peerpigeon.cli.exit_status import FAILURE
from peerpigeon.cli.systemd import notify
from peerpigeon.cli.worker import VARIABLE
from peerpigeon.core.config import ConfigError
from peerpigeon.net.listen import listen
from peerpigeon.net.unix_socket import UnixSocket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peerpigeon.cli.systemd import Inherited
    from peerpigeon.core.config import ServerConfig

logger = logging.getLogger(__name__)

SOONEST, LATEST = 0.1, 5.0
"""Seconds until a worker that has died is started again: twice as long each time, as long as it
lives for less than ``STEADY``."""

STEADY = 10.0
"""Seconds after which a worker that dies has not died of its start."""

GRACE = 10.0
"""Seconds beyond ``drain_time`` and ``close_timeout`` after which a worker is killed at the end."""


def next_pause(pause: float, lived: float) -> float:
    """Return the seconds until a worker is started again that has lived for so long.

    ``pause``: that of the time before; 0 if there was none.
    """
    return SOONEST if not pause or lived >= STEADY else min(2 * pause, LATEST)


def check_workers(config: ServerConfig) -> None:
    """Raise ``ConfigError`` for what several workers cannot do, with the reason."""
    if not config.is_hub:
        raise ConfigError("workers are hubs that work together: use `peerpigeon hub`")
    if not hasattr(socket, "recv_fds") or not hasattr(socket, "AF_UNIX"):
        raise ConfigError("workers: this system cannot pass connections on between processes")
    for name, reason in (
        ("hub_peer_id", "each worker is a hub with an id of its own"),
        ("hub_identity", "each worker is a hub with an id of its own, and one key is one id"),
        ("hub_members", "each worker is a hub, and has a fresh id each time it starts"),
        ("rebalance", "clients go to the worker of their namespace, wherever they connect"),
    ):
        if getattr(config, name):
            raise ConfigError(f"{name} cannot be had with several workers: {reason}")


class Supervisor:
    """The workers of one command. ``words`` are those after ``peerpigeon``."""

    def __init__(
        self,
        words: Sequence[str],
        config: ServerConfig,
        count: int,
        inherited: Inherited,
    ) -> None:
        self.words = words
        self._config = config
        self._unix: UnixSocket | None = None
        self.sockets = list(inherited.clients)
        """They listen for all workers."""
        self.admin = list(inherited.admin)
        """Those of ``admin_port``."""
        if not self.sockets and config.uds:
            self._unix = UnixSocket(config.uds)
            self.sockets = [self._unix.listener]
        elif not self.sockets:
            self.sockets = listen(config.host, config.port, config.port_retries)
        if config.admin_port is not None and not self.admin:
            self.admin = listen(config.admin_host, config.admin_port, 0)
        self.directory = tempfile.mkdtemp(prefix="peerpigeon-")
        """Where the workers have the sockets by which they reach each other: for this user only."""
        self.is_ending = False
        """Whether no worker is to be started any more."""
        self._status = 0
        self._workers = [_Place(self, index, count) for index in range(count)]

    async def run(self) -> int:
        """Run the workers until a signal or a page asks them to end; return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        loop.add_signal_handler(signal.SIGHUP, self._tell_all, {"reload": True})
        try:
            async with asyncio.TaskGroup() as group:
                for worker in self._workers:
                    group.create_task(worker.run())
        finally:
            for each in (*self.sockets, *self.admin):
                each.close()
            if self._unix is not None:
                self._unix.remove()
            shutil.rmtree(self.directory, ignore_errors=True)
        return self._status

    def heard(self, word: dict[str, Any]) -> None:
        """Take what a worker says."""
        match word:
            case {"ready": _} if all(worker.is_ready for worker in self._workers):
                notify("READY=1")
            case {"drain": over}:
                self._drain(over)

    def give_up(self, status: int) -> None:
        """End, because a worker cannot even start."""
        self._status = status
        self._stop()

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGTERM and not self.is_ending:
            self._drain(None)
        else:
            self._stop()

    def _drain(self, over: float | None) -> None:
        if not self.is_ending:
            self._begin_end(self._config.drain_time if over is None else over)
            self._tell_all({"drain": over})

    def _stop(self) -> None:
        self._begin_end(0.0)
        self._tell_all({"stop": True})

    def _begin_end(self, over: float) -> None:
        notify("STOPPING=1")
        self.is_ending = True
        for worker in self._workers:
            worker.kill_after(over + self._config.close_timeout + GRACE)

    def _tell_all(self, word: dict[str, Any]) -> None:
        for worker in self._workers:
            worker.tell(word)


class _Place:
    """One place among the workers, and the process that has it."""

    def __init__(self, supervisor: Supervisor, index: int, count: int) -> None:
        self._supervisor = supervisor
        self._index = index
        self._count = count
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ending = asyncio.Event()
        self._was_ready = False
        self.is_ready = False
        """Whether the process takes connections."""

    async def run(self) -> None:
        """Start the worker, again each time that it has died."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while not self._supervisor.is_ending:
            began = loop.time()
            status = await self._run_once()
            if self._waits_no_more():
                return
            if not self._was_ready and status > 0:
                self._supervisor.give_up(status)
                return
            pause = next_pause(pause, loop.time() - began)
            logger.warning(
                "worker %d %s; it is started again in %.1f s, and its clients can connect again"
                " at once",
                self._index,
                _how_it_ended(status),
                pause,
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()

    def _waits_no_more(self) -> bool:
        return self._supervisor.is_ending

    async def _run_once(self) -> int:
        """Run one process, and return how it has ended."""
        own, its = socket.socketpair()
        reader, self._writer = await asyncio.open_connection(sock=own)
        try:
            with its:
                process = self._process = await self._start(its.fileno())
            async for line in reader:
                word = json.loads(line)
                if "ready" in word:
                    self.is_ready = self._was_ready = True
                self._supervisor.heard(word)
            return await process.wait()
        finally:
            self.is_ready = False
            self._writer.close()
            self._writer = self._process = None

    async def _start(self, way: int) -> asyncio.subprocess.Process:
        supervisor = self._supervisor
        sockets = [each.fileno() for each in supervisor.sockets]
        admin = [each.fileno() for each in supervisor.admin]
        given = {
            "index": self._index,
            "count": self._count,
            "directory": supervisor.directory,
            "isFirst": not self._was_ready,
            "supervisor": way,
            "sockets": sockets,
            "admin": admin,
        }
        environment = {**os.environ, VARIABLE: json.dumps(given)}
        environment.pop("NOTIFY_SOCKET", None)  # it is the supervisor that tells
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "peerpigeon", *supervisor.words),
            env=environment,
            pass_fds=(way, *sockets, *admin),
            start_new_session=True,  # Ctrl-C in a terminal is for the supervisor
        )

    def tell(self, word: dict[str, Any]) -> None:
        """Tell the process something, if there is one."""
        if self._supervisor.is_ending:
            self._ending.set()
        if self._writer is not None:
            self._writer.write(json.dumps(word).encode() + b"\n")

    def kill_after(self, seconds: float) -> None:
        """End the process in any case after so many seconds."""
        asyncio.get_running_loop().call_later(seconds, self._kill)

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"has ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def supervise(words: Sequence[str], config: ServerConfig, count: int, inherited: Inherited) -> int:
    """Run ``count`` workers until they are asked to end; return the exit status.

    Raises ``ConfigError`` for options that several workers cannot have.
    """
    check_workers(config)

    async def run() -> int:
        return await Supervisor(words, config, count, inherited).run()

    try:
        return asyncio.run(run())
    except OSError as error:
        print(f"peerpigeon: cannot listen: {error.strerror or error}", file=sys.stderr)
        return FAILURE
