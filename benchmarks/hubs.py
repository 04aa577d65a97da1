"""Several of our hubs as processes, pinned, and what they tell of themselves."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from contextlib import ExitStack, contextmanager, nullcontext
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import MOST_CLIENTS, ended
from benchmarks.generator import BenchmarkError
from benchmarks.machine import server_core, started_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json = dict[str, Any]
DEADLINE = 90.0  # seconds, on a machine that is busy
HTTP_TIMEOUT = 10.0
LOOK_AGAIN = 0.1


class Hub:
    """One `peerpigeon hub`, and when it told of each event first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid = process.pid
        self.port = 0
        self.id = ""
        self._first: dict[str, float] = {}
        self._news = Condition()
        self._process = process
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def time_of(self, event: str) -> float:
        """Wait for an event's first time, and return when that was, on the monotonic clock."""
        with self._news:
            if not self._news.wait_for(lambda: event in self._first, DEADLINE):
                raise BenchmarkError(f"a hub did not tell {event} within {DEADLINE:.0f} s")
            return self._first[event]

    def get(self, path: str) -> Json:
        """Ask over HTTP."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=HTTP_TIMEOUT) as answer:
            body: Json = json.load(answer)
            return body

    def ended(self) -> None:
        """Wait for the thread that read its events, once the process has gone."""
        self._reader.join(HTTP_TIMEOUT)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            event: Json = json.loads(line)
            with self._news:
                if event["event"] == "started":
                    self.port, self.id = event["port"], event["hub"]
                self._first.setdefault(event["event"], time.monotonic())
                self._news.notify_all()


@contextmanager
def mesh(python: str, count: int, *, spread: bool, **options: object) -> Iterator[list[Hub]]:
    """Run so many hubs, the others started at once when the first one listens.

    ``spread``: whether each has a core of its own, as far as there are enough.
    """
    cores = [server_core(number) if spread else None for number in range(count)]
    with ExitStack() as stack:
        first = stack.enter_context(_hub(python, cores[0], None, options))
        first.time_of("started")
        start = f"ws://127.0.0.1:{first.port}"
        hubs = [stack.enter_context(_hub(python, core, start, options)) for core in cores[1:]]
        for hub in hubs:
            hub.time_of("started")
        yield [first, *hubs]


@contextmanager
def _hub(
    python: str, core: int | None, bootstrap: str | None, options: Mapping[str, object]
) -> Iterator[Hub]:
    given = {"host": "127.0.0.1", "port": 0, "max_connections": MOST_CLIENTS, **options}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    words.append("--no-auto-connect" if bootstrap is None else f"--bootstrap-hubs={bootstrap}")
    command = [python, "-m", "peerpigeon", "hub", "--events", *words]
    # What is installed is compiled; so is this, from the first start on.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with nullcontext() if core is None else started_on(core):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    with ended(process):
        hub = Hub(process)
        yield hub
        process.kill()
        hub.ended()


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"not within {DEADLINE:.0f} s: {what}")
        time.sleep(LOOK_AGAIN)
