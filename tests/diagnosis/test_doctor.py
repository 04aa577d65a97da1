"""What is wrong on the way to a hub, with real proxies, certificates and TURN servers."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.config import IceServer
from peerpigeon.diagnosis import machine, through_proxy
from peerpigeon.diagnosis.examination import examine
from peerpigeon.diagnosis.finding import Finding, Verdict
from peerpigeon.diagnosis.place import Place
from peerpigeon.diagnosis.trust import trust
from tests.diagnosis.command import free_port, peerpigeon
from tests.diagnosis.nginx import PASSES_ON, nginx
from tests.net.client import running
from tests.net.hubs import eventually, hub, network, uri
from tests.net.tls.authority import Authority
from tests.rtc.turn import turn_server

if TYPE_CHECKING:
    from pathlib import Path


async def findings(
    *urls: str, ca: str | None = None, servers: tuple[IceServer, ...] = (), wait: float = 0.0
) -> dict[str, Finding]:
    """Return what is found, by the check; of several of one kind the last."""
    found: dict[str, Finding] = {}
    async for each in examine([Place.parse(url) for url in urls], servers, trust(ca), wait):
        found[each.check] = each
    return found


def verdicts(found: dict[str, Finding]) -> dict[str, str]:
    return {check: str(each.verdict) for check, each in found.items() if check != "descriptors"}


async def test_all_is_well() -> None:
    async with network(2) as servers:
        await eventually(lambda: all(each.links for each in servers[0].get_topology().hubs))
        found = await findings(uri(servers[0]))
    udp = found.pop("udp")
    assert set(verdicts(found).values()) == {"ok"}
    assert list(found) == ["descriptors", "name", "tcp", "http", "clock", "websocket"]
    assert (udp.verdict, "no data channel" in udp.text) == (Verdict.WARNING, True)
    assert "--udp-ports" in udp.remedy


async def test_a_name_that_is_not_known() -> None:
    found = await findings("ws://nothing.invalid:3000")
    assert verdicts(found) == {"name": "wrong"}
    assert "DNS" in found["name"].remedy


async def test_nobody_listens() -> None:
    found = await findings(f"ws://127.0.0.1:{free_port()}")
    assert verdicts(found) == {"name": "ok", "tcp": "wrong"}
    assert found["tcp"].text == "connection refused"


async def test_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    long = authority.issue("127.0.0.1", file="long", days=90).options()
    short = authority.issue("127.0.0.1", file="short", days=1).options()
    other = authority.issue("hub.example", file="other", days=90).options()
    for options, ca, verdict, said in (
        (long, authority.path, "ok", "certificate for 127.0.0.1, good until"),
        (short, authority.path, "warning", "renew it"),
        (long, None, "wrong", "its certificate is refused"),
        (other, authority.path, "wrong", "not valid for '127.0.0.1'"),
    ):
        async with running(**options) as server:
            found = await findings(f"wss://127.0.0.1:{server.port}", ca=ca)
        assert found["tls"].verdict == verdict
        assert said in found["tls"].line()
        assert ("websocket" in found) is (verdict != "wrong")


@pytest.mark.slow
async def test_no_tls_is_spoken() -> None:
    async with running(handshake_timeout=0.5) as server:
        found = await findings(f"wss://127.0.0.1:{server.port}")
    assert found["tls"].verdict == "wrong"
    assert "ws:// instead" in found["tls"].remedy or "TLS be spoken" in found["tls"].remedy


async def test_a_clock_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = SimpleNamespace(time=lambda: time.time() + 64, monotonic=time.monotonic)
    monkeypatch.setattr(through_proxy, "time", ahead)
    async with running() as server:
        found = await findings(f"ws://127.0.0.1:{server.port}")
    assert found["clock"].verdict == "warning"
    assert "its clock and ours differ by 6" in found["clock"].text


@pytest.mark.parametrize(("limit", "verdict"), [(256, "warning"), (65536, "ok"), (None, "ok")])
def test_descriptors(monkeypatch: pytest.MonkeyPatch, limit: int | None, verdict: str) -> None:
    monkeypatch.setattr(machine, "descriptor_limit", lambda: limit)
    assert machine.check_descriptors().verdict == verdict


@pytest.mark.slow
@pytest.mark.proxy
async def test_a_proxy_that_takes_the_upgrade_off(tmp_path: Path) -> None:
    async with running(host="127.0.0.1") as server, nginx(server.port, tmp_path, "") as address:
        found = await findings(address)
    assert found["http"].verdict == "ok"
    assert found["websocket"].verdict == "wrong"
    assert "Upgrade is taken off on the way" in found["websocket"].text
    assert "proxy_set_header Upgrade $http_upgrade" in found["websocket"].remedy
    assert found["path"].verdict == "ok"


@pytest.mark.slow
@pytest.mark.proxy
async def test_a_proxy_that_cuts_idle_sockets(tmp_path: Path) -> None:
    async with running(cleanup_interval=30.0) as server:
        options = f"{PASSES_ON} proxy_read_timeout 1s;"
        async with nginx(server.port, tmp_path, options) as address:
            found = await findings(address, wait=10.0)
    assert found["websocket"].verdict == "ok"
    assert found["idle"].verdict == "wrong"
    assert "is cut after" in found["idle"].text
    assert "--cleanup-interval" in found["idle"].remedy


@pytest.mark.slow
@pytest.mark.proxy
async def test_pings_keep_a_socket_open_behind_a_proxy(tmp_path: Path) -> None:
    async with running(cleanup_interval=0.3) as server:
        options = f"{PASSES_ON} proxy_read_timeout 2s;"
        async with nginx(server.port, tmp_path, options) as address:
            found = await findings(address, wait=4.0)
    assert found["idle"].verdict == "ok"
    assert "pings of the hub" in found["idle"].text


@pytest.mark.slow
@pytest.mark.proxy
async def test_a_proxy_whose_hub_is_gone(tmp_path: Path) -> None:
    async with nginx(free_port(), tmp_path, PASSES_ON) as address:
        found = await findings(address)
    assert found["http"].verdict == "wrong"
    assert "502" in found["http"].text
    assert "does not reach the hub" in found["http"].remedy


async def asked(server: IceServer) -> Finding:
    kind = "turn" if server.is_relay else "stun"
    return (await findings(servers=(server,)))[kind]


@pytest.mark.slow
@pytest.mark.turn
async def test_turn_and_stun_servers() -> None:
    with turn_server() as server:
        good = await asked(server)
        assert (good.verdict, "127.0.0.1" in good.text) == ("ok", True)
        wrong = await asked(IceServer(server.url, server.username, "not the password"))
        assert wrong.verdict == "wrong"
        assert "refuses the login of 'hub' (401)" in wrong.text
        stun = IceServer(f"stun:{server.host}:{server.port}")
        assert (await asked(stun)).text == "it sees us as 127.0.0.1"
    nobody = await asked(IceServer(f"stun:127.0.0.1:{free_port()}"))
    assert nobody.verdict == "wrong"
    unknown = await asked(IceServer("stun:nothing.invalid"))
    assert "is not known" in unknown.text


@pytest.mark.slow
async def test_the_command_ends_with_1_if_anything_is_wrong() -> None:
    async with hub() as (server, _):
        code, output, errors = await peerpigeon("doctor", uri(server), "--json")
        told: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
        assert (code, errors) == (0, "")
        assert {each["verdict"] for each in told} <= {"ok", "warning"}
    code, output, _ = await peerpigeon("doctor", f"ws://127.0.0.1:{free_port()}")
    assert code == 1
    assert output.splitlines()[-1].startswith("wrong    tcp ")
    code, _, errors = await peerpigeon("doctor")
    assert (code, "nothing to look at" in errors) == (2, True)
