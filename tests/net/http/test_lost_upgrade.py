"""A WebSocket's request of which a proxy has taken off what makes it one: told, not served."""

import pytest

from peerpigeon.net.http.lost_upgrade import check_upgrade
from peerpigeon.net.http.request import parse_request
from peerpigeon.net.http.response import HandshakeError
from tests.net.raw import RawClient, logged, on_every_loop, serving, upgrade


def check(data: bytes) -> None:
    check_upgrade(parse_request(data.removesuffix(b"\r\n\r\n")))


def is_lost(data: bytes) -> bool:
    try:
        check(data)
    except HandshakeError as error:
        names = {name for name, _ in error.headers}
        return error.status == 426 and {"Upgrade", "Connection"} <= names
    return False


@pytest.mark.parametrize(
    "value", ["upgrade", "Upgrade", "keep-alive, Upgrade", "Upgrade,keep-alive"]
)
def test_connection_is_a_list_in_any_case(value: str) -> None:
    assert not is_lost(upgrade(f"Connection: {value}", leave_out="Connection"))


def test_lists_may_stand_in_several_headers() -> None:
    check(upgrade("Connection: Upgrade", "Connection: close", leave_out="Connection"))


@pytest.mark.parametrize(
    "data",
    [
        upgrade(leave_out="Upgrade"),
        upgrade(leave_out="Connection"),
        upgrade("Connection: keep-alive", leave_out="Connection"),
        upgrade("Connection: upgraded", leave_out="Connection"),
        upgrade("Upgrade: h2c", leave_out="Upgrade"),
        upgrade(target="/", leave_out="Upgrade"),  # it has a key
        # nginx as it is without a word about WebSockets
        b"GET /?peerId=abc HTTP/1.0\r\nHost: hub\r\nConnection: close\r\n\r\n",
        b"HEAD /any/path?a=b&peerId=abc HTTP/1.1\r\nHost: hub\r\n\r\n",
    ],
)
def test_what_asks_for_a_websocket_and_cannot_open_one_is_told_so(data: bytes) -> None:
    """RFC 9110, section 15.5.22."""
    assert is_lost(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"GET /health?peerId= HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"OPTIONS /?peerId=abc HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"POST /?peerId=abc HTTP/1.1\r\nHost: hub\r\n\r\n",
        upgrade(),
    ],
)
def test_all_others_are_let_pass(data: bytes) -> None:
    assert not is_lost(data)


@on_every_loop
async def test_a_proxy_that_takes_the_upgrade_off_is_told_of_in_the_answer_and_in_the_log() -> None:
    with logged("peerpigeon.net.seldom") as lines:
        async with serving() as served:
            for _ in range(3):
                async with await RawClient.connect(served.port) as client:
                    await client.send(upgrade(leave_out="Upgrade"))
                    answer = (await client.rest()).decode()
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 426 Upgrade Required\r\n")
    assert "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" in head
    assert "proxy_set_header Upgrade $http_upgrade;" in body
    assert f"\r\nContent-Length: {len(body)}" in head
    [line] = lines
    assert line.startswith("a request for a WebSocket came without its headers Upgrade")
    assert line.endswith("a proxy on the way has to pass them on  address=127.0.0.1")
