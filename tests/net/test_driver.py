"""What a driver does with what it is told, without a network: the sockets keep what they get."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any, cast

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.wire import client_messages
from peerpigeon.net.driver import Driver
from peerpigeon.net.http.request import UpgradeRequest
from tests.net.client import A, B, C

if TYPE_CHECKING:
    import pytest

    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.net.websocket.connection import PeerSocket


class Sink:
    """A socket as a driver sees it."""

    address = "127.0.0.1"

    def __init__(self) -> None:
        self.session = SessionId(0)
        self.sent: list[Any] = []
        self.closed: list[tuple[int, str]] = []

    def send(self, payload: bytes) -> None:
        self.sent.append(json.loads(payload))

    def send_all(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            self.send(payload)

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
        driver.socket_opened(cast("PeerSocket", sink), request)
    driver.sockets_received([said(sink, type="announce", data={}) for sink in sinks])
    for sink in sinks:
        sink.sent.clear()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("our fault")

    monkeypatch.setattr(client_messages, "encode_pong", fail)
    a, b, c = sinks
    offer = {"type": "offer", "data": {"sdp": "v=0"}, "targetPeerId": C}
    driver.sockets_received([said(a, **offer), said(b, type="ping"), said(a, **offer)])
    driver.close()
    assert b.closed == [(1011, "internal error")]
    assert "our fault" in caplog.text
    assert [message["type"] for message in c.sent] == ["offer", "peer-disconnected", "offer"]
    assert (a.closed, c.closed) == ([], [])
