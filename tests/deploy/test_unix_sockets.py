"""A server at a Unix socket behind nginx, with the configuration of ``deploy/``."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon import PeerPigeonServer
from tests.deploy.certificates import certificate_for
from tests.deploy.proxies import KINDS, NAME, proxy
from tests.net.client import A, B, Client
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.proxy, pytest.mark.slow]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder for all: the workers of nginx are another user's if root has started it."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # noqa: S103
        yield Path(name)


async def test_nginx_passes_clients_to_a_unix_socket_and_says_where_they_are(
    tmp_path: Path, open_folder: Path
) -> None:
    certificate = certificate_for(NAME, tmp_path)
    trust = ssl.create_default_context(cafile=str(certificate.authority))
    path = str(open_folder / "hub.sock")
    server = PeerPigeonServer(uds=path, trusted_proxies=("unix:",))
    with reserved_port() as port:
        async with server, proxy(KINDS["nginx"], port, [f"unix:{path}"] * 3, certificate, tmp_path):
            os.chmod(path, 0o666)  # noqa: S103 - they are in no group of ours
            clients = []
            for peer_id in (A, B):
                session = aiohttp.ClientSession()
                socket = await session.ws_connect(
                    f"https://127.0.0.1:{port}/?peerId={peer_id}",
                    ssl=trust,
                    server_hostname=NAME,
                    headers={"Host": NAME},
                )
                clients.append(Client(session, socket))
                assert (await clients[-1].next())["type"] == "connected"
                await clients[-1].announce()
            assert (await clients[0].until("peer-discovered"))["data"]["peerId"] == B
            assert {record.address for record in server.get_peers()} == {"127.0.0.1"}
            async with (
                aiohttp.ClientSession() as session,
                session.get(
                    f"https://127.0.0.1:{port}/health",
                    ssl=trust,
                    server_hostname=NAME,
                    headers={"Host": NAME},
                ) as answer,
            ):
                assert answer.status == 200
                assert "connections" not in await answer.json()  # who asks is no insider
            for client in clients:
                await client.close()
