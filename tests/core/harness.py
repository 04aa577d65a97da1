"""A hub on a desk: sockets are numbers, time is a literal, and all it says is kept."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import (
    Action,
    ClosePeer,
    DismissPeer,
    PausePeer,
    PingPeer,
    ResumePeer,
    SendToPeers,
    Tell,
    Warn,
)
from peerpigeon.core.interface.events import (
    ClockSet,
    Event,
    PeerLost,
    PeerOpened,
    PeerPonged,
    PeerSent,
    Permits,
    Tick,
    VisitorOpened,
)

if TYPE_CHECKING:
    from peerpigeon.core.interface.notices import Notice

Json = dict[str, Any]

A = PeerId("a" * 40)
B = PeerId("b" * 40)
C = PeerId("c" * 40)
D = PeerId("d" * 40)
HUB = PeerId("0123456789" * 4)

EPOCH = 1_795_338_000.0


def handle(hub: Hub, event: Event, now: float) -> list[Action]:
    """Let a hub handle an event, and see that it still knows when something is due.

    It does not look for that anew after each message, but after each time that the clock is set,
    and after most messages it need not be asked.
    """
    before = hub.deadline()
    actions = hub.handle(event, now)
    is_known = hub.is_deadline_known
    known = hub.deadline()
    assert known == before or not is_known, f"nobody would ask when something is due since {event}"
    hub.take(ClockSet(hub.epoch), now)
    assert known == hub.deadline(), f"something is due at another time since {event}"
    return actions


class Desk:
    """One hub and what it has said to each session."""

    def __init__(self, config: ServerConfig | None = None, seed: int = 1) -> None:
        self.hub = Hub(HUB, config or ServerConfig(), Random(seed), epoch=EPOCH)
        self.sent: dict[int, list[Json]] = {}
        self.pinged: list[int] = []
        self.paused: set[int] = set()
        self.last_ping = 0
        self.closed: dict[int, tuple[int, str]] = {}
        self.notices: list[Notice] = []
        self.warned: list[Warn] = []
        self._sessions = 0

    def feed(self, event: Event, now: float = 0.0) -> list[Action]:
        actions = handle(self.hub, event, now)
        for action in actions:
            match action:
                case SendToPeers():
                    for session, payload in zip(action.sessions, action.payloads, strict=True):
                        self.sent.setdefault(session, []).append(json.loads(payload))
                case PingPeer(session, number):
                    self.pinged.append(session)
                    self.last_ping = number
                case PausePeer(session):
                    assert session not in self.paused
                    self.paused.add(session)
                case ResumePeer(session):
                    self.paused.remove(session)
                case ClosePeer(session, code, reason) | DismissPeer(session, code, reason):
                    self.paused.discard(session)
                    self.closed[session] = (code, reason)
                case Tell(notice):
                    self.notices.append(notice)
                case Warn():
                    self.warned.append(action)
        return actions

    def open(
        self,
        peer_id: str,
        now: float = 0.0,
        address: str = "127.0.0.1",
        permits: Permits | None = None,
        *,
        is_page: bool = False,
        resume_key: str = "",
    ) -> SessionId:
        self._sessions += 1
        session = SessionId(self._sessions)
        self.feed(PeerOpened(session, peer_id, address, permits, is_page, resume_key), now)
        return session

    def visit(
        self,
        target: str = "/y-webrtc",
        now: float = 0.0,
        address: str = "127.0.0.1",
        permits: Permits | None = None,
        *,
        dialect: str = "y-webrtc",
    ) -> SessionId:
        """Let a foreign client connect."""
        self._sessions += 1
        session = SessionId(self._sessions)
        self.feed(VisitorOpened(session, dialect, target, address, permits), now)
        return session

    def say(self, session: SessionId, message: object, now: float = 0.0) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.feed(PeerSent(session, text), now)

    def announce(
        self, session: SessionId, namespace: str | None = "net1", now: float = 0.0, **data: object
    ) -> None:
        message: Json = {"type": "announce", "data": data, "maxPeers": 3}
        if namespace is not None:
            message["networkName"] = namespace
        self.say(session, message, now)

    def join(
        self,
        peer_id: str,
        namespace: str = "net1",
        now: float = 0.0,
        address: str = "127.0.0.1",
        resume_key: str = "",
    ) -> SessionId:
        session = self.open(peer_id, now, address, resume_key=resume_key)
        self.announce(session, namespace, now)
        return session

    def signal(
        self,
        session: SessionId,
        target: str,
        kind: str = "offer",
        namespace: str | None = "net1",
        data: object = "x",
        now: float = 0.0,
    ) -> None:
        message: Json = {"type": kind, "data": data, "maxPeers": 3, "targetPeerId": target}
        if namespace is not None:
            message["networkName"] = namespace
        self.say(session, message, now)

    def pong(self, session: SessionId, now: float = 0.0, number: int | None = None) -> None:
        """Answer all pings, or those up to a number."""
        self.feed(PeerPonged(session, self.last_ping if number is None else number), now)

    def lose(self, session: SessionId, now: float = 0.0, code: int = 1006) -> None:
        self.feed(PeerLost(session, code, ""), now)

    def tick(self, now: float) -> None:
        self.feed(Tick(), now)

    def take(self, session: SessionId) -> list[Json]:
        """Return what a session was sent since the last call."""
        return self.sent.pop(session, [])

    def take_types(self, session: SessionId) -> list[str]:
        return [message["type"] for message in self.take(session)]

    def clear(self) -> None:
        """Forget what was said so far."""
        self.sent.clear()
        self.notices.clear()
