"""A hub that knows the secret, keeps up its links, and says what its attack wants."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from random import Random
from typing import TYPE_CHECKING, Self

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.link_pieces import LAST, MORE, PIECE
from peerpigeon.core.mesh.authentication import Authenticator
from peerpigeon.core.wire.hub_codec import FrameError, batch, decode, encode
from peerpigeon.core.wire.hub_frames import (
    CONTROL,
    SIGNALS,
    VERSION,
    Ack,
    Advert,
    Adverts,
    Carrier,
    Heartbeat,
    Hello,
    LinkEnd,
    Proof,
    Purpose,
    Routed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import Join, Member, Relay
from tests.hostile.scene import SECRET
from tests.hostile.sockets import BINARY, CLOSE, PING, PONG, Socket, frame, new_id

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Frame
    from peerpigeon.core.wire.hub_news import News

NAMESPACE = "pigeonhub-mesh"
HEARTBEAT = 0.5
DEADLINE = 10.0


class LyingHub:
    """A link from a hub that does not exist to one that does."""

    def __init__(self, socket: Socket, own: PeerId) -> None:
        self.socket = socket
        self.own = own
        self.hub = PeerId("")
        """The one at the other end."""
        self.life = secrets.randbits(64)
        self.incarnation = int(time.time() * 1000)
        self.adverts: dict[str, Advert] = {}
        """Of the hubs that it was told of."""
        self.acknowledged: dict[int, int] = {}
        """The next sequence that the hub wants, by lane."""
        self.acknowledging: set[PeerId] = set()
        """The hubs that have acknowledged something of its."""
        self.acknowledges = True
        """Whether it acknowledges what it is told."""
        self._epoch = secrets.randbits(32)
        self._sequence = {SIGNALS: 0, CONTROL: 0}
        self._nonce = b""
        self._is_in = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def link(cls, port: int, own: str | None = None, *, secret: str = SECRET) -> Self:
        """Link up with a hub, and stay."""
        identity = PeerId(own or new_id())
        socket = await Socket.open(port, identity, query="&hub=1")
        liar = cls(socket, identity)
        loop = asyncio.get_running_loop()
        liar._tasks.append(
            loop.create_task(liar._listen(Authenticator(identity, (secret,), Random())))
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE):
                await liar._is_in.wait()
        liar._tasks.append(loop.create_task(liar._live()))
        return liar

    @property
    def is_in(self) -> bool:
        """Whether the hub has let it in, and has not put it out since."""
        return self._is_in.is_set() and self.socket.closed is None

    async def say(self, *frames: Frame) -> bool:
        """Send frames as one message, in pieces if it is large."""
        message = batch([encode(each) for each in frames])
        if len(message) <= PIECE:
            return await self.say_raw(message)
        room = PIECE - len(MORE)
        pieces = [message[start : start + room] for start in range(0, len(message), room)]
        for piece in pieces[:-1]:
            await self.say_raw(MORE + piece)
        return await self.say_raw(LAST + pieces[-1])

    async def say_raw(self, message: bytes) -> bool:
        """Send any bytes as one message."""
        return await self.socket.send(frame(message, BINARY))

    def advert(self, sequence: int = 1) -> Advert:
        """Return what it says of itself."""
        return Advert(
            self.own,
            self.incarnation,
            sequence,
            secrets.randbits(64),
            (),
            (LinkEnd(self.hub, Carrier.WEBSOCKET, Purpose.MESH),),
            life=self.life,
        )

    def routed(self, news: News, lane: int = SIGNALS) -> Routed:
        """Return the next piece of news of its own stream to the hub."""
        sequence = self._sequence[lane]
        self._sequence[lane] += 1
        return self.to_hub(Segment(self._epoch + lane, sequence, 0, news, lane))

    def to_hub(self, body: Segment | Ack) -> Routed:
        """Return a body of its own, addressed to the hub."""
        return Routed(self.own, self.incarnation, self.hub, 0, 8, body)

    async def publish(self, namespace: str, peer: str, session: int = 1) -> None:
        """Say truly, as far as that can be, that it serves a client."""
        member = Member(PeerId(peer), self.session(session), b'{"peerId":"%s"}' % peer.encode())
        for is_primary in (True, False):
            await self.say(self.routed(Join(namespace, (member,), is_primary), CONTROL))

    def session(self, number: int = 1) -> int:
        """Return a session as hubs count them."""
        return self.incarnation * 2**20 + number

    def relay(
        self, namespace: str, sender: str, target: str, data: bytes, number: int = 1
    ) -> Relay:
        """Return a signal."""
        return Relay(
            namespace,
            PeerId(sender),
            PeerId(target),
            0,
            "ice-candidate",
            data,
            self.session(),
            number,
        )

    def leave(self) -> None:
        """Go without a word."""
        for task in self._tasks:
            task.cancel()
        self.socket.abort()

    async def _live(self) -> None:
        sequence = 1
        while self.socket.closed is None:
            sequence += 1
            own = self.advert(sequence)
            digest = own.mark
            for advert in self.adverts.values():
                digest ^= advert.mark
            await self.say(Adverts((own,)), Heartbeat(digest))
            await asyncio.sleep(HEARTBEAT)

    async def _listen(self, authenticator: Authenticator) -> None:
        try:
            while True:
                opcode, payload = await self.socket.frame()
                if opcode == BINARY:
                    with contextlib.suppress(FrameError):
                        for each in decode(payload):
                            await self._hear(each, authenticator)
                elif opcode == PING:
                    await self.socket.send(frame(payload, PONG))
                elif opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big")
                    self.socket.closed = code, payload[2:].decode("utf-8", "replace")
                    return
        except (OSError, asyncio.IncompleteReadError):
            self.socket.closed = self.socket.closed or (1006, "")

    async def _hear(self, said: Frame, authenticator: Authenticator) -> None:
        match said:
            case Hello():
                self.hub = said.hub
                nonce = authenticator.nonce() if said.nonce else b""
                await self.say(Hello(self.own, self.life, NAMESPACE, VERSION, 0, nonce))
                if said.nonce:
                    await self.say(authenticator.prove(said.hub, nonce, said.nonce))
                else:
                    await self._enter()
            case Proof():
                await self._enter()
            case Adverts():
                for advert in said.adverts:
                    self.adverts[advert.hub] = advert
            case Summary():
                await self.say(Adverts((self.advert(),)))
            case Routed(source=source, body=Segment() as segment) if (
                source == self.hub and self.acknowledges
            ):
                ack = Ack(segment.epoch, segment.sequence + 1, segment.lane)
                await self.say(self.to_hub(ack))
            case Routed(source=source, body=Ack() as ack):
                self.acknowledging.add(source)
                if source == self.hub:
                    self.acknowledged[ack.lane] = ack.next_sequence

    async def _enter(self) -> None:
        known = (self.own, self.incarnation, self.life, 1)
        await self.say(Adverts((self.advert(),)), Summary((known,), wants_answer=False))
        self._is_in.set()
