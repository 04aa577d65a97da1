"""The WebSocket of a client: text, perhaps read slowly, and perhaps another worker's soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core.config.quantities import KIB
from peerpigeon.core.ids import SessionId
from peerpigeon.net.websocket.connection import WebSocket
from peerpigeon.net.websocket.frames import TEXT
from peerpigeon.net.websocket.protocol import State

if TYPE_CHECKING:
    import asyncio

    from peerpigeon.core.interface.reading import ReadProgress
    from peerpigeon.net.websocket.group import SocketGroup
    from peerpigeon.net.websocket.protocol import WebSocketProtocol


BEHIND_PART = 4
"""Which part of ``max_outbox_size`` waits when it is told, so that senders are slowed in time."""


class PeerSocket(WebSocket):
    """The WebSocket of a client, or of a hub that speaks as clients do: text."""

    __slots__ = ("is_behind", "progress", "session")

    KIND = TEXT
    ALLOWANCE = 16 * KIB

    def __init__(
        self, group: SocketGroup[Any], transport: asyncio.Transport, protocol: WebSocketProtocol
    ) -> None:
        super().__init__(group, transport, protocol)
        self.session = SessionId(0)
        self.progress: ReadProgress | None = None  # it is made once there may be much unread
        self.is_behind = False
        """Whether more than a quarter of ``max_outbox_size`` waits, or did and some still does."""

    @property
    def is_open(self) -> bool:
        """Whether messages can still come and go."""
        return self.protocol.state is State.OPEN and not self._transport.is_closing()

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken here, which nobody else can go on with."""
        return self._transport.get_extra_info("sslcontext") is not None

    def stand_still(self) -> bool:
        """Read nothing more, for somebody else to go on.

        Returns ``False`` if something of the connection is only known here: what is read and not
        taken, or not written yet. Then all goes on.
        """
        self.flush()
        is_between = self._unread is None and not self.protocol.kept and self._held is None
        if not (is_between and self.is_open) or self._transport.get_write_buffer_size():
            return False
        self._transport.pause_reading()
        return True

    def descriptor(self) -> int:
        """Return the descriptor of the connection."""
        return int(self._transport.get_extra_info("socket").fileno())

    def read_again(self) -> None:
        """Go on after all with a connection that stands still, and that nobody has taken."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def hand_over(self) -> None:
        """Let go of a connection that somebody else has: nothing is sent, and nothing told."""
        self._is_owed = False
        self._abort()

    def give_up_transport(self) -> asyncio.Transport:
        """Let go of a connection that stands still, and return it for somebody here."""
        self._is_owed = False
        self.protocol.end()
        self._group.leave(self)
        self._group.holders.note(self, 0)
        return self._transport

    def _limit(self) -> None:
        super()._limit()
        if not self.is_behind and self.held_size * BEHIND_PART > self._group.max_outbox_size:
            self.is_behind = True
            self._group.tell_pace_soon(self)

    def resume_writing(self) -> None:
        """Write what was held back, and tell if it was much and is all gone."""
        super().resume_writing()
        if self.is_behind and self._held is None:
            self.is_behind = False
            self._group.tell_pace_soon(self)
