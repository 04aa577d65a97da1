"""Hosts on a network of their own: namespaces on one bridge, between which UDP can be blocked.

They need root, and the commands `ip` and `nft`; nothing outside this machine is reached.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

PACKAGES = {"ip": "iproute2", "nft": "nftables"}
NAME_SERVER = {"dnsmasq": "dnsmasq-base"}
SUBNETS = 256
"""Of 10.197.0.0/16: each run of the tests on this machine takes one that no other has."""
GATEWAY = 254
BLOCK = (
    "add table inet blocked;"
    " add chain inet blocked in {{ type filter hook input priority 0 ; }};"
    " add chain inet blocked out {{ type filter hook output priority 0 ; }}; {}"
)


@cache
def lacking(group: str) -> str | None:
    """Say in one line why hosts, for `dns` with names, cannot be made here, or None if they can."""
    for command, package in (PACKAGES | (NAME_SERVER if group == "dns" else {})).items():
        if shutil.which(command) is None:
            return f"no command {command} found (install the package {package})"
    return None if os.geteuid() == 0 else "network namespaces are made by root"


@dataclass(frozen=True)
class Host:
    """A network namespace with an address of its own."""

    name: str
    address: str

    @property
    def command(self) -> tuple[str, ...]:
        """What to put before a command so that it runs on this host."""
        return ("ip", "netns", "exec", self.name)

    @property
    def gateway(self) -> str:
        """The address of the machine itself on the network of this host."""
        return f"{self.address.rpartition('.')[0]}.{GATEWAY}"

    async def block_udp(self, others: Iterable[Host]) -> None:
        """Have all UDP from these hosts vanish on its way in."""
        await self._block("in", "saddr", others, "meta l4proto udp")

    async def block_all(self, others: Iterable[Host]) -> None:
        """Have all from these hosts vanish on its way in, and all for them on its way out."""
        others = [*others]
        await self._block("in", "saddr", others)
        await self._block("out", "daddr", others)

    async def _block(self, chain: str, end: str, others: Iterable[Host], what: str = "") -> None:
        rules = "; ".join(
            f"add rule inet blocked {chain} ip {end} {other.address} {what} drop"
            for other in others
        )
        await run(*self.command, "nft", BLOCK.format(rules))

    async def let_pass(self) -> None:
        """Have all pass again."""
        await run(*self.command, "nft", "delete table inet blocked")


@asynccontextmanager
async def hosts(count: int) -> AsyncIterator[list[Host]]:
    """Make hosts that reach each other, and that this process reaches; gone afterwards."""
    async with AsyncExitStack() as stack:
        subnet, bridge = await free_bridge()
        stack.push_async_callback(run, "ip", "link", "del", bridge)
        await run("ip", "addr", "add", f"{subnet}.{GATEWAY}/24", "dev", bridge)
        await run("ip", "link", "set", bridge, "up")
        made = [Host(f"{bridge}n{n}", f"{subnet}.{n + 1}") for n in range(count)]
        for number, host in enumerate(made):
            await run("ip", "netns", "add", host.name)
            stack.push_async_callback(run, "ip", "netns", "del", host.name)
            outside = f"{bridge}v{number}"
            inside = ("type", "veth", "peer", "name", "eth0", "netns", host.name)
            await run("ip", "link", "add", outside, *inside)
            # A namespace that is deleted is gone, and its end of the cable, some time later.
            stack.push_async_callback(run, "ip", "link", "del", outside)
            await run("ip", "link", "set", outside, "master", bridge, "up")
            within = ("ip", "-netns", host.name)
            await run(*within, "addr", "add", f"{host.address}/24", "dev", "eth0")
            await run(*within, "link", "set", "eth0", "up")
            await run(*within, "link", "set", "lo", "up")
        yield made


async def free_bridge() -> tuple[str, str]:
    """Make the first bridge whose name nobody has, and return its subnet and its name.

    The system refuses a name that is there, so two runs do not get the same one.
    """
    for number in range(SUBNETS):
        bridge = f"pp{number}"
        status, said = await outcome("ip", "link", "add", bridge, "type", "bridge")
        if status == 0:
            return f"10.197.{number}", bridge
        assert "File exists" in said, said
    raise AssertionError(f"{SUBNETS} bridges pp0, pp1 ... are there; delete those of ended runs")


async def run(*command: str) -> None:
    """Run a command that must succeed."""
    status, said = await outcome(*command)
    assert status == 0, f"{' '.join(command)}: {said}"


async def outcome(*command: str) -> tuple[int | None, str]:
    """Run a command, and return its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
