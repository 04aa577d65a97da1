"""The sockets of clients: what the hub is told of them, and what it has them do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import (
    ClosePeer,
    DismissPeer,
    PassOn,
    PausePeer,
    PingPeer,
    SendToPeers,
)
from peerpigeon.core.interface.events import (
    Event,
    PeerLost,
    PeerOpened,
    PeerSent,
    PingSent,
    VisitorOpened,
)
from peerpigeon.core.interface.pings import ping_payload
from peerpigeon.core.interface.reading import MUCH_UNREAD, ReadProgress
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.client_sockets import ClientSockets
from peerpigeon.net.http.opening_handshake import UpgradeRequest
from peerpigeon.net.memory import Holders
from peerpigeon.net.seldom import SeldomWarnings
from tests.net.client import A

if TYPE_CHECKING:
    from peerpigeon.net.websocket.peer_socket import PeerSocket

REQUEST = UpgradeRequest("/", f"peerId={A}", "localhost", None, "key")


class Sink:
    """A socket that remembers what it was to do."""

    address = "192.0.2.1"
    is_open = True
    sent = 0
    progress: ReadProgress | None = None

    def __init__(self) -> None:
        self.session = SessionId(0)
        self.done: list[tuple[Any, ...]] = []

    def ping(self, payload: bytes) -> None:
        self.done.append(("ping", payload))

    def halt(self) -> None:
        self.done.append(("halt",))

    def dismiss(self, code: int, reason: str) -> None:
        self.done.append(("dismiss", code, reason))

    def close(self, code: int, reason: str) -> None:
        self.done.append(("close", code, reason))


class Bench:
    """The sockets of clients, and all that the hub would have been told."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        warnings = SeldomWarnings()
        holders = Holders(MemoryAccount(1 << 20), warnings)
        feed, feed_all = self.told.append, self.told.extend
        self.clients = ClientSockets(feed, feed_all, ServerConfig(), holders, warnings)

    def open(self, request: UpgradeRequest = REQUEST) -> Sink:
        sink = Sink()
        self.clients.socket_opened(cast("PeerSocket", sink), request)
        return sink

    def ended(self, sink: Sink) -> None:
        self.clients.socket_closed(cast("PeerSocket", sink), 1006, "")


async def test_each_socket_gets_a_session_of_its_own_and_the_hub_is_told() -> None:
    bench = Bench()
    one, other = bench.open(), bench.open()
    assert one.session != other.session
    assert bench.told == [PeerOpened(each.session, A, each.address) for each in (one, other)]


async def test_a_foreign_client_comes_with_its_dialect_and_target() -> None:
    bench = Bench()
    sink = bench.open(UpgradeRequest("/x", "a=b", "localhost", None, "key", dialect="peerjs"))
    assert bench.told == [VisitorOpened(sink.session, "peerjs", "/x?a=b", sink.address, None)]


async def test_the_end_of_a_socket_is_told_once_and_not_if_the_hub_has_closed_it() -> None:
    bench = Bench()
    lost, closed = bench.open(), bench.open()
    bench.told.clear()
    bench.ended(lost)
    bench.ended(lost)
    bench.clients.perform(ClosePeer(closed.session, 1008, "because"))
    bench.ended(closed)
    assert bench.told == [PeerLost(lost.session, 1006, "")]
    assert closed.done == [("close", 1008, "because")]


async def test_nothing_is_done_to_a_socket_that_has_ended() -> None:
    bench = Bench()
    sink = bench.open()
    bench.ended(sink)
    bench.clients.perform(PingPeer(sink.session, 1))
    bench.clients.perform(ClosePeer(sink.session, 1008, "because"))
    bench.clients.send(SendToPeers((sink.session,), (b"text",)))
    assert sink.done == []


async def test_a_socket_that_is_dismissed_is_still_heard() -> None:
    bench = Bench()
    sink = bench.open()
    bench.clients.perform(PausePeer(sink.session))
    bench.clients.perform(DismissPeer(sink.session, 1012, "over"))
    bench.told.clear()
    bench.clients.sockets_received([(cast("PeerSocket", sink), "last")])
    bench.ended(sink)
    assert sink.done == [("halt",), ("dismiss", 1012, "over")]
    assert bench.told == [PeerSent(sink.session, "last"), PeerLost(sink.session, 1006, "")]


async def test_the_hub_is_told_of_a_ping_behind_much_that_is_not_read() -> None:
    bench = Bench()
    sink = bench.open()
    sink.sent = MUCH_UNREAD + 1
    bench.told.clear()
    bench.clients.perform(PingPeer(sink.session, 7))
    assert sink.done == [("ping", ping_payload(7))]
    assert bench.told == [], "it is one of several actions of the hub"
    await asyncio.sleep(0)
    assert bench.told == [PingSent(sink.session, 7, MUCH_UNREAD + 1)]


async def test_when_all_are_closed_none_is_left_to_be_told_of_another() -> None:
    bench = Bench()
    one, other = bench.open(), bench.open()
    bench.told.clear()

    def feed(event: Event) -> None:
        bench.told.append(event)
        bench.clients.perform(DismissPeer(other.session, 1000, "news"))

    bench.clients._feed = feed
    bench.clients.give_up_all(1001, "stopping")
    assert bench.told == [PeerLost(each.session, 1001, "stopping") for each in (one, other)]
    assert one.done == other.done == [("close", 1001, "stopping")]


async def test_who_cannot_be_passed_on_is_served_here_in_a_new_session() -> None:
    bench = Bench()
    sink = bench.open()
    former, opened = sink.session, cast("PeerOpened", bench.told.pop())
    bench.clients.perform(PassOn(opened, 1, ["announce"]))
    await asyncio.sleep(0)
    lost, again, said = bench.told
    assert isinstance(lost, PeerLost)
    assert lost.session == former
    assert again == PeerOpened(sink.session, A, sink.address)
    assert said == PeerSent(sink.session, "announce")
    assert sink.session != former
