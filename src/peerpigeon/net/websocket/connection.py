"""One WebSocket on a transport of asyncio: reads, writes, limits what waits, ends in time.

A socket keeps what it has read of a message that is not whole yet, and no buffer else. How much it
keeps for longer than a turn it notes in an account (``net/memory.py``), and so it may have to go.
What is sent in one turn of the event loop goes out in one write; a turn ends after 64 KiB received.

What the other side is slow to read waits here, not in the transport, once that has ``AHEAD`` bytes.
So a ping, or the answer to one, overtakes it: control frames may go between messages (RFC 6455,
section 5.5). Whether a client lives is not to hang on how much it was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    MEMORY_IS_SHORT,
    SLOW_READER,
    TRY_AGAIN_LATER,
)
from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.net.websocket.frames import PING
from peerpigeon.net.websocket.group import Socket, SocketGroup
from peerpigeon.net.websocket.held_frames import HeldFrames
from peerpigeon.net.websocket.kernel_queue import IS_INHERITED, leave_little_in_kernel
from peerpigeon.net.websocket.protocol import (
    NOTHING,
    PARTS,
    CloseReceived,
    Pinged,
    Ponged,
    State,
    Violation,
    WebSocketProtocol,
)
from peerpigeon.net.websocket.turns import READ_SIZE, TurnTaker

if TYPE_CHECKING:
    import asyncio

    from peerpigeon.net.websocket.protocol import Event, Parts

MAX_WRITE = 4 * AHEAD
"""Bytes of one write. If there are more in one turn, it is first seen how much is taken of them."""

MAX_JOINED_FRAMES = 512  # so that a flood of empty pings cannot fill the memory with pongs

_MESSAGE = (str, bytes)

_OVER = (State.CLOSING, State.PARTING, State.CLOSED)


class WebSocket(TurnTaker, Socket):
    """One WebSocket whose opening handshake is done, whichever side began it."""

    KIND: ClassVar[int]
    """The kind of its messages: ``TEXT`` or ``BINARY``."""

    _group: SocketGroup[Any]
    ALLOWANCE: ClassVar[int]
    """Bytes that wait in the transport, at least. They are not counted."""

    __slots__ = (
        "_group",
        "_held",
        "_is_owed",
        "_noted",
        "_timer",
        "_transport",
        "address",
        "protocol",
        "sent",
    )

    def __init__(
        self, group: SocketGroup[Any], transport: asyncio.Transport, protocol: WebSocketProtocol
    ) -> None:
        super().__init__()
        peer = transport.get_extra_info("peername")
        self.address: str = peer[0] if isinstance(peer, tuple) else ""
        self._group = group
        self._transport = transport
        self.protocol = protocol
        most = min(self.ALLOWANCE - 1, group.max_outbox_size)
        transport.set_write_buffer_limits(high=most)
        self._held: HeldFrames | None = None  # while the transport is full
        self.sent = 0
        """Bytes of all frames that were written or held back."""
        self._noted = 0  # what was kept of a message when that was noted last
        self._is_owed = True  # whether the listener has still to hear of the end
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def accepted(cls, group: SocketGroup[Any], transport: asyncio.Transport) -> Self:
        """Return the WebSocket of a connection that a client has made."""
        if not IS_INHERITED:  # to ask uvloop for the socket takes 72 bytes for good
            leave_little_in_kernel(transport.get_extra_info("socket"), AHEAD)
        return cls(group, transport, WebSocketProtocol(cls.KIND, group.max_message_size))

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""
        queued = sum(map(len, self.protocol.outgoing)) + self.held_size
        return queued + self._transport.get_write_buffer_size()

    @property
    def is_full(self) -> bool:
        """Whether the transport is full, so that what is sent waits here."""
        return self._held is not None

    @property
    def held_size(self) -> int:
        """How many bytes wait because the transport is full."""
        return 0 if self._held is None else self._held.size

    def answer(self, response: bytes) -> None:
        """Queue the end of the opening handshake: it leaves with the greeting, in one write."""
        self.protocol.outgoing = [*self.protocol.outgoing, response, b""]
        self.sent -= len(response)  # it is no frame
        self._group.sent -= len(response)
        self._group.flush_soon(self)

    def send(self, payload: bytes) -> None:
        """Send one message. Never waits, never raises; nothing if the socket is closed."""
        protocol = self.protocol
        if not protocol.outgoing:
            self._group.flush_soon(self)
        protocol.send(protocol.kind, payload)

    def ping(self, payload: bytes) -> None:
        """Ask for a sign of life, before all that waits; the answer has the same payload."""
        self.flush()
        self.protocol.send(PING, payload)
        if self._held is None:
            self.flush()
        else:
            self._overtake(self._held)

    def close(self, code: int, reason: str) -> None:
        """Send what is queued and a close frame; end when the other side answers or is too slow."""
        self._is_owed = False
        self.go_on()  # to read the answer
        self._close(code, reason)

    def dismiss(self, code: int, reason: str) -> None:
        """Like ``close``, but listen until the other side answers, and tell of the end."""
        self.go_on()
        self._close(code, reason, is_heard=True)

    def abort(self) -> None:
        """End the connection at once."""
        self._is_owed = self._is_owed and self.protocol.state is State.PARTING
        self._abort()

    def _abort(self) -> None:
        self.protocol.end()
        self._held = None
        self.forget_unread()
        was_open = not self._transport.is_closing()
        self._transport.abort()
        if was_open:
            self._group.linger(self)
        self._noted = 0
        self._group.holders.note(self, 0)

    def give_way(self) -> None:
        """End, as memory is short; a client that reads is told why."""
        # Not at once, as this may be the listener's own call.
        self._group.loop.call_soon(self._report, TRY_AGAIN_LATER, MEMORY_IS_SHORT)
        self._group.on_fault(self, MEMORY_IS_SHORT)
        self._held = None
        if self._transport.get_write_buffer_size() or self.protocol.state is not State.OPEN:
            self._abort()
        else:
            self._close(TRY_AGAIN_LATER, MEMORY_IS_SHORT)

    def flush(self) -> None:
        """Write what is queued, or hold it back while the transport is full."""
        written = self.write_queued()  # in which the end of this socket may be counted, too
        self._group.sent += written

    def write_queued(self) -> int:
        """Do so; return how many bytes that is, for the group to count."""
        protocol = self.protocol
        outgoing = protocol.outgoing
        if not outgoing:
            return 0
        protocol.outgoing = NOTHING
        data = b"".join(outgoing)  # one frame that is whole is not copied
        size = len(data)
        self.sent += size
        if self._held is None and size <= MAX_WRITE:  # as nearly always
            self._transport.write(data)
        else:
            self._hold(outgoing)
        return size

    def _hold(self, outgoing: Parts) -> None:
        was_full, held = self.is_full, self._held or HeldFrames()
        held.add(outgoing)
        self._held = held
        if not was_full:
            self.resume_writing()
        self._limit()

    def _overtake(self, held: HeldFrames) -> None:
        """Put the control frame that was queued last before all that is held back."""
        outgoing = self.protocol.outgoing
        frame = b"".join(outgoing[-PARTS:])
        self.protocol.outgoing = outgoing[:-PARTS] or NOTHING
        held.overtake(frame)
        self._limit()

    def _limit(self) -> None:
        """Close if more than ``max_outbox_size`` bytes wait for a client that does not read."""
        waiting = self.held_size + self._transport.get_write_buffer_size()
        if waiting > self._group.max_outbox_size and self.protocol.state is State.OPEN:
            self._held = None
            self._close(TRY_AGAIN_LATER, SLOW_READER)
            # Not at once, as this may be the listener's own call.
            self._group.loop.call_soon(self._report, TRY_AGAIN_LATER, SLOW_READER)
            self._group.on_fault(self, SLOW_READER)
        else:
            self._note()

    def _note(self) -> None:
        """Note what is kept beyond this turn."""
        self._noted = self.protocol.kept
        size = self._noted + self.unread_size
        if self._held is not None or self._timer is not None:
            size += self.held_size + self._transport.get_write_buffer_size()
        self._group.holders.note(self, size)

    # What the transport calls

    def pause_writing(self) -> None:
        """Hold back what is queued from now on; close if even this is too much."""
        if self.protocol.state is State.OPEN and self._held is None:
            self._held = HeldFrames()
        self._limit()

    def resume_writing(self) -> None:
        """Write what was held back, as far as the transport takes it."""
        held, self._held = self._held, None
        while held and self.protocol.state not in _OVER:
            self._transport.write(held.take())
            if self.is_full:  # again
                self._held = held
                break
        self._note()

    def data_received(self, data: bytes) -> None:
        """Read the frames in what has come, as many as there may be in one turn."""
        size = len(data)
        self._group.received += size
        events = self.protocol.receive_data(data)
        if isinstance(events, tuple):  # most often, and one message: a call less for each
            for event in events:
                if isinstance(event, _MESSAGE):
                    self._group.receive(self, event)
                else:
                    self.take(event)
        elif self.take_turn(events, size):
            self._note()
            return
        if size >= READ_SIZE:
            self.wait_for_turn(iter(()))
        if self.protocol.kept != self._noted:
            self._note()

    def read_on(self) -> None:
        """Go on with what waits for this turn, then with what comes."""
        super().read_on()
        self._note()

    def eof_received(self) -> bool:
        """Take the other side for gone: one that leaves in order sends a close frame first."""
        self._group.deliver()
        self.protocol.end()
        self._held = None
        self.forget_unread()
        self._linger()
        self._report(ABNORMAL_CLOSURE, "")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self._group.deliver()
        self.protocol.end()
        self._held = None
        self.forget_unread()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._group.leave(self)
        self._group.holders.note(self, 0)
        self._report(ABNORMAL_CLOSURE, "")

    # What comes of events

    def take(self, event: Event) -> None:
        """Act on an event of the protocol."""
        match event:
            case Pinged():
                if self._held is None:
                    self._flush_pongs()
                else:
                    self._overtake(self._held)
                if self._is_owed:
                    self._group.listener.socket_ponged(self, b"")
            case Ponged(payload):
                if self._is_owed:
                    self._group.listener.socket_ponged(self, payload)
            case CloseReceived(code, reason):
                self._group.deliver()  # what came before is answered before our close frame
                self._close(code, "")
                self._transport.close()
                self._report(code, reason)
            case Violation(code, reason):
                self._group.on_fault(self, reason)
                self._group.deliver()
                self._close(code, reason)
                self._end_output()
                self._report(code, reason)
            case message:
                self._group.receive(self, message)

    def _flush_pongs(self) -> None:
        frames = len(self.protocol.outgoing) // PARTS
        if frames == 1:
            self._group.flush_soon(self)
        elif frames > MAX_JOINED_FRAMES:
            self.flush()

    def _end_output(self) -> None:
        # Closing with unread bytes would reset the connection, and the other side might not get to
        # read why. So only our direction ends now; what still comes is thrown away.
        if not self._transport.can_write_eof():  # as over TLS
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write_eof()

    def _close(self, code: int, reason: str, *, is_heard: bool = False) -> None:
        if self._held is not None:  # the last that is written: nothing can overtake it any more
            held, self._held = self._held, None
            self._transport.write(held.take_all())
        self.protocol.close(code, reason, is_heard=is_heard)
        self.flush()
        self._linger()

    def _linger(self) -> None:
        if self._timer is None:
            group = self._group
            self._timer = group.loop.call_later(group.close_timeout, self._transport.abort)
            group.linger(self)
        self._note()

    def _report(self, code: int, reason: str) -> None:
        if self._is_owed:
            self._is_owed = False
            self._group.listener.socket_closed(self, code, reason)
