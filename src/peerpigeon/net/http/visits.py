"""Requests that are answered by a library: each with its connection, its time and its memory."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.request import MAX_HEAD_SIZE
from peerpigeon.net.http.response import response
from peerpigeon.net.http.waiting import Waiting
from peerpigeon.net.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.net.http.library import Library
    from peerpigeon.net.http.page import Answerer
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.waiting import Waiter
    from peerpigeon.net.memory import Holders

logger = logging.getLogger(__name__)

STREAMS = 64
"""Answers at once that go on for long: dashboards that are open, of some operators."""

AT_ONCE = 4
"""Requests whose answers are begun in one turn of the event loop: a page takes up to a millisecond,
and `/metrics` some, for which all others wait."""

_MOST_FED = 9 * MAX_HEAD_SIZE
"""Bytes of a request that the library is given. It may keep all of them; besides a head they are
twice as many as a body may have (``site.MAX_BODY``), so that it sees when there are too many."""

_UNAVAILABLE = response(HTTPStatus.SERVICE_UNAVAILABLE, (), b"pages cannot be shown here\n")


class Visits:
    """The requests of one server that ask for no WebSocket.

    ``answer`` is a ``Site``'s. Each request takes ``timeout`` seconds at most, a place in
    ``waiting``, and its part of the memory account. The library is loaded with the first one, in a
    thread: who is connected already is served meanwhile.
    """

    def __init__(
        self,
        answer: Answerer,
        *,
        holders: Holders,
        timeout: float,
    ) -> None:
        self.answer = answer
        self.waiting: Waiting[Waiter] = Waiting()
        """Those that wait for their answer, and those in the door."""
        self.holders = holders
        self.timeout = timeout
        self.streams: set[Visit] = set()
        self.library: Library | None = None
        """What answers, once it is loaded."""
        self.turns = Turns(asyncio.get_running_loop(), AT_ONCE)
        """The line in which requests wait until they are answered."""
        self._early: list[Visit] = []
        self._loading: asyncio.Task[None] | None = None

    def open(self, transport: asyncio.Transport, request: Request, data: bytes) -> None:
        """Take over a connection with its first request; ``data`` is all that it has sent."""
        visit = Visit(self, transport, request, data)
        self.waiting.add(visit, request.address)
        if self.library is not None:
            self.turns.wait(visit)
            return
        self._early.append(visit)
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load())

    def abort(self) -> None:
        """Drop the answers that go on for long; ``waiting`` has the others."""
        if self._loading is not None:
            self._loading.cancel()
        for visit in tuple(self.streams):
            visit.abort()

    async def _load(self) -> None:
        try:
            kind = await asyncio.to_thread(_library)
        except ImportError:
            logger.exception("no page is shown, as aiohttp cannot be loaded; is it installed?")
        else:
            self.library = kind(self.answer)
        self._loading = None
        early, self._early = self._early, []
        for visit in early:
            if self.library is None:
                visit.refuse()
            else:
                self.turns.wait(visit)


def _library() -> type[Library]:
    from peerpigeon.net.http.library import Library  # noqa: PLC0415 - of seconds and megabytes

    return Library


class Visit(asyncio.Protocol):
    """One connection whose request is being answered, the first and last one on it."""

    def __init__(
        self, visits: Visits, transport: asyncio.Transport, request: Request, data: bytes
    ) -> None:
        self.request = request
        self._visits = visits
        self._transport = transport
        self._data = data
        self._fed = len(data)
        self.is_in_line = False
        """Whether it waits for its turn."""
        self._handler: asyncio.Protocol | None = None
        self._is_answered = False
        self._has_heard_all = False
        self._has_left = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._limit_time()
        transport.set_protocol(self)
        transport.pause_reading()
        self._note()

    def read_on(self) -> None:
        """Let the library answer, as it is this request's turn."""
        library = self._visits.library
        if library is None or self._transport.is_closing():
            return
        self._transport.resume_reading()
        handler = self._handler = library.handler()
        handler.connection_made(_Line(self, self._transport))
        data, self._data = self._data, b""
        handler.data_received(data)

    def refuse(self) -> None:
        """Say that there is no library."""
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._transport.write(_UNAVAILABLE)
            self.finish()

    def stay(self) -> bool:
        """Let the answer go on for long, if there is a place for it; tell whether there is."""
        streams = self._visits.streams
        if len(streams) >= STREAMS or self._has_heard_all:
            return False
        self._visits.waiting.discard(self)
        streams.add(self)
        self._stop_time()
        return True

    def finish(self) -> None:
        """End the answer; the rest of the request is ignored.

        Closing with unread bytes, such as a body's, would reset the connection, and the client
        might never read the answer. So only our direction is closed, until it hangs up or the time
        is over.
        """
        if self._is_answered:
            return
        self._is_answered = True
        self._fed = 0
        if self in self._visits.streams:
            self._visits.streams.discard(self)
            self._limit_time()
        handler, self._handler = self._handler, None
        if handler is not None:
            self._loop.call_soon(handler.connection_lost, None)
        transport = self._transport
        if transport.can_write_eof() and not self._has_heard_all:
            transport.write_eof()
            transport.resume_reading()
        else:
            transport.close()
        self._note()

    def data_received(self, data: bytes) -> None:
        """Hand on what belongs to the request."""
        handler = self._handler
        if handler is None or self._fed >= _MOST_FED:
            return
        self._fed += len(data)
        self._note()
        handler.data_received(data)

    def eof_received(self) -> bool:
        """Stay open while there is something to answer.

        Who says no more may still read its answer; of a stream the reader has then gone.
        """
        self._has_heard_all = True
        return not self._is_answered and self not in self._visits.streams

    def pause_writing(self) -> None:
        """Give who does not read a stream as long as a request has."""
        if self._handler is not None:
            self._handler.pause_writing()
        if self in self._visits.streams:
            self._limit_time()
        self._note()

    def resume_writing(self) -> None:
        """Go on."""
        if self in self._visits.streams:
            self._stop_time()
        self._note()
        if self._handler is not None:
            self._handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._leave()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.connection_lost(exc)

    def abort(self) -> None:
        """Drop the connection."""
        self._leave()
        self._transport.abort()

    def give_way(self) -> None:
        """Drop the connection, as memory is short."""
        self.abort()

    def note_written(self) -> None:
        """Take down what waits for the reader."""
        self._note()

    def _note(self) -> None:
        if not self._has_left:
            kept = self._fed + self._transport.get_write_buffer_size()
            self._visits.holders.note(self, kept)

    def _limit_time(self) -> None:
        self._stop_time()
        self._timer = self._loop.call_later(self._visits.timeout, self.abort)

    def _stop_time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        self._has_left = True
        self._visits.waiting.discard(self)
        self._visits.streams.discard(self)
        self._visits.holders.note(self, 0)
        self._stop_time()


class _Line(asyncio.Transport):
    """What the library takes for the transport: its end is that of the answer."""

    def __init__(self, visit: Visit, transport: asyncio.Transport) -> None:
        super().__init__({"visit": visit})
        self._visit = visit
        self._transport = transport
        self._is_closed = False

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - asyncio's
        """Return the ``visit``, or what the transport tells."""
        own = super().get_extra_info(name)
        return own if own is not None else self._transport.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a part of the answer."""
        self._transport.write(data)
        self._visit.note_written()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Write parts of the answer."""
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        """Tell whether nothing more can be written."""
        return self._is_closed or self._transport.is_closing()

    def close(self) -> None:
        """End the answer."""
        self._is_closed = True
        self._visit.finish()

    def abort(self) -> None:
        """Drop the connection."""
        self._visit.abort()

    def pause_reading(self) -> None:
        """Let the client wait with the rest of its request."""
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on."""
        if not self.is_closing():
            self._transport.resume_reading()
