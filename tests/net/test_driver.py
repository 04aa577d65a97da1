"""What a driver does with what it is told, without a network: the sockets keep what they get."""

from __future__ import annotations

import asyncio
import json
import logging
from random import Random
from typing import TYPE_CHECKING, Any, cast

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, PeerId, SessionId
from peerpigeon.core.interface.actions import CloseLink, PingPeer
from peerpigeon.core.interface.events import Event, Tick
from peerpigeon.core.interface.pings import ping_number
from peerpigeon.core.interface.reading import ReadProgress
from peerpigeon.core.wire import client_messages
from peerpigeon.net.driver import REST, Driver
from peerpigeon.net.faults import FaultLog
from peerpigeon.net.http.opening_handshake import UpgradeRequest
from peerpigeon.net.seldom import INTERVAL
from tests.net.client import A, B, C

if TYPE_CHECKING:
    import pytest

    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.net.websocket.peer_socket import PeerSocket


class Sink:
    """A socket as a driver sees it."""

    address = "127.0.0.1"

    def __init__(self) -> None:
        self.session = SessionId(0)
        self.told: list[Any] = []
        self.sent = 0
        self.closed: list[tuple[int, str]] = []
        self.pinged: list[int | None] = []
        self.progress = ReadProgress()

    def ping(self, payload: bytes) -> None:
        self.pinged.append(ping_number(payload))

    @property
    def protocol(self) -> Sink:
        return self

    def send_parts(self, parts: tuple[bytes, ...], payload: bytes) -> bool:
        assert b"".join(parts).endswith(payload)
        self.told.append(json.loads(payload))
        return False

    def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def said(sink: Sink, **message: object) -> tuple[PeerSocket, str]:
    return cast("PeerSocket", sink), json.dumps({"networkName": "n"} | message)


async def test_a_fault_of_ours_costs_one_connection_of_those_that_spoke_in_one_turn(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices: list[Notice] = []
    driver = Driver(
        Hub(PeerId("f" * 40), ServerConfig(), Random(1)), ServerConfig(), notices.append
    )
    sinks = [Sink(), Sink(), Sink()]
    for sink, peer_id in zip(sinks, (A, B, C), strict=True):
        request = UpgradeRequest("/", f"peerId={peer_id}", "localhost", None, "key")
        driver.clients.socket_opened(cast("PeerSocket", sink), request)
    driver.clients.sockets_received([said(sink, type="announce", data={}) for sink in sinks])
    for sink in sinks:
        sink.told.clear()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("our fault")

    monkeypatch.setattr(client_messages, "encode_pong", fail)
    a, b, c = sinks
    offer = {"type": "offer", "data": {"sdp": "v=0"}, "targetPeerId": C}
    driver.clients.sockets_received([said(a, **offer), said(b, type="ping"), said(a, **offer)])
    driver.close()
    assert b.closed == [(1011, "internal error")]
    assert "our fault" in caplog.text
    assert [message["type"] for message in c.told] == ["offer", "peer-disconnected", "offer"]
    assert (a.closed, c.closed) == ([], [])


class Faulty(Hub):
    """A hub whose ticks fail when they are to, after it has asked for something."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_broken = False
        self.ticks = 0
        self.ticked_again = asyncio.Event()

    def take(self, event: Event, now: float) -> None:
        if isinstance(event, Tick) and self.is_broken:
            if self.ticks:
                self.ticked_again.set()
            self.ticks += 1
            self._effects.act(PingPeer(SessionId(1), 7))
            raise ZeroDivisionError("our fault")
        super().take(event, now)

    def deadline(self) -> float | None:
        return 0.0 if self.is_broken else super().deadline()


def faulty() -> tuple[Driver, Faulty, Sink]:
    hub = Faulty(PeerId("f" * 40), ServerConfig(), Random(1))
    driver = Driver(hub, ServerConfig(), lambda _: None)
    sink = Sink()
    request = UpgradeRequest("/", f"peerId={A}", "localhost", None, "key")
    driver.clients.socket_opened(cast("PeerSocket", sink), request)
    return driver, hub, sink


async def test_a_fault_in_a_tick_is_followed_by_another_tick_but_not_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver, hub, sink = faulty()
    hub.is_broken = True
    began = driver._time()
    driver.start()
    assert sink.pinged == [7], "what was asked for before the fault is done"
    for _ in range(1000):
        await asyncio.sleep(0)
    assert hub.ticks == 1 or driver._time() - began > REST
    async with asyncio.timeout(30):
        await hub.ticked_again.wait()
    assert driver._time() - began > REST * 0.9
    driver.close()
    assert caplog.text.count("Traceback") == 1, "each kind of fault is told once a minute"


async def test_a_fault_in_one_action_does_not_keep_the_others_from_being_done(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, _, sink = faulty()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("our fault")

    monkeypatch.setattr(driver.carriers, "perform", fail)
    driver.perform([CloseLink(LinkId(9), 1000, ""), PingPeer(SessionId(1), 3)])
    driver.close()
    assert sink.pinged == [3]
    assert "internal error while performing CloseLink" in caplog.text


def test_a_fault_that_comes_again_is_counted_and_told_with_the_next_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = FaultLog(logging.getLogger("faults"))
    for now in (0.0, 1.0, 2.0):
        log.add("handling Tick", ValueError("x"), now)
    log.add("handling PeerSent", ValueError("y"), 2.0)
    log.add("handling Tick", ValueError("z"), INTERVAL)
    assert [record.getMessage() for record in caplog.records] == [
        "internal error while handling Tick",
        "internal error while handling PeerSent",
        "internal error while handling Tick (and 2 more since the last such line)",
    ]
