"""Servers as real processes: ours, and the reference of the npm package."""

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.environment import HERE, node
from tests.e2e.process import Child

START_TIMEOUT = 30.0


@dataclass(frozen=True)
class Server:
    """A server that listens on the loopback."""

    port: int
    child: Child

    def kill(self) -> None:
        """End it like a crash."""
        self.child.kill()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}"


def our_server(command: str = "server", *options: str) -> contextlib.AbstractContextManager[Server]:
    """Start `peerpigeon server` (or `hub`) on a free port."""
    where = ("--host", "127.0.0.1", "--port", "0", "--log-format", "json")
    return running(sys.executable, "-m", "peerpigeon", command, *where, *options)


def reference_server(**options: object) -> contextlib.AbstractContextManager[Server]:
    """Start the server our clients were written for, with options of its own."""
    return running(node(), str(HERE / "reference_server.mjs"), json.dumps(options))


@contextlib.contextmanager
def running(*command: str) -> Iterator[Server]:
    """Run a server that says in its log where it listens."""
    with Child(*command) as child:
        yield Server(port_of(child), child)


def port_of(child: Child) -> int:
    """Return where a server listens, once it has said so in its log."""
    for line in child.lines(child.errors, START_TIMEOUT):
        # Warnings of an interpreter or a package may stand between the log lines.
        with contextlib.suppress(json.JSONDecodeError):
            record = json.loads(line)
            if isinstance(record, dict) and record.get("event") == "started":
                return int(record["port"])
    raise AssertionError("lines() only ends by raising")
