"""The WebSockets to other hubs, whoever opened them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core import frame_count
from peerpigeon.core.config.quantities import KIB
from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.net.websocket.connection import WebSocket
from peerpigeon.net.websocket.frames import BINARY
from peerpigeon.net.websocket.group import SocketGroup

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from peerpigeon.net.websocket.protocol import Message, WebSocketProtocol


FRAMES_AS_ONE = 4
"""Frames of hubs in one message that count as one more of the WebSocket's: a turn has 256 of them
and one message more, which together take the hub some milliseconds."""

BYTES_AS_ONE = 4 * KIB
"""Bytes of frames that count as one more: what a frame costs the hub grows with it, as each value
is checked. Pieces of a large one are only put together until the last has come."""


def weight(message: bytes) -> int:
    """Return as how many messages of a turn one of a link counts."""
    frames = frame_count(message)
    return 1 + (frames // FRAMES_AS_ONE + len(message) // BYTES_AS_ONE if frames else 0)


class LinkSocket(WebSocket):
    """The WebSocket of another hub: binary. Its owner hands it no more than the network takes.

    It takes messages of the size that its group says until ``accept`` raises that.
    """

    __slots__ = ("drained", "is_accepted")

    KIND = BINARY
    ALLOWANCE = AHEAD

    def __init__(
        self, group: SocketGroup[Any], transport: asyncio.Transport, protocol: WebSocketProtocol
    ) -> None:
        super().__init__(group, transport, protocol)
        self.is_accepted = False
        """Whether its messages may be large."""
        self.drained: Callable[[], None] | None = None
        """Called when ``buffered`` was ``AHEAD`` or more and there is room again."""

    def accept(self, most: int) -> None:
        """Take messages of ``most`` bytes from now on."""
        self.is_accepted = True
        self.protocol.max_message_size = most

    def resume_writing(self) -> None:
        """Write what was held back, and tell the owner if there is room for more."""
        super().resume_writing()
        if self._held is None and self._is_owed and self.drained is not None:
            self.drained()


class LinkSockets(SocketGroup[LinkSocket]):
    """A group whose sockets take larger messages once their other ends have proved themselves."""

    def receive(self, socket: LinkSocket, message: Message) -> int:
        """Tell the listener of a message: of a hub that has proved itself once this turn is over.

        Of another one at once, because how large the next message may be hangs on it. A message
        counts by what it carries.
        """
        super().receive(socket, message)
        counts = weight(message) if isinstance(message, bytes) else 1  # as none is
        if not socket.is_accepted:
            self.deliver()
        return counts
