"""Child processes whose every wait has an end, and which are gone when the test is."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import IO, Self

from tests.e2e.environment import HERE

ANSWER_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0

Lines = queue.Queue[str | None]  # None stands for the end of the stream


class Child:
    """A process in a group of its own; its standard output and error are queues of lines."""

    def __init__(self, *command: str) -> None:
        self.name = " ".join(os.path.basename(part) for part in command[:4])
        self.output: Lines = queue.Queue()
        self.errors: Lines = queue.Queue()
        self.last_errors: deque[str] = deque(maxlen=40)
        self._process = subprocess.Popen(
            command,
            cwd=HERE.parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; `None` while it runs."""
        return self._process.poll()

    def write(self, line: str) -> None:
        """Write one line to the child's standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def lines(self, source: Lines, timeout: float) -> Iterator[str]:
        """Yield lines as they come; fail when they end or `timeout` seconds are over."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = source.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(self._told(f"said nothing for {timeout:.0f} s")) from None
            if line is None:
                raise AssertionError(self._told("ended"))
            yield line

    def stop(self) -> None:
        """End the process and whatever it started, gently first."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Children of a leader that is gone still carry its group.
            self._signal(signal.SIGKILL)
            self._process.wait(STOP_TIMEOUT)
        for reader in self._readers:
            reader.join(STOP_TIMEOUT)

    def ask_to_stop(self) -> None:
        """Ask the process to end, and do not wait for it."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and whatever it started, without a chance to say anything."""
        self._signal(signal.SIGKILL)
        self._process.wait(STOP_TIMEOUT)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read_output(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.output.put(line)
        self.output.put(None)

    def _read_errors(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.last_errors.append(line)
                self.errors.put(line)
        self.errors.put(None)

    def _told(self, what: str) -> str:
        return f"{self.name}: {what}; its last words:\n{''.join(self.last_errors)}"


class Worker:
    """A Node process that answers commands (jsonlines.mjs), one at a time."""

    def __init__(self, *command: str) -> None:
        self._child = Child(*command)
        self._ids = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def ask(self, method: str, *args: object, timeout: float = ANSWER_TIMEOUT) -> object:
        """Run a method over there and return its result, which is plain JSON."""
        number = next(self._ids)
        self._child.write(json.dumps({"id": number, "method": method, "args": args}))
        for line in self._child.lines(self._child.output, timeout):
            answer = json.loads(line)
            if answer["id"] == number:
                break
        if "error" in answer:
            raise AssertionError(f"{method} failed: {answer['error']}")
        result: object = answer["result"]
        return result
