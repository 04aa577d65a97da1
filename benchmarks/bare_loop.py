"""What a server of y-webrtc on our event loop cannot be faster than: it reads and writes.

It reads the frame of a publication, and writes one frame to each member of its room, one write for
each, as all servers have to. Like the relay in C it speaks to the load generator only: it checks
nothing, limits nothing, has no timers, and reads of a message only where its topic ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, cast

import uvloop

from peerpigeon.net.websocket.frames import CLIENT, SERVER, TEXT, frame_header, read_frame

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_END = b"\r\n\r\n"
GREETING = b"HTTP/1.1 101 Switching Protocols" + HEAD_END
SUBSCRIBE, PUBLISH = b'{"type":"subscribe","topics":["', b'{"type":"publish","topic":"'
PONG = b'{"type":"pong"}'
LARGEST = 1 << 20  # bytes


class Client(asyncio.Protocol):
    """One client."""

    rooms: dict[bytes, list[Callable[[bytes], None]]] = {}  # noqa: RUF012 - of all clients
    """Whom a publication is written to, by its topic."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection."""
        self._write = cast("asyncio.Transport", transport).write
        self._is_open = False
        self._rest = b""
        self._room: list[Callable[[bytes], None]] = []

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        data = self._rest + data
        start, size = 0, len(data)
        if not self._is_open and HEAD_END in data:
            self._is_open = True
            start = data.index(HEAD_END) + len(HEAD_END)
            self._write(GREETING)
        while self._is_open and start < size:
            _, payload, end = read_frame(data, start, CLIENT, LARGEST)
            if end > size:
                break
            start = end
            self._take(bytes(payload))
        self._rest = data[start:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the room."""
        if self._write in self._room:
            self._room.remove(self._write)

    def _take(self, payload: bytes) -> None:
        if payload.startswith(PUBLISH):
            room = self.rooms[_topic(payload, PUBLISH)]
            # As all servers do it, but the relay in C: it has the system do other work, too.
            frame = _frame(b'%b,"clients":%d}' % (payload[:-1], len(room)))
            for write in room:
                write(frame)
        elif payload.startswith(SUBSCRIBE):
            self._room = self.rooms.setdefault(_topic(payload, SUBSCRIBE), [])
            self._room.append(self._write)
        else:
            self._write(_frame(PONG))


def _topic(payload: bytes, behind: bytes) -> bytes:
    return payload[len(behind) : payload.index(b'"', len(behind))]


def _frame(payload: bytes) -> bytes:
    return frame_header(TEXT, SERVER, len(payload)) + payload


async def main() -> None:
    """Print the port, and serve."""
    server = await asyncio.get_running_loop().create_server(Client, "127.0.0.1", 0)
    started = {"event": "started", "port": server.sockets[0].getsockname()[1]}
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
