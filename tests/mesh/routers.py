"""Hosts behind routers of their own, which translate addresses and ports (NAT)."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.mesh.hosts import Host, hosts, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PORT = 3000
"""The TCP port that each router passes on to the host behind it."""

RULES = (
    "add table ip translated;"
    " add chain ip translated out {{ type nat hook postrouting priority 100 ; }};"
    " add rule ip translated out oifname eth0 masquerade fully-random;"
    " add chain ip translated in {{ type nat hook prerouting priority -100 ; }};"
    " add rule ip translated in iifname eth0 tcp dport {port} dnat to {address}:{port}"
)
"""Every connection leaves from another port, and UDP comes in as the answer to UDP only: no two
hosts behind such routers can send each other datagrams."""


@dataclass(frozen=True)
class Hidden(Host):
    """A host behind a router; its `address` is that of the router."""

    own_address: str


@asynccontextmanager
async def behind_routers(count: int) -> AsyncIterator[tuple[Host, list[Hidden]]]:
    """Make a host on a network, and as many others that have a router between it and them."""
    async with hosts(count + 1) as (outside, *routers), AsyncExitStack() as stack:
        made = [await _hide(stack, router, number) for number, router in enumerate(routers)]
        yield outside, made


async def _hide(stack: AsyncExitStack, router: Host, number: int) -> Hidden:
    name, subnet = f"{router.name}h", f"10.198.{number}"
    own = f"{subnet}.2"
    await run("ip", "netns", "add", name)
    stack.push_async_callback(run, "ip", "netns", "del", name)
    within, there = ("ip", "-netns", name), ("ip", "-netns", router.name)
    inside = ("type", "veth", "peer", "name", "eth0", "netns", name)
    await run(*there, "link", "add", "inside", *inside)
    await run(*there, "addr", "add", f"{subnet}.1/24", "dev", "inside")
    await run(*there, "link", "set", "inside", "up")
    await run(*within, "addr", "add", f"{own}/24", "dev", "eth0")
    await run(*within, "link", "set", "eth0", "up")
    await run(*within, "link", "set", "lo", "up")
    await run(*within, "route", "add", "default", "via", f"{subnet}.1")
    forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
    await run(*router.command, "sh", "-c", forward)
    await run(*router.command, "nft", RULES.format(port=PORT, address=own))
    return Hidden(name, router.address, own)
