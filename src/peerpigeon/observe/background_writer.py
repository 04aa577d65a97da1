"""A text stream whose writes never wait: a thread hands them on to whoever reads, or does not."""

from __future__ import annotations

import io
import os
import select
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG_LIMIT = 1024 * 1024
"""Bytes that may wait for the reader before lines are left out."""

FLUSH_TIMEOUT = 2.0
"""Seconds for which the last lines may wait for their reader."""

GATHERING_TIME = 0.005
"""Seconds for which a batch may grow. A thread that woke for each line of a burst would take the
interpreter from the event loop each time: a third more CPU for each line of a verbose log."""

BATCH_SIZE: int = getattr(select, "PIPE_BUF", 512)
"""Bytes up to which lines of several processes that share a pipe do not mix (POSIX, write)."""


class BackgroundWriter(io.TextIOBase):
    """Writes whole lines to a descriptor, from a thread of its own.

    A pipe that nobody reads and a terminal that was stopped (Ctrl-S) hold up that thread and nobody
    else. Lines beyond ``limit`` bytes are left out; when there is room again, ``tell_loss`` makes
    the line that stands for them, from how many they were. ``failed`` is called from the thread
    with each error of the descriptor: the reader is gone, the disk is full.
    """

    def __init__(
        self,
        descriptor: int,
        tell_loss: Callable[[int], str],
        *,
        failed: Callable[[OSError], object] | None = None,
        limit: int = BACKLOG_LIMIT,
    ) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._tell_loss = tell_loss
        self._failed = failed
        self._limit = limit
        self._begun = ""
        """A line of which the end has not come."""
        self._waiting: deque[bytes] = deque()
        self._size = 0
        """Bytes that are not written yet, those included that the thread is writing."""
        self._lost = 0
        self._changed = threading.Condition()
        self._is_ending = False
        # A daemon, so that the process can end while nobody reads.
        self._thread = threading.Thread(target=self._run, name="background writer", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        """Say yes, as the base class asks."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    @property
    def size(self) -> int:
        """How many bytes are not written yet."""
        return self._size

    def write(self, text: str) -> int:
        """Take a text; its whole lines are written soon, or counted as lost."""
        with self._changed:
            whole, is_ended, rest = (self._begun + text).rpartition("\n")
            self._begun = rest
            if is_ended:
                self._take(f"{whole}\n")
        return len(text)

    def flush(self) -> None:
        """Have what was written of a line go out too; does not wait."""
        with self._changed:
            if self._begun:
                self._take(self._begun)
                self._begun = ""

    def finish(self, timeout: float = FLUSH_TIMEOUT) -> None:
        """Wait until all is written, at most ``timeout`` seconds; nothing is taken any more."""
        self.flush()
        deadline = time.monotonic() + timeout
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _take(self, text: str) -> None:
        data = text.encode(errors="backslashreplace")
        if self._is_ending or self._size + len(data) > self._limit:
            self._lost += max(1, text.count("\n"))
            return
        self._put_loss()
        self._put(data)

    def _put_loss(self) -> None:
        """Say at this place how many lines are missing, if any are."""
        if self._lost:
            lost, self._lost = self._lost, 0
            self._put(self._tell_loss(lost).encode(errors="backslashreplace"))

    def _put(self, data: bytes) -> None:
        if data:
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()

    def _run(self) -> None:
        while batch := self._next_batch():
            error = _write_all(self._descriptor, batch)
            with self._changed:
                self._size -= len(batch)
                if error is not None:
                    self._lost += max(1, batch.count(b"\n"))
                elif not self._waiting:
                    self._put_loss()
            if error is not None and self._failed is not None:
                self._failed(error)

    def _next_batch(self) -> bytes:
        """Return what to write next, and wait for it; nothing when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            is_enough = self._size >= BATCH_SIZE or self._is_ending
        if not is_enough:
            time.sleep(GATHERING_TIME)
        with self._changed:
            batch = bytearray()
            while self._waiting and (not batch or len(batch) + len(self._waiting[0]) <= BATCH_SIZE):
                batch += self._waiting.popleft()
            return bytes(batch)


def _write_all(descriptor: int, data: bytes) -> OSError | None:
    """Write, and wait as long as it takes; return what is wrong with the descriptor."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Somebody who shares the pipe has made it non-blocking.
            select.select([], [descriptor], [])
        except OSError as error:
            return error
    return None
