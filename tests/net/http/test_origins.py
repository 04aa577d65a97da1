"""Which pages may connect: those that are named, and the server's own, under whatever name."""

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.net.http.origins import Origins

LISTED = "https://app.example"


def origins(**options: str) -> Origins:
    return Origins(ServerConfig.from_environment({}, {"cors_origin": LISTED, **options}))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (LISTED, "hub.example"),
        (None, "hub.example"),  # no browser
        ("http://localhost:3000", "localhost:3000"),
        ("http://localhost", "localhost"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
        ("http://[::1]:3000", "[::1]:3000"),
        ("https://192.0.2.1", "192.0.2.1:443"),
        ("http://hub.lan:3000", "HUB.lan:3000"),
    ],
)
def test_pages_that_may_connect(origin: str | None, host: str) -> None:
    assert origins(host="hub.lan", demo="true").admits(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "localhost:3000"),
        ("http://localhost:8080", "localhost:3000"),
        ("http://127.0.0.1:3000", "localhost:3000"),
        ("http://192.0.2.1:8080", "192.0.2.1:3000"),
        ("null", "null"),
        ("", ""),
        ("ftp://localhost", "localhost"),
        ("http://localhost:3000", "nonsense:port"),
    ],
)
def test_pages_of_others_may_not(origin: str, host: str) -> None:
    assert not origins(demo="true").admits(origin, host)


def test_a_name_that_only_the_request_has_proves_nothing() -> None:
    """DNS rebinding: the page of evil.example is served elsewhere, and then its name leads here."""
    assert not origins(demo="true").admits("http://evil.example:3000", "evil.example:3000")


def test_a_page_behind_a_proxy_is_ours_at_the_address_that_is_advertised() -> None:
    behind = origins(advertise="wss://Hub1.example/signal,ws://10.0.0.2:3000", demo="true")
    assert behind.admits("https://hub1.example", "127.0.0.1:3000")
    assert behind.admits("http://10.0.0.2:3000", "127.0.0.1:3000")
    assert not behind.admits("http://hub1.example", "127.0.0.1:3000")


def test_where_there_are_no_pages_none_is_ours() -> None:
    without = origins(advertise="wss://hub1.example", demo="false")
    assert not without.admits("https://hub1.example", "hub1.example")
    assert not without.admits("http://localhost:3000", "localhost:3000")


def test_a_name_that_browsers_spell_otherwise_is_no_page_of_ours() -> None:
    """Hubs may be dialled by a name that is not in ASCII; a page is loaded by its ASCII form."""
    behind = origins(advertise="wss://b\u00fccher.example", demo="true")
    assert not behind.admits("https://b\u00fccher.example", "b\u00fccher.example")
