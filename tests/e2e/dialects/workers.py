"""One hub of two workers, and a way to each of them: at its port it is chance who takes whom."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from tests.e2e.dialects.balancer import Balancer
from tests.e2e.servers import our_server
from tests.e2e.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.process import Child

ANSWER_TIMEOUT = 10.0

VARIABLE = b"_PEERPIGEON_WORKER="

_DIALLING = threading.Lock()
"""Two who dial two workers at a time would have both stand still."""


class WayToWorker(Balancer):
    """Passes connections on to one worker: the other stands still while one is taken."""

    def __init__(self, workers: Workers, index: int) -> None:
        self._workers = workers
        self.index = index
        """Which one takes who comes from now on."""
        super().__init__(workers.port)

    def dial(self) -> socket.socket:
        """Connect to the worker."""
        own, others = self._workers.pid(self.index), self._workers.others(self.index)
        with _DIALLING:
            for each in others:
                os.kill(each, signal.SIGSTOP)
            try:
                server = super().dial()
                eventually("who has taken it", lambda: _has_taken(own, server), bool)
            finally:
                for each in others:
                    os.kill(each, signal.SIGCONT)
        return server


@dataclass(frozen=True)
class Workers:
    """A hub with two workers."""

    port: int
    child: Child

    def _pids(self) -> dict[int, int]:
        pid = self.child.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return {index: int(each) for each in found if (index := _index(each)) is not None}

    def pid(self, index: int) -> int:
        """Return the process of a worker."""
        return self._pids()[index]

    def others(self, index: int) -> list[int]:
        """Return the processes of all workers but one."""
        return [pid for other, pid in self._pids().items() if other != index]

    def kill(self, index: int) -> None:
        """End a worker like a crash, and wait until it is gone."""
        pid = self.pid(index)
        os.kill(pid, signal.SIGKILL)
        eventually("its end", lambda: pid in self._pids().values(), lambda is_there: not is_there)

    def health(self) -> dict[str, Any]:
        """Return the health of the whole."""
        with urlopen(f"http://127.0.0.1:{self.port}/health", timeout=ANSWER_TIMEOUT) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def wait_until_whole(self) -> None:
        """Return when both are there, and linked."""
        eventually("both workers", self._statuses, lambda found: found == ["healthy"] * 2)

    def _statuses(self) -> list[str]:
        try:
            health = self.health()
        except OSError:
            return []
        if health["hubMesh"]["localConnections"] != 1:
            return []
        return [each["status"] for each in health["workers"]]


@contextlib.contextmanager
def two_workers(*options: str) -> Iterator[Workers]:
    """Run a hub with two workers that are linked to each other."""
    with our_server("hub", "--workers", "2", "--no-auto-connect", *options) as server:
        workers = Workers(server.port, server.child)
        workers.wait_until_whole()
        yield workers


@contextlib.contextmanager
def ways_to(workers: Workers) -> Iterator[tuple[WayToWorker, WayToWorker]]:
    """Return a way to each of two workers."""
    with WayToWorker(workers, 0) as first, WayToWorker(workers, 1) as second:
        yield first, second


def _index(pid: str) -> int | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    places = [each for each in variables if each.startswith(VARIABLE)]
    return int(json.loads(places[0].removeprefix(VARIABLE))["index"]) if places else None


def _has_taken(pid: int, dialled: socket.socket) -> bool:
    """Tell whether a process holds the other end of a connection (proc(5), /proc/net/tcp)."""
    ends = [_hexadecimal(*end[:2]) for end in (dialled.getpeername(), dialled.getsockname())]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    inodes = [row[9] for row in rows if row[1:3] == ends]
    wanted = {f"socket:[{inode}]" for inode in inodes if inode != "0"}
    return any(_target(each) in wanted for each in Path(f"/proc/{pid}/fd").iterdir())


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _hexadecimal(host: str, port: int) -> str:
    address = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return f"{address:08X}:{port:04X}"
