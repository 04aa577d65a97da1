"""What load balancers and orchestrators ask: ``/live`` and ``/ready``; and ``/limits``."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.serving import Serving
from peerpigeon.net.http.pages.limits import limits
from peerpigeon.net.http.pages.ready import status_of
from tests.net.client import A, get, join, running


async def test_a_server_is_live_and_ready() -> None:
    async with running(show_details=False) as server:
        for path, status in (("/live", "live"), ("/ready", "ready")):
            answer = await get(server, path)
            assert (answer.status, answer.json()) == (200, {"status": status})
            assert (await get(server, path, method="HEAD")).status == 200


async def test_a_hub_is_live_and_not_ready_until_it_has_found_the_others() -> None:
    async with running(is_hub=True, webrtc_engine="none") as first:
        address = f"ws://127.0.0.1:{first.port}"
        async with running(is_hub=True, auto_connect=False, webrtc_engine="none") as free:
            nobody = f"ws://127.0.0.1:{free.port}"
        async with running(
            is_hub=True, bootstrap_hubs=(nobody,), webrtc_engine="none", show_details=True
        ) as hub:
            assert (await get(hub, "/live")).status == 200
            answer = await get(hub, "/ready")
            assert (answer.status, answer.json()) == (503, {"status": "starting"})
            async with await join(hub, A) as client:
                await client.before_pong()  # a client that comes all the same is served
            hub.connect_to_hub(address)
            async with asyncio.timeout(10):
                while (await get(hub, "/ready")).status != HTTPStatus.OK:
                    pass
            # By WebSockets alone a mesh serves, and is never `ready` as the npm package means it.
            assert (await get(hub, "/health")).json()["hubMesh"]["ready"] is False


@pytest.mark.parametrize("serving", list(Serving))
def test_only_a_ready_server_is_ok(serving: Serving) -> None:
    assert status_of(serving) == (200 if serving == "ready" else 503)


async def test_a_server_says_what_a_client_may_do() -> None:
    async with running(show_details=False, max_message_size=20_000) as server:
        answer = await get(server, "/limits")
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert answer.json() == {
            "features": {"hub": False, "iceServers": False, "resumeKeys": True, "tokens": "none"},
            "limits": {
                "messageSize": 20_000,
                "announceSize": 16384,
                "namespaceLength": 128,
                "introductions": 128,
                "signalLifetime": 10.0,
                "pingInterval": 30.0,
                "peerTimeout": 300.0,
            },
        }


@pytest.mark.parametrize(
    ("access", "expected"), [((), "required"), (("lobby=open", "*=token"), "optional")]
)
def test_whether_a_token_is_needed_is_said(access: tuple[str, ...], expected: str) -> None:
    config = ServerConfig(token_keys="keys.json", namespace_access=access)
    assert limits(config)["features"]["tokens"] == expected
