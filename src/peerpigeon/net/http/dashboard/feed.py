"""What all who watch a dashboard are sent, made once for all of them, while anybody watches."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.net.http.dashboard.documents import (
    event_document,
    figures_document,
    mesh_document,
)
from peerpigeon.net.process_memory import process_memory
from peerpigeon.net.recent_notices import OF_CLIENTS

if TYPE_CHECKING:
    from peerpigeon.net.http.source import Source
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.recent_notices import Timed

MOST_WAITING = 1 << 20
"""Bytes that may wait for a watcher when more comes: a minute of it, of all but huge meshes."""

LOOK = 0.2
"""Seconds between looks at whether the mesh has changed, which cost next to nothing."""

FIGURES = 1.0
"""Seconds between the figures, which also show that the connection lives."""

SHARE = 20
"""What is sent of a mesh takes no more than a twentieth of the time, however large that is."""

LARGEST = 20
"""Namespaces that are told."""


class Watcher:
    """One who watches: what waits for it, up to ``MOST_WAITING`` bytes, and its end.

    What is beyond ends it, and so does want of memory: it comes again, and is told all anew.
    """

    def __init__(self, holders: Holders) -> None:
        self._holders = holders
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._has_some = asyncio.Event()
        self.has_ended = False

    def put(self, message: bytes) -> None:
        """Let a message wait for it."""
        if self._size > MOST_WAITING:
            self.end()
        if not self.has_ended:
            self._waiting.append(message)
            self._note(self._size + len(message))
            self._has_some.set()

    async def take(self) -> bytes:
        """Return what waits, and wait for something if there is nothing; empty at the end."""
        while not (self._waiting or self.has_ended):
            self._has_some.clear()
            await self._has_some.wait()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._note(0)
        return taken

    def end(self) -> None:
        """Send it nothing more, not even what waits."""
        if not self.has_ended:
            self.has_ended = True
            self._waiting.clear()
            self._note(0)
            self._has_some.set()

    def give_way(self) -> None:
        """End it, as memory is short."""
        self.end()

    def _note(self, size: int) -> None:
        self._size = size
        self._holders.note(self, size)


class Feed:
    """Looks at a server while somebody watches, and sends all of them what is new.

    ``tells_clients``: whether these are told of clients and of namespaces by name, and not only how
    many there are. Every message is an event of ``text/event-stream`` (HTML, 9.2.5): ``mesh``
    whenever it has changed, ``figures`` each second, ``events`` soon after they have happened.
    """

    def __init__(self, source: Source, *, tells_clients: bool) -> None:
        self._tells_clients = tells_clients
        self._source = source
        self._recent = source.recent
        self._watchers: dict[Watcher, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._mark: tuple[object, ...] = ()
        self._mesh_due = self._figures_due = 0.0
        self._told = 0  # the number of the last notice that was sent

    def __len__(self) -> int:
        """Return how many watch."""
        return len(self._watchers)

    def watch(self) -> Watcher:
        """Return one more watcher, for whom all that there is to see waits already."""
        watcher = Watcher(self._source.holders)
        if not self._watchers:
            self._told = self._recent.latest
            self._look()
        watcher.put(b"retry: 1000\n\n")
        watcher.put(self._mesh())
        watcher.put(self._figures())
        # To the others these have been told.
        known = [each for each in self._recent.after(0) if each[0] <= self._told]
        watcher.put(self._events(known, 0))
        self._watchers[watcher] = None
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher."""
        self._watchers.pop(watcher, None)
        watcher.end()
        if not self._watchers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Send what is new, and look again soon."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        mark = self._source.mesh_mark()
        if mark != self._mark and now >= self._mesh_due:
            self._mark = mark
            self._send(self._mesh())
            self._mesh_due = loop.time() + SHARE * (loop.time() - now)
        if now >= self._figures_due:
            self._figures_due = now + FIGURES
            self._send(self._figures())
        if self._recent.latest > self._told:
            new = self._recent.after(self._told)
            missed = self._recent.latest - self._told - len(new)
            self._told = self._recent.latest
            self._send(self._events(new, missed))
        self._timer = loop.call_later(LOOK, self._look)

    def _send(self, message: bytes) -> None:
        for watcher in list(self._watchers):
            watcher.put(message)

    def _mesh(self) -> bytes:
        source = self._source
        return _message("mesh", mesh_document(source.topology(), source.snapshot().hubs))

    def _figures(self) -> bytes:
        source = self._source
        largest = source.largest_namespaces(LARGEST) if self._tells_clients else None
        most, memory = source.config.max_connections, process_memory()
        return _message("figures", figures_document(source.snapshot(), largest, memory, most))

    def _events(self, notices: list[Timed], missed: int) -> bytes:
        events = [
            event_document(notice, when)
            for _, when, notice in notices
            if self._tells_clients or not isinstance(notice, OF_CLIENTS)
        ]
        # It is clients of which there are too many.
        missed = missed if self._tells_clients else 0
        return _message("events", {"events": events, "missed": missed})


def _message(name: str, document: dict[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(document))
