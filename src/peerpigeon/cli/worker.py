"""One worker of ``peerpigeon hub --workers``: what its supervisor has given it, and tells it.

Both talk over a socket pair, in lines of JSON. A worker takes no signals, so that one that reaches
all processes of a service at once does not count twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.cli.systemd import Inherited
from peerpigeon.core.config import ConfigError
from peerpigeon.net.workers.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from peerpigeon.net.server import PeerPigeonServer

VARIABLE = "_PEERPIGEON_WORKER"
"""The environment variable by which a process is a worker: JSON."""


MOST = 64
"""Workers: each is linked to each other one, and takes the memory of a hub."""


class Worker(msgspec.Struct, frozen=True):
    """What a worker was started with."""

    index: int
    count: int
    directory: str
    is_first: bool
    """Whether nobody was in its place before."""
    supervisor: socket.socket
    inherited: Inherited
    """They listen for all workers: whoever is free takes the next connection."""

    @property
    def speaks(self) -> bool:
        """Whether it tells people, for all workers, where they are served."""
        return self.is_first and self.index == 0

    def join(self, server: PeerPigeonServer) -> None:
        """Have a server be this worker from its start on."""
        server.join_workers(Place(self.index, self.count, self.directory, self._ask_to_drain))

    def _ask_to_drain(self, over: float | None) -> None:
        self.tell({"drain": over})

    def tell(self, word: dict[str, Any]) -> None:
        """Tell the supervisor something; if it is gone this process is about to end."""
        try:
            self.supervisor.send(json.dumps(word).encode() + b"\n")
        except OSError:
            return

    def listen(self, server: PeerPigeonServer, end: Callable[[signal.Signals], None]) -> None:
        """Do in the running loop what the supervisor says; without it, end at once."""
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        loop, orders = asyncio.get_running_loop(), _Orders(server, end)

        def take() -> None:
            try:
                said = self.supervisor.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                said = b""
            if not said:
                loop.remove_reader(self.supervisor.fileno())
                from shutil import rmtree  # noqa: PLC0415 - with three libraries to compress by

                rmtree(self.directory, ignore_errors=True)  # nobody else does any more
                end(signal.SIGINT)
            for line in said.splitlines():
                orders.obey(json.loads(line))

        self.supervisor.setblocking(False)  # noqa: FBT003 - the standard library has it so
        loop.add_reader(self.supervisor.fileno(), take)


class _Orders:
    """What a supervisor has its worker do."""

    def __init__(self, server: PeerPigeonServer, end: Callable[[signal.Signals], None]) -> None:
        self._server = server
        self._end = end
        self._draining: asyncio.Task[None] | None = None

    def obey(self, word: dict[str, Any]) -> None:
        """Do what one line says."""
        match word:
            case {"drain": over}:
                self._draining = asyncio.get_running_loop().create_task(self._drain(over))
            case {"stop": _}:
                self._end(signal.SIGINT)
            case {"reload": _}:
                self._server.reload()

    async def _drain(self, over: float | None) -> None:
        await self._server.drain(over)
        self._end(signal.SIGINT)


def number_of_workers(text: str) -> int:
    """Return how many workers the option asks for. Raises ``ConfigError``."""
    if text == "auto":
        usable = getattr(os, "sched_getaffinity", None)
        return min(len(usable(0)) if usable is not None else os.cpu_count() or 1, MOST)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST):
        raise ConfigError(f"workers is {text!r}; write a number from 1 to {MOST}, or auto")
    return int(text)


def given_place(environ: MutableMapping[str, str]) -> Worker | None:
    """Return what this process was started with as a worker; ``None`` if it is none.

    The variable is taken away, so that no other process takes itself for this worker.
    """
    said = environ.pop(VARIABLE, "")
    if not said:
        return None
    given = json.loads(said)
    return Worker(
        given["index"],
        given["count"],
        given["directory"],
        given["isFirst"],
        _socket(given["supervisor"]),
        Inherited(
            tuple(_socket(number) for number in given["sockets"]),
            tuple(_socket(number) for number in given["admin"]),
        ),
    )


def _socket(number: int) -> socket.socket:
    os.set_inheritable(number, False)  # noqa: FBT003 - the standard library has it so
    return socket.socket(fileno=number)
