"""Servers on machines with and without IPv6, each with a network of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rtc.environment import ALONE

if TYPE_CHECKING:
    from tests.net.client import Json

# Says at which addresses a server answers, and which ones it tells of.
PROGRAM = """
import asyncio, json, logging, sys

from peerpigeon import PeerPigeonServer
from peerpigeon.net.own_addresses import own_hosts

host, *asked = sys.argv[1:]


async def answers(address, port):
    try:
        reader, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.write(b"GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    status = await reader.readline()
    writer.close()
    return b" 200 " in status


async def main():
    async with PeerPigeonServer(host=host, port=3000) as server:
        told = [text.strip("[]") for text in own_hosts(host)]
        answered = [each for each in (*asked, *told) if await answers(each, server.port)]
        print(json.dumps({"told": told, "answered": answered}))


asyncio.run(main())
"""
WITHOUT_IPV6 = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1"
AN_INTERFACE = (
    "ip link add eth0 type veth peer name eth1 && ip link set eth1 up && ip link set eth0 up"
    " && ip addr add 10.1.2.3/24 dev eth0"
)
IPV6_TOO = "ip addr add fd00::3/64 dev eth0 nodad"


def serve(setup: str, host: str, *asked: str) -> Json:
    """Run the program on a machine that `setup` makes."""
    program = (sys.executable, "-c", PROGRAM, host, *asked)
    done = subprocess.run(
        [*ALONE, "sh", "sh", "-c", f'{setup} && exec "$@"', "sh", *program],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: Json = json.loads(done.stdout)
    return answer


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.parametrize("host", ["localhost", "::", "0.0.0.0,::"])
def test_with_ipv6_switched_off_a_server_starts_and_serves_ipv4(host: str) -> None:
    said = serve(WITHOUT_IPV6, host, "127.0.0.1", "::1")
    assert said["answered"][:1] == ["127.0.0.1"]
    assert "::1" not in said["answered"]


@pytest.mark.slow
@pytest.mark.namespace
@pytest.mark.parametrize(
    ("host", "setup", "told"),
    [
        ("::", f"{AN_INTERFACE} && {IPV6_TOO}", ["10.1.2.3", "fd00::3"]),
        ("0.0.0.0,::", f"{AN_INTERFACE} && {IPV6_TOO}", ["10.1.2.3", "fd00::3"]),
        ("0.0.0.0", f"{AN_INTERFACE} && {IPV6_TOO}", ["10.1.2.3"]),
        ("::", f"{WITHOUT_IPV6} && {AN_INTERFACE}", ["10.1.2.3"]),
        ("0.0.0.0", "true", []),
        ("localhost", AN_INTERFACE, ["localhost"]),
    ],
    ids=["both", "a list", "IPv4 only", "no IPv6", "no interface", "the loopback"],
)
def test_the_addresses_that_are_told_are_those_of_interfaces_and_answer(
    host: str, setup: str, told: list[str]
) -> None:
    """There is no default route here, by which one could be found out that reaches the world."""
    said = serve(setup, host)
    assert said["told"] == told
    assert said["answered"] == told
