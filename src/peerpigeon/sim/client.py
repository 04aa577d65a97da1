"""A virtual client that behaves as the real JavaScript client does, and remembers what it heard."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config import GLOBAL_NAMESPACE
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, NORMAL_CLOSURE
from peerpigeon.sim.history import Closure, HeardError, HeardSignal, SentSignal, Stay, Surprise
from peerpigeon.sim.websocket import Accepted, Close, Frame, Ping, Pong, Request, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

MAX_RECONNECT_DELAY = 30.0
"""Reference: 1, 2, 4 … 30 seconds from a lost connection to the next attempt."""

HANDSHAKE_TIMEOUT = 10.0
"""Reference: seconds after which a socket that has not opened is given up."""

SIGNALS = ("offer", "answer", "ice-candidate")


class _Body(msgspec.Struct, gc=False, rename="camel"):
    peer_id: PeerId = PeerId("")
    target_peer_id: str = ""
    resume_key: str = ""
    serial: str = ""
    type: str = ""


class _Heard(msgspec.Struct, gc=False, rename="camel"):
    type: str
    data: _Body | None = None
    error: str = ""
    network_name: str | None = None
    from_peer_id: str = ""
    target_peer_id: str | None = None


class _Said(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    """What the client writes, fields in the reference's order."""

    type: str
    data: dict[str, str]
    max_peers: int
    network_name: str
    target_peer_id: str = ""


_decoder = msgspec.json.Decoder(_Heard)
_encoder = msgspec.json.Encoder()
_NO_BODY = _Body()


class Client:
    """One peer of a world.

    It announces itself as soon as its socket is open, answers pings, ignores what is for other
    namespaces or ids, and connects again when its connection is lost. All it hears is kept for
    ``checks.invariants``.
    """

    def __init__(
        self, number: int, peer_id: PeerId, rng: Random, scheduler: Scheduler, *, reconnects: bool
    ) -> None:
        self.number = number
        self.peer_id = peer_id
        self.line_rng = rng
        self.reconnects = reconnects
        self.namespace = GLOBAL_NAMESPACE
        self.resumes = False
        """Whether it shows, when it comes again, the resume key that it was given first."""
        self.reading_rate = float("inf")
        """Bytes a second that it reads; what it has not read yet waits on its side."""
        self.is_open = False
        self.came_at: float | None = None
        """When it connected for the first time."""
        self.greetings = 0
        self.heard = 0
        """How many text messages have come, whatever they said."""
        self.stays: list[Stay] = []
        self.sent: list[SentSignal] = []
        self.signals: list[HeardSignal] = []
        self.errors: list[HeardError] = []
        self.surprises: list[Surprise] = []
        self.closures: list[Closure] = []
        self.on_discovered: Callable[[Client, PeerId], object] | None = None
        """Called with each peer that becomes known, at that instant."""
        self._scheduler = scheduler
        self._open_connection: Callable[[Client], Connection] | None = None
        self._connection: Connection | None = None
        self._stay: Stay | None = None
        self._is_greeted = False
        self._attempts = 0
        self._read_until = 0.0
        self._resume_key = ""

    # What a client does

    def connect(self, via: Callable[[Client], Connection] | None = None) -> None:
        """Open a socket to a hub, the same as before unless ``via`` opens one to another.

        A socket that was open before is given up.
        """
        self._open_connection = via or self._open_connection
        if self._open_connection is None:
            raise RuntimeError("a client's first connect must say to which hub")
        self._give_up(NORMAL_CLOSURE)
        if self.came_at is None:
            self.came_at = self._scheduler.now
        self._connection = self._open_connection(self)
        key = f"&{self._resume_key}" if self.resumes and self._resume_key else ""
        self._connection.send(self, Request(f"{self.peer_id}{key}".encode()))
        timeout = partial(self._on_handshake_timeout, self._connection)
        self._scheduler.alarm(self._scheduler.now + HANDSHAKE_TIMEOUT, timeout)

    def take_way(self, way: Callable[[Client], Connection] | None) -> None:
        """Have the connections that follow opened by ``way``, if there is any."""
        self._open_connection = way or self._open_connection

    def announce(self, namespace: str | None = None) -> None:
        """Enter ``namespace``, or the one it was in before; to be there already is no fault."""
        self.namespace = namespace or self.namespace
        if self._stay is None or self._stay.namespace != self.namespace:
            self._begin_stay()
        self._say(_Said("announce", {"peerId": self.peer_id}, 3, self.namespace))

    def signal(
        self, target: PeerId, kind: str = "offer", namespace: str | None = None, *, size: int = 0
    ) -> str:
        """Send a signal and return its serial. ``namespace`` may claim another than its own.

        Its data are ``size`` bytes longer than they must be.
        """
        if self._stay is None:
            raise RuntimeError("a client that is in no namespace cannot send a signal")
        claimed = namespace or self.namespace
        serial = f"{self.number}.{len(self.sent)}"
        now = self._scheduler.now
        self.sent.append(SentSignal(serial, kind, target, claimed, now, self._stay))
        data = {"type": kind, "serial": serial}
        if size:
            data["sdp"] = "v" * size
        self._say(_Said(kind, data, 3, claimed, target))
        return serial

    def say_goodbye(self) -> None:
        """Leave the namespace and keep the socket."""
        self._say(_Said("goodbye", {"peerId": self.peer_id}, 3, self.namespace))
        self._end_stay()

    def send_text(self, text: str) -> None:
        """Send anything."""
        self._socket().send(self, Text(text.encode()))

    def leave(self) -> None:
        """Say goodbye as a closing browser tab does, close the socket, and stay away."""
        if self._stay is not None:
            self.say_goodbye()
        self.reconnects = False
        self._give_up(NORMAL_CLOSURE)

    # What a client hears

    @property
    def stay(self) -> Stay | None:
        """Its presence in a namespace, as far as it knows."""
        return self._stay

    @property
    def known(self) -> list[PeerId]:
        """Ids of the peers that are here, as far as it was told."""
        if self._stay is None:
            return []
        return [peer for peer, turns in self._stay.turns.items() if turns % 2]

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Take one frame, as soon as all before it is read."""
        now = self._scheduler.now
        if self._read_until <= now and self.reading_rate == float("inf"):  # as nearly always
            self._take_frame(connection, frame)
            return
        self._read_until = max(self._read_until, now) + len(frame.content) / self.reading_rate
        self._scheduler.at(self._read_until, partial(self._take_frame, connection, frame))

    def _take_frame(self, connection: Connection, frame: Frame) -> None:
        """Heed one frame; what an old socket still brings is ignored."""
        if connection is not self._connection:
            return
        match frame:
            case Text(content=content):
                self._hear(content)
            case Ping(content=content):
                connection.send(self, Pong(content))
            case Accepted():
                self._on_open()
            case Close(code=code, reason=reason):
                self._on_close(code, reason)
            case _:
                raise AssertionError(f"a client was sent {frame}")

    def _on_open(self) -> None:
        self.is_open = True
        self._attempts = 0
        self.announce()

    def _on_handshake_timeout(self, connection: Connection) -> None:
        if connection is self._connection and not self.is_open:
            connection.close(self, ABNORMAL_CLOSURE)
            self._on_close(ABNORMAL_CLOSURE, "no answer to the handshake")

    def _on_close(self, code: int, reason: str) -> None:
        now = self._scheduler.now
        said_at = self._socket().closed_at if code != ABNORMAL_CLOSURE else None
        self.closures.append(Closure(code, reason, now, now if said_at is None else said_at))
        if self._stay is not None:
            self._stay.was_closed = code != ABNORMAL_CLOSURE
        self._forget_connection()
        if self.reconnects:
            delay = min(2.0**self._attempts, MAX_RECONNECT_DELAY)
            self._attempts += 1
            self._scheduler.at(self._scheduler.now + delay, self._try_again)

    def _try_again(self) -> None:
        if self.reconnects and self._connection is None:
            self.connect()

    def _hear(self, content: bytes) -> None:
        self.heard += 1
        try:
            heard = _decoder.decode(content)
        except msgspec.DecodeError as error:
            self._wonder(f"a message it cannot read: {error}")
            return
        if heard.type == "connected":
            self._on_greeting(heard)
            return
        stay = self._stay
        if stay is None:
            return
        if (heard.network_name or GLOBAL_NAMESPACE) != stay.namespace:
            self._wonder("a message of another namespace", heard)
        elif heard.target_peer_id is not None and heard.target_peer_id != self.peer_id:
            self._wonder("a message for somebody else", heard)
        else:
            self._take(heard, heard.data or _NO_BODY, stay)

    def _on_greeting(self, heard: _Heard) -> None:
        self.greetings += 1
        if self._is_greeted:
            self._wonder("a second greeting", heard)
        self._is_greeted = True
        self._resume_key = (heard.data or _NO_BODY).resume_key or self._resume_key
        if self._stay is not None and self._stay.confirmed is None:
            self._stay.confirmed = self._scheduler.now

    def _take(self, heard: _Heard, body: _Body, stay: Stay) -> None:
        now = self._scheduler.now
        match heard.type:
            case "peer-discovered":
                self._take_turn(stay, body.peer_id, 1, "a peer it knew", heard)
                if self.on_discovered is not None:
                    self.on_discovered(self, body.peer_id)
            case "peer-disconnected":
                self._take_turn(stay, body.peer_id, 0, "the end of a peer it did not know", heard)
                stay.departures.append((body.peer_id, now))
            case "error":
                error = HeardError(heard.error, body.target_peer_id, now, body.type)
                self.errors.append(error)
            case "goodbye" | "pong":
                pass
            case _ if heard.type in SIGNALS or body.serial:
                source, namespace = heard.from_peer_id, heard.network_name or GLOBAL_NAMESPACE
                self.signals.append(
                    HeardSignal(body.serial, heard.type, source, namespace, now, stay)
                )
            case _:
                self._wonder(f"a message of type {heard.type}", heard)

    def _take_turn(
        self, stay: Stay, peer: PeerId, parity: int, complaint: str, heard: _Heard
    ) -> None:
        turns = stay.turns.get(peer, 0) + 1
        if turns % 2 == parity:
            stay.turns[peer] = turns
        else:
            self._wonder(complaint, heard)

    # The socket

    def _say(self, said: _Said) -> None:
        self._socket().send(self, Text(_encoder.encode(said)))

    def _socket(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("a client without a socket cannot send")
        return self._connection

    def _give_up(self, code: int) -> None:
        if self._connection is not None:
            self._connection.close(self, code)
            self._forget_connection()

    def _forget_connection(self) -> None:
        self._end_stay()
        self._connection = None
        self.is_open = self._is_greeted = False

    def _begin_stay(self) -> None:
        self._end_stay()
        now = self._scheduler.now
        self._stay = Stay(self.peer_id, self.namespace, self._socket(), since=now)
        self._stay.confirmed = now if self._is_greeted else None
        self.stays.append(self._stay)

    def _end_stay(self) -> None:
        if self._stay is not None:
            self._stay.until = self._scheduler.now
            self._stay = None

    def _wonder(self, what: str, heard: _Heard | None = None) -> None:
        surprise = Surprise(what, self._scheduler.now)
        if heard is not None:
            peer = (heard.data or _NO_BODY).peer_id or heard.from_peer_id
            namespace = heard.network_name or GLOBAL_NAMESPACE
            surprise = Surprise(what, self._scheduler.now, namespace, peer)
        self.surprises.append(surprise)
