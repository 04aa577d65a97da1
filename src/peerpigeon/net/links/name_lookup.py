"""What names lead to, looked up beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from peerpigeon.core.interface.events import NameResolved, ResolvingFailed
from peerpigeon.core.interface.timing import RESOLVE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.interface.events import NameEvent

NO_ANSWER = "the name service does not answer"


class NameLookup:
    """The looks at names that one hub has under way; ``feed`` takes what becomes of each.

    Each has a thread of its own, since it takes as long as the resolver likes and cannot be ended:
    those of the event loop are for others, who would wait for it, and so would the process at its
    end.
    """

    def __init__(self, feed: Callable[[NameEvent], None]) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._looking: set[str] = set()  # also those that nobody waits for any more

    def resolve(self, name: str) -> None:
        """Look up all addresses of a name, for ``RESOLVE_TIMEOUT`` seconds."""
        give_up = partial(self._answer, ResolvingFailed(name, NO_ANSWER))
        if name in self._looking:
            self._loop.call_soon(self._feed, ResolvingFailed(name, NO_ANSWER))
            return
        self._looking.add(name)
        self._timers[name] = self._loop.call_later(RESOLVE_TIMEOUT, give_up)
        Thread(target=self._look, args=(name,), name=f"look up {name}", daemon=True).start()

    def close(self) -> None:
        """Wait for nothing more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _look(self, name: str) -> None:
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError as error:
            event: NameEvent = ResolvingFailed(name, error.strerror or str(error))
        else:
            addresses = dict.fromkeys(str(address[0]) for *_, address in found)
            event = NameResolved(name, tuple(addresses))
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._looked, event)

    def _looked(self, event: NameEvent) -> None:
        self._looking.discard(event.name)
        self._answer(event)

    def _answer(self, event: NameEvent) -> None:
        if (timer := self._timers.pop(event.name, None)) is not None:
            timer.cancel()
            self._feed(event)
