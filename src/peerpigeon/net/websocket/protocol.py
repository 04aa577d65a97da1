"""The WebSocket protocol (RFC 6455) after its opening handshake: bytes in, events and bytes out.

A pure state machine for either side: no socket, event loop, clock or chance. What it is given to
read comes back as events; what it has to say is in ``outgoing`` until it is written.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.interface.close_codes import (
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    TOO_BIG,
    UNSUPPORTED_DATA,
    is_sendable,
)
from peerpigeon.net.websocket.frames import (
    CLIENT,
    CLOSE,
    CONTINUATION,
    FIN,
    OPCODE,
    PING,
    PONG,
    SERVER,
    TEXT,
    FrameError,
    close_payload,
    frame_header,
    is_unwanted,
    lone_message,
    read_frame,
)
from peerpigeon.net.websocket.masking import apply_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peerpigeon.net.websocket.frames import Payload


class State(Enum):
    """How far the closing handshake is (RFC 6455, section 7)."""

    OPEN = "messages go both ways"
    CLOSING = "our close frame is sent, and theirs is awaited; what else comes is not kept"
    PARTING = "our close frame is sent, and theirs is awaited; what comes before it is read"
    CLOSE_OWED = "nothing more is read; ours is yet to be sent, behind what has to go before it"
    CLOSED = "nothing is read or sent any more"


# To look a member up takes as long as a call.
_OPEN, _CLOSING, _PARTING, _CLOSE_OWED, _CLOSED = State

_READING = (_OPEN, _CLOSING, _PARTING)

Parts: TypeAlias = tuple[bytes, ...] | list[bytes]
"""``PARTS`` of each frame, in order; or one frame that is whole, with nothing behind it, as most
that many hear are: to join that is no work. A tuple may be that of several sockets."""

NOTHING: Parts = ()
"""What there is to be written mostly. A list of each socket's own would take 64 bytes for good."""

PARTS = 2
"""Of a frame in ``outgoing``: its header and its payload, or all of it and nothing."""

UNDECIDED = -1
"""In place of ``TEXT`` or ``BINARY``: the kind of the first message that comes."""


class Pinged(msgspec.Struct, frozen=True):
    """A ping came. It is answered already."""

    payload: bytes


class Ponged(msgspec.Struct, frozen=True):
    """A pong came, whether asked for or not."""

    payload: bytes


class CloseReceived(msgspec.Struct, frozen=True):
    """The other side's close frame came; ``close`` answers it, if ours is not sent yet."""

    code: int
    """``NO_STATUS`` if it names none."""
    reason: str


class Violation(msgspec.Struct, frozen=True):
    """What came is against the protocol or its limits; ``close`` is to be called with this."""

    code: int
    reason: str


Message: TypeAlias = str | bytes
"""A whole message: text, or binary."""

Event: TypeAlias = Message | Pinged | Ponged | CloseReceived | Violation

_REASONS = {
    PROTOCOL_ERROR: "protocol error",
    INVALID_PAYLOAD: "invalid UTF-8",
    MESSAGE_TOO_BIG: TOO_BIG,
}


class WebSocketProtocol:
    """One end of a WebSocket over which messages of one kind come and go.

    ``kind`` is ``TEXT``, ``BINARY`` or ``UNDECIDED``. A client gives ``new_key``, which returns the
    key of one frame: four bytes that nobody can predict (section 10.3). A server gives none, as it
    does not mask what it sends.

    Nothing that the other side sends makes it raise. A message of more than ``max_message_size``
    bytes is a ``Violation``, as soon as the header of a frame says so.
    """

    __slots__ = (
        "_begun",
        "_fragments",
        "_needed",
        "_new_key",
        "_sender",
        "_whole",
        "kept",
        "kind",
        "max_message_size",
        "outgoing",
        "state",
    )

    def __init__(
        self, kind: int, max_message_size: int, new_key: Callable[[], bytes] | None = None
    ) -> None:
        self.kind = kind
        self.max_message_size = max_message_size
        self.state = _OPEN
        self.outgoing = NOTHING
        """What is to be written. Whoever writes it puts ``NOTHING`` there."""
        self._new_key = new_key
        self._sender = CLIENT if new_key is None else SERVER  # of what is read
        self._whole = kind  # the first byte of a frame that is a message of its own now
        self.kept = 0
        """Bytes that are kept of a message that is not whole."""
        self._begun: bytearray | None = None  # a frame that is not whole
        # How many bytes that takes, at least; without it, how many to come are passed over.
        self._needed = 0
        self._fragments: bytearray | None = None

    # Reading

    def receive_data(self, data: bytes) -> tuple[Event, ...] | Iterator[Event | None]:
        """Return what has come with these bytes, in order: ``None`` for a frame that says nothing.

        Each frame is read when its turn comes, so go through all of it before the next call. To
        read what is many times 64 KiB ahead would push it out of the processor's cache.
        """
        if self._needed:
            data = self._go_on(data)
            if not data:
                return ()
        payload = lone_message(data, self._whole, self._sender, self.max_message_size)
        if payload is None:
            return self._read(data)
        if self._whole != TEXT:
            return (bytes(payload),)
        try:
            return (payload.decode(),)
        except UnicodeDecodeError:
            return (self._fail(INVALID_PAYLOAD),)

    def end(self) -> None:
        """Forget everything: the connection has ended, or is to, without a closing handshake."""
        self._stop_reading(_CLOSED)
        self.outgoing = NOTHING

    def _go_on(self, data: bytes) -> bytes:
        """Return what is to be read now that a frame goes on; nothing if it is not whole yet."""
        begun = self._begun
        if begun is None:
            passed = min(self._needed, len(data))
            self._needed -= passed
            return data[passed:]
        begun += data
        if len(begun) < self._needed:
            self.kept += len(data)
            return b""
        self._begun, self._needed = None, 0
        self._count()
        return bytes(begun)

    def _begin(self, begun: bytearray, size: int) -> None:
        """Keep what there is of a frame that takes ``size`` bytes at least."""
        self._begun, self._needed = begun, size
        if self.state is _CLOSING:
            self._pass_over()
        self._count()

    def _pass_over(self) -> None:
        """Forget the frame that has begun, as soon as only its size matters."""
        if self._begun is not None and is_unwanted(self._begun[0], self._needed):
            self._needed -= len(self._begun)
            self._begun = None

    def _count(self) -> None:
        self.kept = len(self._begun or b"") + len(self._fragments or b"")

    def _read(self, data: bytes) -> Iterator[Event | None]:
        start, size, sender = 0, len(data), self._sender
        try:
            while start < size and self.state in _READING:
                first, payload, end = read_frame(data, start, sender, self.max_message_size)
                if end > size:
                    self._begin(bytearray(memoryview(data)[start:]), end - start)
                    return
                start = end
                if first == self._whole:
                    yield payload.decode() if first == TEXT else bytes(payload)
                else:
                    yield self._take(first, payload)
        except FrameError as error:
            yield self._fail(error.code)
        except UnicodeDecodeError:
            yield self._fail(INVALID_PAYLOAD)

    def _take(self, first: int, payload: Payload) -> Event | None:
        """Act on a frame that is no message of its own (RFC 6455, section 5.4 and on)."""
        if first == CLOSE:
            return self._take_close(payload)
        if self.state is _CLOSING:
            return None
        if first == PING:
            self.send(PONG, bytes(payload))
            return Pinged(bytes(payload))
        if first == PONG:
            return Ponged(bytes(payload))
        return self._take_fragment(first, payload)

    def _take_fragment(self, first: int, payload: Payload) -> Message | None:
        is_continued = first & OPCODE == CONTINUATION & OPCODE
        if is_continued != (self._fragments is not None):
            raise FrameError(PROTOCOL_ERROR)
        if self.kind == UNDECIDED:
            self.kind = first | FIN
        if not is_continued and first | FIN != self.kind:
            raise FrameError(UNSUPPORTED_DATA)
        if self._fragments is None:
            self._fragments, self._whole = bytearray(), UNDECIDED
        if len(self._fragments) + len(payload) > self.max_message_size:
            raise FrameError(MESSAGE_TOO_BIG)
        self._fragments += payload
        if not first & FIN:
            self._count()
            return None
        whole = bytes(self._fragments)
        self._fragments, self._whole = None, self.kind
        self._count()
        return whole.decode() if self.kind == TEXT else whole

    def _take_close(self, payload: Payload) -> CloseReceived:
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS
        if payload and (len(payload) == 1 or not is_sendable(code)):
            raise FrameError(PROTOCOL_ERROR)
        received = CloseReceived(code, str(payload[2:], "utf-8"))
        self._stop_reading(_CLOSE_OWED if self.state is _OPEN else _CLOSED)
        return received

    def _fail(self, code: int) -> Violation:
        """Fail the connection (section 7.1.7): nothing more is read as frames."""
        self._stop_reading(_CLOSE_OWED if self.state is _OPEN else _CLOSED)
        if code == UNSUPPORTED_DATA:
            kind = "text" if self.kind == TEXT else "binary"
            return Violation(code, f"{kind} messages only")
        return Violation(code, _REASONS[code])

    def _stop_reading(self, state: State) -> None:
        self.state, self._whole = state, UNDECIDED
        self._begun = self._fragments = None
        self._needed = self.kept = 0

    # Sending

    def send(self, first: int, payload: bytes) -> None:
        """Add one frame to ``outgoing``, unless a close frame was added.

        ``first`` is ``TEXT`` or ``BINARY`` for a message, ``PING`` or ``PONG``; these two carry 125
        bytes at most.
        """
        if self.state is _OPEN or self.state is _CLOSE_OWED:
            if self._new_key is None:
                header = frame_header(first, SERVER, len(payload))
            else:
                key = self._new_key()
                header = frame_header(first, CLIENT, len(payload)) + key
                payload = bytes(apply_mask(bytearray(payload), key))
            self._add((header, payload))

    def send_parts(self, parts: tuple[bytes, ...], payload: bytes) -> bool:
        """Send a text that is in a server's frame; tell whether that is all there is.

        So all that hear a message share its frame, but for those that mask what they send.
        """
        outgoing = self.outgoing
        if self.state is not _OPEN or self._new_key is not None:
            self.send(TEXT, payload)
            return not outgoing and bool(self.outgoing)
        if outgoing:
            self._add(parts)
            return False
        self.outgoing = parts
        return True

    def _add(self, parts: tuple[bytes, ...]) -> None:
        outgoing = self.outgoing
        if not outgoing:
            self.outgoing = parts
        elif isinstance(outgoing, list):
            outgoing += _in_parts(parts)
        else:
            self.outgoing = [*_in_parts(outgoing), *_in_parts(parts)]

    def close(self, code: int, reason: str = "", *, is_heard: bool = False) -> None:
        """Add a close frame to ``outgoing``, the last thing there ever; do nothing if one was.

        With ``NO_STATUS`` the frame names no code. A reason longer than 123 bytes is cut. With
        ``is_heard`` what still comes is read until the other side's close frame.
        """
        self.send(CLOSE, b"" if code == NO_STATUS else close_payload(code, reason))
        if self.state is _OPEN and is_heard:
            self.state = _PARTING
        elif self.state is _OPEN or self.state is _PARTING:
            self.state, self._whole, self._fragments = _CLOSING, UNDECIDED, None
            self._pass_over()
            self._count()
        elif self.state is _CLOSE_OWED:
            self.state = _CLOSED


def _in_parts(frame: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return frame if len(frame) == PARTS else (*frame, b"")
