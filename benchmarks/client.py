"""A client that does as little as it can, so that one process can be thousands of them.

It trusts its server: it checks no frame, and masks with zeros.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMESPACE = "crowd"

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FIN, _MASKED = 0x80, 0x80
_OPCODE = 0x0F
_LONG, _LONGER = 126, 127  # in place of a length: it follows in two bytes, in eight
_NO_MASK = bytes(4)
_NORMAL = (1000).to_bytes(2, "big")

_UPGRADE = (
    "GET /?peerId={} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_ANNOUNCE = {"type": "announce", "data": {}, "maxPeers": 3, "networkName": NAMESPACE}


class _Data(msgspec.Struct, rename="camel", gc=False):
    peer_id: str = ""


class _News(msgspec.Struct, gc=False):
    type: str
    data: _Data | None = None


_decode = msgspec.json.Decoder(_News).decode


class Crowd:
    """What the clients of one measurement share.

    ``promised`` is how many others each client is to learn of.
    """

    def __init__(self, peer_ids: Iterable[str], promised: int) -> None:
        self.numbers = {peer_id: number for number, peer_id in enumerate(peer_ids)}
        self.promised = promised
        self.discovered = 0
        self.disconnected = 0
        self.pongs_missing = 0
        self.left_to_close = 0
        self.unsatisfied = len(self.numbers)
        self.faults: list[str] = []
        self._progress = asyncio.Event()

    def fault(self, text: str) -> None:
        """Note something that may not happen; the measurement fails by it."""
        self.faults.append(text)
        self._progress.set()

    def done(self) -> None:
        """Wake whoever waits, to look again."""
        self._progress.set()

    async def until_none(self, name: str) -> None:
        """Wait until the count called ``name`` is 0; raise ``CrowdError`` for any fault."""
        while not self.faults and getattr(self, name) > 0:
            self._progress.clear()
            await self._progress.wait()
        if self.faults:
            raise CrowdError(f"{len(self.faults)} faults, the first: {self.faults[0]}")


class CrowdError(Exception):
    """The server did what it may not do: closed a client, repeated news, or sent an error."""


class Client(asyncio.Protocol):
    """One client: connects, announces itself, and keeps count of whom it knows."""

    def __init__(self, crowd: Crowd, peer_id: str) -> None:
        self.known: set[int] = set()
        self.peer_id = peer_id
        self.settled = asyncio.Event()
        """Whether the handshake is over, well or not."""
        self._crowd = crowd
        self._rest = b""
        self._is_open = False
        self._is_leaving = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_UPGRADE.format(self.peer_id).encode())

    def data_received(self, data: bytes) -> None:
        """Take the answer to the handshake, then frames."""
        data = self._rest + data
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self._crowd.fault(f"handshake refused: {head[:60]!r}")
                return
            self._is_open = True
            self.settled.set()
            self._send(_TEXT, msgspec.json.encode(_ANNOUNCE))
        self._rest = self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end, which is a fault unless this client wanted it."""
        self.settled.set()
        if self._is_leaving:
            self._crowd.left_to_close -= 1
            self._crowd.done()
        else:
            self._crowd.fault(f"a connection was lost: {exc}")

    def ping(self) -> None:
        """Ask the server, in a message of the protocol, to answer once it has read all before."""
        self._crowd.pongs_missing += 1
        self._send(_TEXT, b'{"type":"ping"}')

    def leave(self) -> None:
        """Close in order, without a goodbye, as a closed tab does."""
        self._is_leaving = True
        self._crowd.left_to_close += 1
        self._send(_CLOSE, _NORMAL)

    def abort(self) -> None:
        """End the connection at once."""
        self._is_leaving = True
        if self._transport is not None:
            self._transport.abort()

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport is not None:
            head = bytes((_FIN | opcode, _MASKED | len(payload)))
            self._transport.write(head + _NO_MASK + payload)

    def _read(self, data: bytes) -> bytes:
        """Act on the whole frames in ``data`` and return what is left."""
        at, end = 0, len(data)
        while end - at >= len(b"\x81\x00"):
            size, start = data[at + 1], at + 2
            if size == _LONG:
                start += 2
                size = struct.unpack_from("!H", data, at + 2)[0] if end >= start else end
            elif size == _LONGER:
                start += 8
                size = struct.unpack_from("!Q", data, at + 2)[0] if end >= start else end
            if start + size > end:
                break
            self._take(data[at] & _OPCODE, data[start : start + size])
            at = start + size
        return data[at:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._take_news(_decode(payload))
        elif opcode == _PING:
            self._send(_PONG, payload)
        elif opcode == _CLOSE and not self._is_leaving:
            self._crowd.fault(f"closed by the server: {payload!r}")

    def _take_news(self, news: _News) -> None:
        crowd = self._crowd
        match news.type:
            case "peer-discovered" if news.data is not None:
                crowd.discovered += 1
                self._learn(crowd.numbers[news.data.peer_id])
            case "peer-disconnected" if news.data is not None:
                crowd.disconnected += 1
                self._forget(crowd.numbers[news.data.peer_id])
            case "pong":
                crowd.pongs_missing -= 1
                if crowd.pongs_missing == 0:
                    crowd.done()
            case "connected":
                pass
            case other:
                crowd.fault(f"unexpected message of type {other}")

    def _learn(self, number: int) -> None:
        if number in self.known:
            self._crowd.fault("a pair was introduced twice")
        self.known.add(number)
        if len(self.known) == self._crowd.promised:
            self._crowd.unsatisfied -= 1
            if self._crowd.unsatisfied == 0:
                self._crowd.done()

    def _forget(self, number: int) -> None:
        if number not in self.known:
            self._crowd.fault("told of the departure of a peer it did not know")
        self.known.discard(number)
