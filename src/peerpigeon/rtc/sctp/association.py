"""One SCTP association with one stream (RFC 9260, as RFC 8831 and RFC 8261 use it).

Packets come over DTLS, so who sent them is known: the cookie is a random number, not a signature,
and an end that has lost its memory has lost its keys, so no association is begun anew. There is one
path, which ICE watches, so no heartbeats are sent. Both ends may begin, also at once.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp import greeting, stream_reset
from peerpigeon.rtc.sctp.congestion import BURST
from peerpigeon.rtc.sctp.events import Ended, Event, Opened, Received
from peerpigeon.rtc.sctp.incoming import WINDOW, Incoming, RefusedError
from peerpigeon.rtc.sctp.outgoing import SACK_SIZE, Outgoing
from peerpigeon.rtc.sctp.request import MAX_RETRANSMISSIONS, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

MAX_REPLIES = 64
"""Answers to handshakes and heartbeats in one turn; beyond that they are dropped."""

BROKEN = "the connection to the other hub broke"
CLOSED = "the other hub closed the channel"
_COOKIE_SIZE = 16
_UNANSWERED = frozenset({c.HEARTBEAT_ACK, c.ERROR, 12, 13})
"""Chunks that need nothing done; the last two are of ECN, which is not used."""


class State(Enum):
    """How far an association has come (RFC 9260, section 4)."""

    CLOSED = auto()
    COOKIE_WAIT = auto()
    COOKIE_ECHOED = auto()
    ESTABLISHED = auto()
    SHUTDOWN_PENDING = auto()
    """This end is to close once all that it has sent is acknowledged."""
    SHUTDOWN_SENT = auto()
    SHUTDOWN_ACK_SENT = auto()
    ENDED = auto()


_IN_USE = frozenset({State.ESTABLISHED, State.SHUTDOWN_PENDING})
_RECEIVING = _IN_USE | {State.SHUTDOWN_SENT}


class Association:
    """One association. Times are seconds of any clock that does not go back."""

    def __init__(self, *, port: int = 5000, peer_port: int = 5000, mtu: int, rng: Random) -> None:
        self._ports = (port, peer_port)
        self._mtu = mtu
        self._room = mtu - c.HEADER_SIZE
        self._state = State.CLOSED
        self._tag = rng.randrange(1, 1 << 32)
        self._their_tag = 0
        self._first = rng.randrange(1 << 32)
        self._cookie = rng.randbytes(_COOKIE_SIZE)
        self._header = b""
        self._incoming = Incoming()
        self._outgoing = Outgoing(self._first, mtu)
        self._packets: list[bytes] = []
        self._events: list[Event] = []
        self._request = Request()
        self._has_acknowledged_channel = False
        self._has_told = False  # of the end

    @property
    def mtu(self) -> int:
        """The largest packet in bytes; it may be raised while the association is in use."""
        return self._mtu

    @mtu.setter
    def mtu(self, mtu: int) -> None:
        self._mtu = mtu
        self._room = mtu - c.HEADER_SIZE
        self._outgoing.congestion.mtu = mtu

    @property
    def buffered(self) -> int:
        """Bytes of messages that were not yet put into packets."""
        return self._outgoing.waiting_size

    def connect(self, now: float) -> None:
        """Begin, if the other end has not."""
        if self._state is State.CLOSED:
            self._state = State.COOKIE_WAIT
            self._send_request(c.chunk(c.INIT, greeting.write(self._tag, self._first)), now)

    def send(self, message: bytes) -> None:
        """Send a message once the association is open; it is dropped if it is closing."""
        if self._state not in {State.SHUTDOWN_SENT, State.SHUTDOWN_ACK_SENT, State.ENDED}:
            self._outgoing.add(message)

    def shutdown(self, now: float) -> None:
        """Send what is buffered, then end."""
        if self._state is State.ESTABLISHED:
            self._state = State.SHUTDOWN_PENDING
            self._shut_down_if_done(now)
        elif self._state in {State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED}:
            self.abort()

    def abort(self) -> None:
        """End at once, and tell the other end."""
        if self._state is not State.ENDED:
            self._reply(c.chunk(c.ABORT))
            self._end("closed")

    def receive(self, packet: bytes, now: float) -> None:
        """Take a packet. What is wrong with it makes it dropped, or ends the association."""
        if self._state is State.ENDED or not c.is_intact(packet):
            return
        source, target, tag = c.HEADER.unpack_from(packet)
        if (target, source) != self._ports:
            return
        try:
            found = c.chunks(packet)
        except ValueError:
            return
        if not found or not self._is_ours(tag, found):
            return
        self._act_on(found, now)
        self._incoming.end_packet(now)

    def _act_on(self, found: list[tuple[int, int, bytes]], now: float) -> None:
        try:
            for kind, flags, body in found:
                act = _ACTS.get(kind)
                if act is not None:
                    act(self, flags, body, now)
                elif kind not in _UNANSWERED:
                    # The two upper bits say what is done (RFC 9260, section 3.2).
                    if kind & 0x40:
                        unknown = c.chunk(kind, body, flags)
                        self._reply(c.chunk(c.ERROR, c.parameter(c.UNKNOWN_CHUNK, unknown)))
                    if not kind & 0x80:
                        return
        except RefusedError as problem:
            self._refuse(str(problem))
        except (ValueError, c.StructError):
            self._refuse("the other hub sent what is no SCTP")

    def tick(self, now: float) -> None:
        """See what is due."""
        if self._request.timer is not None and now >= self._request.timer:
            self._repeat_request(now)
        if self._state not in _RECEIVING:
            return
        timer = self._outgoing.timer
        if timer is not None and now >= timer:
            self._outgoing.expire()
            if self._outgoing.failures > MAX_RETRANSMISSIONS:
                self._end(BROKEN)
        self._incoming.tick(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` is to be called; ``None`` for never."""
        times = [self._request.timer]
        if self._state in _RECEIVING:
            times += [self._outgoing.timer, self._incoming.timer]
        return min((time for time in times if time is not None), default=None)

    def packets(self, now: float) -> list[bytes]:
        """Return what is to be sent, and forget it."""
        out, self._packets = self._packets, []
        if self._state in _RECEIVING:
            self._add_data(out, now)
        return out

    def events(self) -> list[Event]:
        """Return what has happened, and forget it."""
        events, self._events = self._events, []
        self._incoming.fresh = 0
        return events

    def keep(self, size: int) -> None:
        """Take how many bytes of messages, told of by ``events``, are still to be used.

        They count for the window, so the other end is slowed, and stopped at ``WINDOW``.
        """
        self._incoming.keep(size)

    # Sending

    def _add_data(self, out: list[bytes], now: float) -> None:
        incoming, outgoing = self._incoming, self._outgoing
        room = self._room
        if incoming.is_urgent:
            acknowledgement = incoming.acknowledgement()
            chunks = [acknowledgement]
            if len(acknowledgement) <= SACK_SIZE:
                chunks += outgoing.next_chunks(room - len(acknowledgement), now)
            out.append(c.packet(self._header, chunks))
        elif incoming.timer is not None:
            chunks = outgoing.next_chunks(room - SACK_SIZE, now)
            if not chunks:
                return
            chunks.insert(0, incoming.acknowledgement())
            out.append(c.packet(self._header, chunks))
        for _ in range(BURST):
            chunks = outgoing.next_chunks(room, now)
            if not chunks:
                return
            out.append(c.packet(self._header, chunks))

    def _reply(self, chunk: bytes) -> None:
        """Answer at once, within bounds: of what is not answered, the other end asks again."""
        if self._header and len(self._packets) < MAX_REPLIES and len(chunk) <= self._room:
            self._packets.append(c.packet(self._header, [chunk]))

    def _send_request(self, chunk: bytes, now: float) -> None:
        """Send what is to be answered, again and again until it is."""
        self._request.begin(chunk, self._outgoing.round_trip.timeout, now)
        self._put_request()

    def _repeat_request(self, now: float) -> None:
        if self._request.repeat(now):
            self._put_request()
        else:
            self._end(BROKEN)

    def _put_request(self) -> None:
        header = self._header
        if self._state is State.COOKIE_WAIT:
            header = c.HEADER.pack(*self._ports, 0)
        self._packets.append(c.packet(header, [self._request.chunk]))

    # Opening

    def _learn(self, said: greeting.Greeting) -> None:
        """Take what the other end says of itself."""
        self._their_tag = said.tag
        self._header = c.HEADER.pack(*self._ports, said.tag)
        self._incoming.cumulative = (said.first - 1) & 0xFFFF_FFFF
        self._outgoing.allow(said.window)

    def _take_init(self, _: int, body: bytes, __: float) -> None:
        said = greeting.read(body)
        if self._state in {State.CLOSED, State.COOKIE_WAIT}:
            self._learn(said)
        elif said.tag != self._their_tag:
            return
        more = c.parameter(c.COOKIE, self._cookie) + said.unknown
        self._reply(c.chunk(c.INIT_ACK, greeting.write(self._tag, self._first, more)))

    def _take_init_ack(self, _: int, body: bytes, now: float) -> None:
        if self._state is not State.COOKIE_WAIT:
            return
        said = greeting.read(body)
        if not 0 < len(said.cookie) <= self._room - c.CHUNK_SIZE:
            raise ValueError("there is no cookie, or one that is too long")
        self._learn(said)
        self._state = State.COOKIE_ECHOED
        self._send_request(c.chunk(c.COOKIE_ECHO, said.cookie), now)

    def _take_cookie(self, _: int, body: bytes, __: float) -> None:
        if body != self._cookie:
            return
        self._reply(c.chunk(c.COOKIE_ACK))
        self._establish()

    def _take_cookie_ack(self, _: int, __: bytes, ___: float) -> None:
        if self._state is State.COOKIE_ECHOED:
            self._establish()

    def _establish(self) -> None:
        if self._state in {State.CLOSED, State.COOKIE_WAIT, State.COOKIE_ECHOED}:
            self._state = State.ESTABLISHED
            self._request.answered()
            self._events.append(Opened())

    # Data

    def _take_data(self, flags: int, body: bytes, _: float) -> None:
        if self._state not in _RECEIVING:
            return  # if it came too early, it comes again
        incoming = self._incoming
        for message in incoming.take(flags, body):
            self._events.append(Received(message))
        if incoming.is_asked and not self._has_acknowledged_channel:
            self._has_acknowledged_channel = True
            self._outgoing.add(c.DCEP_ACK, c.DCEP)

    def _take_sack(self, _: int, body: bytes, now: float) -> None:
        if self._state not in _IN_USE:
            return
        cumulative, window, gaps, _duplicates = c.SACK_BODY.unpack_from(body)
        start = c.SACK_BODY.size
        if not self._outgoing.acknowledge(cumulative, window, body[start : start + 4 * gaps], now):
            raise ValueError("what was not sent is acknowledged")
        self._shut_down_if_done(now)

    def _take_heartbeat(self, _: int, body: bytes, __: float) -> None:
        self._reply(c.chunk(c.HEARTBEAT_ACK, body))

    # The end

    def _shut_down_if_done(self, now: float) -> None:
        if self._state is State.SHUTDOWN_PENDING and self._outgoing.is_empty:
            self._state = State.SHUTDOWN_SENT
            cumulative = c.WORD.pack(self._incoming.cumulative)
            self._send_request(c.chunk(c.SHUTDOWN, cumulative), now)

    def _take_shutdown(self, _: int, body: bytes, now: float) -> None:
        if self._state in _IN_USE:
            (cumulative,) = c.WORD.unpack_from(body)
            self._outgoing.acknowledge(cumulative, WINDOW, b"", now)
        if self._state is State.SHUTDOWN_PENDING and not self._outgoing.is_empty:
            return  # it is sent again, and answered once the other end has all of this one's
        if self._state in _IN_USE or self._state is State.SHUTDOWN_SENT:
            if self._state is State.ESTABLISHED:
                self._tell_end(CLOSED)
            self._state = State.SHUTDOWN_ACK_SENT
            self._send_request(c.chunk(c.SHUTDOWN_ACK), now)

    def _take_shutdown_ack(self, _: int, __: bytes, ___: float) -> None:
        if self._state in {State.SHUTDOWN_SENT, State.SHUTDOWN_ACK_SENT}:
            self._reply(c.chunk(c.SHUTDOWN_COMPLETE))
            self._end(CLOSED)

    def _take_shutdown_complete(self, _: int, __: bytes, ___: float) -> None:
        if self._state is State.SHUTDOWN_ACK_SENT:
            self._end(CLOSED)

    def _take_abort(self, _: int, __: bytes, ___: float) -> None:
        self._end("the other hub gave the channel up")

    def _take_re_config(self, _: int, body: bytes, now: float) -> None:
        """Answer a request to reset the stream, and reset our own (RFC 8831, section 6.7)."""
        if self._state not in _IN_USE:
            return
        cumulative, last_sent = self._incoming.cumulative, self._outgoing.next_tsn - 1
        answer, is_closed = stream_reset.answer(
            body, cumulative, last_sent & 0xFFFF_FFFF, self._first
        )
        if answer:
            self._reply(answer)
        if is_closed:
            self._end(CLOSED)

    def _refuse(self, reason: str) -> None:
        self._reply(c.chunk(c.ABORT))
        self._end(reason)

    def _end(self, reason: str) -> None:
        if self._state is not State.ENDED:
            self._state = State.ENDED
            self._request.answered()
            self._tell_end(reason)

    def _tell_end(self, reason: str) -> None:
        if not self._has_told:
            self._has_told = True
            self._events.append(Ended(reason))

    def _is_ours(self, tag: int, found: list[tuple[int, int, bytes]]) -> bool:
        """Tell whether the verification tag is right (RFC 9260, section 8.5)."""
        kind, flags, _ = found[0]
        if kind == c.INIT:
            return tag == 0 and len(found) == 1
        if kind in {c.ABORT, c.SHUTDOWN_COMPLETE} and flags & c.REFLECTED:
            return tag == self._their_tag
        return tag == self._tag


_ACTS: dict[int, Callable[[Association, int, bytes, float], None]] = {
    c.DATA: Association._take_data,
    c.SACK: Association._take_sack,
    c.INIT: Association._take_init,
    c.INIT_ACK: Association._take_init_ack,
    c.COOKIE_ECHO: Association._take_cookie,
    c.COOKIE_ACK: Association._take_cookie_ack,
    c.HEARTBEAT: Association._take_heartbeat,
    c.ABORT: Association._take_abort,
    c.SHUTDOWN: Association._take_shutdown,
    c.SHUTDOWN_ACK: Association._take_shutdown_ack,
    c.SHUTDOWN_COMPLETE: Association._take_shutdown_complete,
    c.RE_CONFIG: Association._take_re_config,
}
"""What is done with each kind of chunk. Not in the association, which would be a cycle then."""
