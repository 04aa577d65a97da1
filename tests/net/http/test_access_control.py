"""Access control of a port: which requests are answered, and which may open a WebSocket."""

from __future__ import annotations

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.net.http.access_control import AccessControl
from peerpigeon.net.http.arrivals import AT_ONCE
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.opening_handshake import UpgradeRequest
from peerpigeon.net.http.request import Request
from peerpigeon.net.http.response import HandshakeError
from tests.net.raw import logged

ASKED = Request("GET", "/", (1, 1), (("host", "here"),))
SOMEBODY = "192.0.2.1"
PROXY = "192.0.2.9"


def open_socket(*_: object) -> None:
    """Take a WebSocket over."""


def access(
    *, host: str = "here", origin: str | None = None, proxies: tuple[str, ...] = ()
) -> AccessControl:
    return AccessControl(
        lambda _: open_socket,
        lambda _: Audience.EVERYBODY,
        admits_host=lambda header: header == host,
        admits_origin=lambda asked, _: asked == origin,
        forwarded=Forwarded(ServerConfig(trusted_proxies=proxies).trusted_networks),
    )


def upgrade(origin: str | None = None) -> UpgradeRequest:
    return UpgradeRequest("/", "", "here", origin, "key")


def test_a_host_that_is_not_served_is_refused() -> None:
    access().admit(ASKED, SOMEBODY, SOMEBODY, 0.0)
    with pytest.raises(HandshakeError) as caught:
        access(host="elsewhere").admit(ASKED, SOMEBODY, SOMEBODY, 0.0)
    assert caught.value.status == 421
    assert caught.value.details == {"host": "here"}


def test_who_asks_too_often_is_refused_until_later() -> None:
    control = access()
    for _ in range(AT_ONCE):
        control.admit(ASKED, SOMEBODY, SOMEBODY, 0.0)
    with pytest.raises(HandshakeError) as caught:
        control.admit(ASKED, SOMEBODY, SOMEBODY, 0.0)
    assert caught.value.status == 429
    control.admit(ASKED, "192.0.2.2", "192.0.2.2", 0.0)
    control.admit(ASKED, SOMEBODY, SOMEBODY, 1.0)


def test_a_proxy_is_not_counted_for_itself_but_those_behind_it_are() -> None:
    control = access(proxies=(PROXY,))
    for _ in range(2 * AT_ONCE):
        control.admit(ASKED, PROXY, PROXY, 0.0)
    for _ in range(AT_ONCE):
        control.admit(ASKED, SOMEBODY, PROXY, 0.0)
    with pytest.raises(HandshakeError):
        control.admit(ASKED, SOMEBODY, PROXY, 0.0)


def test_a_page_of_another_origin_opens_no_websocket() -> None:
    control = access(origin="https://ours")
    assert control.opener_for(upgrade("https://ours")) is open_socket
    with pytest.raises(HandshakeError) as caught:
        control.opener_for(upgrade("https://theirs"))
    assert caught.value.status == 403


def test_refusals_are_counted_by_status_and_logged_if_they_say_so() -> None:
    control = access()
    with logged("peerpigeon.net.seldom") as lines:
        control.note_refusal(HandshakeError(403, "no"), SOMEBODY)
        control.note_refusal(HandshakeError(403, "never", log=""), SOMEBODY)
        control.note_refusal(HandshakeError(503, "not now", log=""), SOMEBODY)
    assert control.refusals == {403: 2, 503: 1}
    assert len(lines) == 1
    assert "a request was refused (403): no" in lines[0]
