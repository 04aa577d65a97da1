"""A client of the attacker's that behaves, and tells what has reached it."""

from __future__ import annotations

import asyncio
import json

from tests.hostile.sockets import PING, PONG, TEXT, Socket, announce, frame, new_id

SOON = 3.0  # seconds in which something happens that does not wait for a time-out


class Witness:
    """A client that tells what has reached it."""

    def __init__(self, socket: Socket, peer: str) -> None:
        self._socket = socket
        self.peer = peer
        self.known: set[str] = set()
        self.signals: list[tuple[str, object]] = []
        """Sender and data of each."""
        self.unreadable: list[bytes] = []
        self._task = asyncio.get_running_loop().create_task(self._listen())

    @classmethod
    async def join(cls, port: int, namespace: str) -> Witness:
        """Connect to a hub, and announce."""
        peer = new_id()
        socket = await Socket.open(port, peer, address="127.0.0.3")
        await socket.send(announce(namespace, peerId=peer))
        return cls(socket, peer)

    async def _listen(self) -> None:
        while True:
            opcode, payload = await self._socket.frame()
            if opcode == PING:
                await self._socket.send(frame(payload, PONG))
            if opcode != TEXT:
                continue
            try:
                said = json.loads(payload)
            except ValueError:
                self.unreadable.append(payload)
                continue
            if said["type"] == "peer-discovered":
                self.known.add(said["data"]["peerId"])
            elif said["type"] == "ice-candidate":
                self.signals.append((said["fromPeerId"], said["data"]))
