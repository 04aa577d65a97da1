"""A server that speaks TLS by itself, and hubs that dial each other over it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import pytest
from cryptography import x509

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.interface.notices import BootstrapDisconnected
from peerpigeon.net import watched_files
from tests.net.client import A, B, Client, running
from tests.net.hubs import eventually, hub
from tests.net.tls.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def joined(server: PeerPigeonServer, authority: Authority, peer_id: str) -> Client:
    session = aiohttp.ClientSession()
    socket = await session.ws_connect(
        f"https://127.0.0.1:{server.port}/?peerId={peer_id}", ssl=authority.client_context
    )
    client = Client(session, socket)
    assert (await client.next())["type"] == "connected"
    await client.announce()
    return client


async def serial(server: PeerPigeonServer, authority: Authority) -> int:
    """Return the number of the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=authority.client_context
    )
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(shown).serial_number


async def test_clients_meet_over_tls(authority: Authority) -> None:
    async with running(**authority.issue("127.0.0.1").options()) as server:
        async with (
            await joined(server, authority, A) as a,
            await joined(server, authority, B) as b,
        ):
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
            await b.signal(A, data="x" * 200_000)
            assert (await a.until("offer"))["data"] == "x" * 200_000
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"https://127.0.0.1:{server.port}/health", ssl=authority.client_context
            ) as answer,
        ):
            assert answer.status == 200


@pytest.mark.parametrize("asks", [False, True])
async def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_stay(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, asks: bool
) -> None:
    if not asks:
        monkeypatch.setattr(watched_files, "LOOK_EVERY", 0.01)
    async with running(**authority.issue("127.0.0.1").options()) as server:
        async with await joined(server, authority, A) as client:
            assert await serial(server, authority) == 2
            authority.issue("127.0.0.1")
            if asks:
                server.reload()
            async with asyncio.timeout(10):
                while await serial(server, authority) == 2:
                    pass
            assert await serial(server, authority) == 3
            await client.before_pong()


async def test_a_broken_certificate_is_refused_with_a_line_and_the_old_one_stays(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    pair = authority.issue("127.0.0.1")
    async with running(**pair.options()) as server:
        pair.break_key()
        server.reload()
        await eventually(lambda: "TLS goes on with the certificate as it was" in caplog.text)
        assert await serial(server, authority) == 2


async def test_files_that_cannot_be_used_are_said_at_the_start(
    authority: Authority, tmp_path: Path
) -> None:
    options = authority.issue("127.0.0.1").options() | {"tls_key": str(tmp_path / "none.key")}
    server = PeerPigeonServer(host="127.0.0.1", port=0, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"tls_key is .*none\.key"):
        await server.start()
    with pytest.raises(ConfigError, match=r"hub_ca is .*none\.pem"):
        await PeerPigeonServer(port=0, hub_ca=str(tmp_path / "none.pem")).start()


# Between hubs


def secure(server: PeerPigeonServer, host: str = "127.0.0.1") -> str:
    return f"wss://{host}:{server.port}"


async def test_hubs_link_over_tls_with_an_authority_of_their_own(authority: Authority) -> None:
    options = authority.issue("127.0.0.1").options() | {"hub_ca": authority.path}
    async with hub(**options) as (first, _), hub(secure(first), **options) as (second, _):
        await eventually(lambda: len(second.get_connected_hubs()) == 1)
        await eventually(lambda: len(first.get_connected_hubs()) == 1)
        # What it tells others of itself is an address by which it can be dialled.
        known = {each.peer_id: each for each in second.get_topology().hubs}
        assert known[first.hub_peer_id].addresses == (secure(first),)
        async with hub(secure(second), **options) as (third, _):
            await eventually(lambda: len(third.get_connected_hubs()) == 2)


@pytest.mark.parametrize(
    ("name", "is_signed", "reason"),
    [
        (
            "127.0.0.1",
            False,
            "its certificate is refused: unable to get local issuer certificate; if a CA of your"
            " own has signed it, name that with hub_ca (HUB_CA)",
        ),
        (
            "192.0.2.1",
            True,
            "its certificate is refused: IP address mismatch, certificate is not valid for"
            " '127.0.0.1'.",
        ),
    ],
)
async def test_a_hub_whose_certificate_is_wrong_is_not_linked(
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    is_signed: bool,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO)
    other = Authority(tmp_path, "another authority")
    options = authority.issue(name).options()
    trusted = authority if is_signed else other
    async with hub(**options) as (first, _):
        async with hub(secure(first), hub_ca=trusted.path) as (second, told):
            failed = await told.until(BootstrapDisconnected)
            assert failed.reason == f"127.0.0.1: {reason}"
            assert second.get_connected_hubs() == []
