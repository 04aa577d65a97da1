"""Who is measured: our server, the npm package's, and what does nothing but pass on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

from tests.e2e.environment import HERE, node

from benchmarks.generator import BenchmarkError, program
from benchmarks.machine import server_core, started_on

if TYPE_CHECKING:
    from collections.abc import Iterator

Contender = Literal["ours", "reference", "floor", "loop"]
"""``floor`` is a relay in C, ``loop`` one on our event loop, for y-webrtc alone."""
STOP_TIMEOUT = 30.0  # seconds; a machine that is busy takes some to end a large process
MOST_CLIENTS = 100_000


@dataclass(frozen=True, slots=True)
class Server:
    """A server's process, on a core that it shares with nothing of ours."""

    pid: int
    port: int


@contextmanager
def serving(
    contender: Contender, *, discovery_limit: int = 128, priority: int = 0, kind: str = ""
) -> Iterator[Server]:
    """Run a server with its defaults, but for how many clients it takes.

    ``discovery_limit`` is ours alone: the reference has none. ``kind`` is that of the
    clients, if they are not the npm package's: the reference is then their own server.
    """
    match contender:
        case "ours":
            command = [sys.executable, "-m", "peerpigeon", "server", "--host", "127.0.0.1"]
            command += ["--port", "0", "--log-format", "json"]
            command += ["--max-connections", str(MOST_CLIENTS)]
            command += ["--discovery-limit", str(discovery_limit)]
        case "reference" if kind:
            command = [node(), str(HERE / "dialects" / "reference_servers.mjs"), kind]
        case "reference":
            options = json.dumps({"maxConnections": MOST_CLIENTS})
            command = [node(), str(HERE / "reference_server.mjs"), options]
        case "floor":
            command = [str(program("floor"))]
        case "loop":
            command = [sys.executable, "-m", "benchmarks.bare_loop"]
    speaks = contender in {"floor", "loop"}  # the others write what they tell to their errors
    with started_on(server_core(), priority):
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if speaks else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if speaks else subprocess.PIPE,
            text=True,
        )
    with ended(process):
        yield Server(process.pid, _port(process))


@contextmanager
def linked_hub(start: Server | None, *, discovery_limit: int = 128) -> Iterator[Server]:
    """Run a hub of ours that takes as many clients as come, linked to another one if there is one.

    It may run on any core: there are more hubs than those.
    """
    command = [sys.executable, "-m", "peerpigeon", "hub", "--host", "127.0.0.1", "--port", "0"]
    command += ["--log-format", "json", "--max-connections", str(MOST_CLIENTS)]
    command += ["--discovery-limit", str(discovery_limit)]
    command += ["--no-auto-connect"] if start is None else []
    command += [] if start is None else [f"--bootstrap-hubs=ws://127.0.0.1:{start.port}"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with ended(process):
        yield Server(process.pid, _port(process))


def _port(process: subprocess.Popen[str]) -> int:
    words = process.stdout or process.stderr
    for line in words or ():
        # Warnings of an interpreter or a package may stand before it.
        if line.startswith("{"):
            record: dict[str, Any] = json.loads(line)
            if record.get("event") == "started":
                # What it says later is read, or it would have to wait for us.
                Thread(target=deque, args=(words, 0), daemon=True).start()
                return int(record["port"])
    raise BenchmarkError("a server did not start")


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Have a process killed afterwards, as nothing of it is wanted any more.

    In good order, the end of 20,000 clients would take the reference minutes.
    """
    try:
        yield
    finally:
        process.kill()
        process.wait(STOP_TIMEOUT)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
