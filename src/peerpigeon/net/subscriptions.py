"""Who is told of a server's events: callbacks by kind of event, and streams of all of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from peerpigeon.core.interface.notices import NOTICES
from peerpigeon.net.notice_stream import NoticeStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.interface.notices import Notice

logger = logging.getLogger(__name__)


class Subscriptions:
    """Those that have subscribed to the events of one server, over all its runs."""

    def __init__(self) -> None:
        self._callbacks: dict[type, list[Callable[[Any], object]]] = defaultdict(list)
        self._streams: WeakSet[NoticeStream] = WeakSet()

    def add(self, event: type[Any] | str, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``callback`` with each event of a class or name; return what ends that.

        To end it twice is harmless. Raises ``ValueError`` for a name or class that is no event.
        """
        kind: type[Any] | None = NOTICES.get(event) if isinstance(event, str) else event
        if kind is None or kind not in NOTICES.values():
            raise ValueError(f"no event is called {event!r}; known are {', '.join(NOTICES)}")
        callbacks = self._callbacks[kind]
        callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in callbacks:
                callbacks.remove(callback)

        return unsubscribe

    def stream(self) -> NoticeStream:
        """Return a stream of all events from now on. It ends when nobody holds it."""
        stream = NoticeStream()
        self._streams.add(stream)
        return stream

    def publish(self, notice: Notice) -> None:
        """Tell everybody whom it concerns of an event; what a callback raises is logged."""
        for stream in tuple(self._streams):
            stream.put(notice)
        for callback in tuple(self._callbacks[type(notice)]):
            try:
                callback(notice)
            except Exception:
                logger.exception("a subscriber to %s failed", type(notice).__name__)
