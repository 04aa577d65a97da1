"""Ports, addresses and servers: what channels do with the network they find."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from peerpigeon.core.config import IceServer
from peerpigeon.rtc.ice import GATHERING_TIMEOUT, IceOptions
from peerpigeon.rtc.sdp import parse_description
from tests.net.tls.authority import Authority
from tests.rtc.ends import End, Engines
from tests.rtc.environment import ALONE, ROOT
from tests.rtc.turn import free_range, turn_server

# The ports of a range are looked for, and free until somebody else takes them.
pytestmark = pytest.mark.xdist_group("ports")

BOUND = 1.0  # seconds that a description may take beyond the time given to servers
LIMIT = 30.0


async def test_without_servers_nothing_is_waited_for(names: tuple[str, str]) -> None:
    begun = time.monotonic()
    async with Engines(*names) as engines:
        await engines.connect()
    assert time.monotonic() - begun < GATHERING_TIMEOUT


@pytest.mark.slow
async def test_a_dead_stun_server_costs_a_bounded_time(names: tuple[str, str]) -> None:
    # A socket that reads nothing: no answer comes, and no refusal either.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = IceServer(f"stun:127.0.0.1:{silent.getsockname()[1]}")
        options = IceOptions(stun_servers=(server,), loopback_only=True)
        async with Engines(*names, options) as engines:
            begun = time.monotonic()
            one = await engines.offer()
            assert time.monotonic() - begun < GATHERING_TIMEOUT + BOUND
            other = await engines.answer(one.sdp)
            assert time.monotonic() - begun < 2 * (GATHERING_TIMEOUT + BOUND)
            one.channel.take_answer(other.sdp)
            await one.until_open()


async def test_ports_are_taken_from_the_range(name: str) -> None:
    first, last = free_range(4)
    options = IceOptions(port_range=(first, last), loopback_only=True)
    async with Engines(name, name, options) as engines:
        one, other = await engines.connect()
        found = [*parse_description(one.sdp).candidates, *parse_description(other.sdp).candidates]
        assert len({candidate.port for candidate in found}) == len(found)
        assert all(first <= candidate.port <= last for candidate in found)


async def test_a_range_with_no_port_left_ends_the_channel_and_says_so(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        options = IceOptions(port_range=(port, port), loopback_only=True)
        async with Engines(name, name, options) as engines:
            end = End()
            end.channel = engines.offering.offer(end)
            assert "port_range" in await end.until_ended()


async def test_the_advertised_address_takes_the_place_of_the_machines_own(name: str) -> None:
    options = IceOptions(advertised_address="203.0.113.5", loopback_only=True)
    async with Engines(name, name, options) as engines:
        one = await engines.offer()
        found = parse_description(one.sdp).candidates
        assert [candidate.address for candidate in found] == ["203.0.113.5"]
        assert "127.0.0.1" not in one.sdp


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.parametrize("where", ["loopback", "anywhere"])
def test_a_machine_that_is_on_no_network_is_enough(names: tuple[str, str], where: str) -> None:
    if where == "anywhere" and "libdatachannel" in names:
        where = "loopback"  # libdatachannel leaves the loopback out unless told
    done = subprocess.run(
        [*ALONE, "sh", sys.executable, "-m", "tests.rtc.alone", *names, where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stdout == "connected\n", done.stderr


@pytest.fixture
def relay() -> Iterator[IceServer]:
    with turn_server() as server:
        yield server


@pytest.mark.slow
@pytest.mark.turn
async def test_hubs_that_cannot_reach_each_other_meet_at_a_turn_server(
    names: tuple[str, str], relay: IceServer
) -> None:
    options = IceOptions(turn_servers=(relay,), loopback_only=True)
    async with Engines(*names, options) as engines:
        one = await engines.offer()
        other = await engines.answer(only_relayed(one.sdp))
        one.channel.take_answer(only_relayed(other.sdp))
        await one.until_open()
        await other.until_open()
        for number in range(100):
            one.channel.send(bytes([number]))
        assert await other.until_received(100) == [bytes([number]) for number in range(100)]


@pytest.mark.slow
@pytest.mark.turn
@pytest.mark.parametrize("over", ["tcp", "tls"])
async def test_a_turn_server_is_asked_by_tcp_or_tls_where_udp_does_not_pass(
    over: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate is checked: that of an authority which the system trusts, or none."""
    authority = Authority(tmp_path)
    pair = authority.issue("127.0.0.1")
    files = (pair.certificate, pair.key)
    with turn_server(over=over, certificate=files) as server:
        options = IceOptions(turn_servers=(server,), loopback_only=True)
        async with Engines("builtin", "builtin", options) as engines:
            if over == "tls":
                assert " typ relay" not in (await engines.offer()).sdp
                monkeypatch.setenv("SSL_CERT_FILE", authority.path)
            one = await engines.offer()
            other = await engines.answer(only_relayed(one.sdp))
            one.channel.take_answer(only_relayed(other.sdp))
            await one.until_open()
            await other.until_open()
            for number in range(100):
                one.channel.send(bytes([number]) * 1000)
            wanted = [bytes([number]) * 1000 for number in range(100)]
            assert await other.until_received(100) == wanted


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.turn
async def test_a_turn_server_that_is_gone_keeps_nobody_from_stopping(name: str) -> None:
    """To give an address back would be tried for a minute; `Engines` waits for less."""
    with ExitStack() as stack:
        options = IceOptions(turn_servers=(stack.enter_context(turn_server()),), loopback_only=True)
        async with Engines(name, name, options) as engines:
            one = await engines.offer()
            other = await engines.answer(only_relayed(one.sdp))
            one.channel.take_answer(only_relayed(other.sdp))
            await one.until_open()
            stack.close()


def only_relayed(sdp: str) -> str:
    lines = [
        line for line in sdp.splitlines() if " typ host" not in line and " typ srflx" not in line
    ]
    assert any(" typ relay" in line for line in lines), sdp
    return "".join(f"{line}\r\n" for line in lines)
