"""Several whole hubs on a desk, linked by hand: frames are passed on when the test says so."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, PeerId, SessionId
from peerpigeon.core.interface.actions import (
    Action,
    CloseLink,
    ClosePeer,
    Dial,
    DismissPeer,
    PingPeer,
    SendToLink,
    SendToPeers,
    Tell,
)
from peerpigeon.core.interface.events import (
    Event,
    LinkLost,
    LinkOpened,
    LinkReceived,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    Tick,
    VisitorOpened,
)
from peerpigeon.core.interface.spans import Traced
from peerpigeon.core.namespaces.presence import REPUBLICATION_DELAY
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import Carrier, Frame, Routed, Segment
from peerpigeon.core.wire.hub_news import Join
from tests.core.harness import handle
from tests.core.transit import Transit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.core.wire.hub_news import News

Json = dict[str, Any]
End = tuple[int, LinkId]

FIRST = PeerId("1" * 40)
SECOND = PeerId("2" * 40)
THIRD = PeerId("3" * 40)

EPOCH = 1000.0
LATER = 2**62
"""A session of no client, but of the present life of its hub."""

LATE_STREAM = 2**62
"""Beyond the epoch of any stream that a hub opens here itself."""


class Hubs:
    """Hubs by number, the links between them, and what each has said to its clients.

    Time stands still but for ``pass_time``; frames wait until ``run``.
    """

    def __init__(self, *ids: PeerId, **options: Any) -> None:
        self.now = 0.0
        self.ids = ids
        self.hubs: list[Hub] = []
        self.sent: dict[tuple[int, int], list[Json]] = {}
        self.pinged: list[tuple[int, int]] = []
        self.last_ping = 0
        self.closed: dict[tuple[int, int], tuple[int, str]] = {}
        self.notices: list[list[Notice]] = []
        self.spans: list[tuple[int, Traced]] = []
        self.frames: Transit[End, Frame] = Transit()
        self.others: dict[End, End] = {}
        self.dialled: list[str] = []
        self._numbers = 0
        self._streams = 0
        for own in ids:
            config = ServerConfig(is_hub=True, **options)
            self.notices.append([])
            self.hubs.append(Hub(own, config, Random(int(own, 16)), epoch=EPOCH))

    # Hubs

    def add(self, own: PeerId) -> None:
        """Start one more hub now."""
        self.ids = (*self.ids, own)
        self.notices.append([])
        config, rng = ServerConfig(is_hub=True), Random(int(own, 16))
        self.hubs.append(Hub(own, config, rng, epoch=EPOCH, now=self.now))

    def feed(self, number: int, event: Event) -> None:
        self.perform(number, handle(self.hubs[number], event, self.now))

    def perform(self, number: int, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendToPeers():
                    self._send(number, action)
                case PingPeer(session, ping):
                    self.pinged.append((number, session))
                    self.last_ping = max(self.last_ping, ping)
                case ClosePeer(session, code, reason) | DismissPeer(session, code, reason):
                    self.closed[number, session] = (code, reason)
                case SendToLink(link, frame):
                    self.frames.send((number, link), decode(batch([encode(frame)]))[0])
                case CloseLink(link):
                    self.cut((number, link), announce=False)
                case Dial(uri=uri):
                    self.dialled.append(uri)
                case Tell(notice):
                    self.notices[number].append(notice)
                case Traced():
                    self.spans.append((number, action))

    def _send(self, number: int, action: SendToPeers) -> None:
        for session, payload in zip(action.sessions, action.payloads, strict=True):
            self.sent.setdefault((number, session), []).append(json.loads(payload))

    def restart(self, number: int) -> None:
        """Begin a new life of a hub, a thousand seconds later, with the links it had."""
        others = [end for other, end in self.others.items() if other[0] == number]
        for end in others:
            self.cut(end, announce=True)
        own = self.ids[number]
        self.hubs[number] = Hub(own, ServerConfig(is_hub=True), Random(5), epoch=2 * EPOCH)
        for end in others:
            self.link(number, end[0])
        self.run()

    def link(self, one: int, other: int) -> End:
        """Open a data channel between two hubs."""
        self._numbers += 2
        ends: tuple[End, End] = (one, LinkId(self._numbers - 1)), (other, LinkId(self._numbers))
        self.others[ends[0]], self.others[ends[1]] = ends[1], ends[0]
        for number, link in ends:
            self.feed(number, LinkOpened(link, Carrier.P2P, 0))
        return ends[0]

    def cut(self, end: End, *, announce: bool = True) -> None:
        """End a link; the other side hears of it, and this one too if it did not ask for it."""
        other = self.others.pop(end, None)
        if other is None:
            return
        del self.others[other]
        self.feed(other[0], LinkLost(other[1], 1006, ""))
        if announce:
            self.feed(end[0], LinkLost(end[1], 1006, ""))

    def run(self) -> None:
        """Pass all frames on until there are none."""
        while self.frames:
            self.receive_next()

    def receive_next(self) -> None:
        """Pass the frame on that was sent first."""
        self._pass_on(*self.frames.receive_next())

    def receive_from(self, end: End) -> None:
        """Pass the next frame on that was sent over a link."""
        self._pass_on(end, self.frames.receive(end))

    def _pass_on(self, end: End, frame: Frame) -> None:
        other = self.others.get(end)
        if other is not None:
            self.feed(other[0], LinkReceived(other[1], frame))

    def inject(self, number: int, news: News, source: PeerId) -> None:
        """Let news come in over one of a hub's links, in a stream newer than the source's own."""
        link = next(end[1] for end in self.others if end[0] == number)
        self._streams += 1
        segment = Segment(LATE_STREAM + self._streams, 0, 0, news)
        routed = Routed(source, int(EPOCH * 1000), self.ids[number], 0, 1, segment)
        self.feed(number, LinkReceived(link, routed))

    def receive(self, number: int, frame: Frame) -> None:
        """Have a frame arrive over one of a hub's links."""
        link = next(end[1] for end in self.others if end[0] == number)
        self.feed(number, LinkReceived(link, frame))

    def lose_frames(self) -> None:
        """Forget the frames that are under way."""
        self.frames.lose_all()

    def pass_time(self, seconds: float) -> None:
        """Let time pass; hubs get their ticks, and frames arrive at once."""
        until = self.now + seconds
        while True:
            due = [(hub.deadline(), number) for number, hub in enumerate(self.hubs)]
            when, number = min((t, n) for t, n in due if t is not None)
            if when > until:
                break
            self.now = max(self.now, when)
            self.feed(number, Tick())
            self.run()
        self.now = until

    # Clients

    def open(self, number: int, peer_id: str, resume_key: str = "") -> tuple[int, int]:
        self._numbers += 1
        session = SessionId(self._numbers)
        self.feed(number, PeerOpened(session, peer_id, "127.0.0.1", resume_key=resume_key))
        return number, self._numbers

    def visit(self, number: int, *topics: str) -> tuple[int, int]:
        """Let a client of y-webrtc connect, and subscribe to topics."""
        visitor = self.visit_as(number, "y-webrtc", "/y-webrtc")
        if topics:
            self.say(visitor, {"type": "subscribe", "topics": topics})
        return visitor

    def publish(self, visitor: tuple[int, int], topic: str, data: object = 1) -> None:
        self.say(visitor, {"type": "publish", "topic": topic, "data": data})

    def visit_as(self, number: int, dialect: str, target: str) -> tuple[int, int]:
        """Let a foreign client connect to a hub."""
        self._numbers += 1
        session = SessionId(self._numbers)
        self.feed(number, VisitorOpened(session, dialect, target, "127.0.0.1"))
        return number, self._numbers

    def say(self, client: tuple[int, int], message: Json) -> None:
        self.feed(client[0], PeerSent(SessionId(client[1]), json.dumps(message)))

    def announce(self, client: tuple[int, int], namespace: str = "net1", **data: object) -> None:
        self.say(client, {"type": "announce", "data": data, "networkName": namespace})

    def join(
        self, number: int, peer_id: str, namespace: str = "net1", resume_key: str = ""
    ) -> tuple[int, int]:
        client = self.open(number, peer_id, resume_key)
        self.announce(client, namespace)
        self.run()
        return client

    def signal(
        self, client: tuple[int, int], target: str, data: object = "x", kind: str = "offer"
    ) -> None:
        message = {"type": kind, "data": data, "targetPeerId": target, "networkName": "net1"}
        self.say(client, message)

    def pong(self, client: tuple[int, int]) -> None:
        self.feed(client[0], PeerPonged(SessionId(client[1]), self.last_ping))

    def lose(self, client: tuple[int, int]) -> None:
        self.feed(client[0], PeerLost(SessionId(client[1]), 1006, ""))

    def take(self, client: tuple[int, int]) -> list[Json]:
        return self.sent.pop(client, [])

    def take_types(self, client: tuple[int, int]) -> list[str]:
        return [message["type"] for message in self.take(client)]


def linked(*ids: PeerId, **options: Any) -> Hubs:
    """Return hubs in a row, each linked to the next, that have come to know each other."""
    hubs = Hubs(*ids, **options)
    for number in range(len(ids) - 1):
        hubs.link(number, number + 1)
    hubs.run()
    hubs.pass_time(3.0)
    return hubs


def news_under_way(hubs: Hubs) -> list[object]:
    return [
        frame.body.news
        for frame in hubs.frames
        if isinstance(frame, Routed) and isinstance(frame.body, Segment)
    ]


def deliver(hubs: Hubs, number: int, news: News, sender: PeerId = SECOND) -> list[object]:
    """Hand a hub news as if another had sent it, and return its answers."""
    hubs.inject(number, news, sender)
    return news_under_way(hubs)


def told_again(hubs: Hubs, number: int) -> list[list[PeerId]]:
    """Return whom a hub publishes again, if it has been asked to just now."""
    hubs.now += REPUBLICATION_DELAY
    hubs.feed(number, Tick())
    joins = [news for news in news_under_way(hubs) if isinstance(news, Join) and news.again]
    return [[member.peer for member in join.members] for join in joins]
