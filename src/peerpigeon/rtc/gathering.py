"""ICE of a channel: which addresses and ports its sockets take, which servers they ask.

aioice takes any free port, leaves the loopback out, asks one STUN server, and waits five seconds
for it. ``HubConnection`` differs from it in these points, waits neither without end for a
nomination nor for a minute for a TURN server that is gone, and longer for an end that is slow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from typing import TYPE_CHECKING

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import (
    CandidatePair,
    StunProtocol,
    relayed_candidate,
    server_reflexive_candidate,
)

from peerpigeon.core.config import KIB
from peerpigeon.rtc.consent import Consent
from peerpigeon.rtc.ice import GATHERING_TIMEOUT, IceOptions

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from peerpigeon.core.config import IceServer

# Bytes that may wait for the event loop. The system counts over 1 kB for each packet, and a hub may
# have 1 MiB of small ones under way; with less room a burst is lost, and losses are repaired
# slowly. Linux grants no more than net.core.rmem_max.
RECEIVE_BUFFER = 4096 * KIB
LOOPBACK = "127.0.0.1"
RELEASE_TIMEOUT = 1.0
"""Seconds in which a TURN server may confirm that it has its address back."""
NOMINATION_TIMEOUT = 1.0  # seconds; it takes two round trips after a pair was found to work


class HubConnection(aioice.Connection):
    """An ICE connection that gathers as ``IceOptions`` say."""

    new_socket: type[StunProtocol] = StunProtocol
    """What listens at each socket and at each address of a TURN server."""

    def __init__(self, options: IceOptions, *, is_controlling: bool) -> None:
        super().__init__(ice_controlling=is_controlling)
        self._options = options
        self._nominating_later: asyncio.TimerHandle | None = None

    async def connect(self) -> None:
        """Find a pair of addresses that works. Raises ``ConnectionError`` if there is none."""
        self._nominate_later()
        try:
            await super().connect()
        finally:
            if self._nominating_later is not None:
                self._nominating_later.cancel()

    async def close(self) -> None:
        """Close all sockets.

        aioice asks a TURN server for a minute to take an address back. Without that it does so
        itself, ten minutes after it was asked last (RFC 8656, section 3.2).
        """
        relays = [each for each in self._protocols if each.local_candidate.type == "relay"]
        self._protocols = [each for each in self._protocols if each not in relays]
        await super().close()
        released = [asyncio.ensure_future(relay.close()) for relay in relays]
        if released:
            await asyncio.wait(released, timeout=RELEASE_TIMEOUT)
        for each in released:
            each.cancel()
        await asyncio.gather(*released, return_exceptions=True)

    async def query_consent(self) -> None:
        """Close the connection when the other end does not answer any more."""
        (pair,) = self._nominated.values()  # of the one component
        key = str(self.remote_password).encode()
        consent = Consent(pair.protocol, pair.remote_addr, key)
        await consent.until_over(lambda: self.build_request(pair, nominate=False))
        self._query_consent_task = None  # else it would be waited for
        await self.close()

    def _nominate_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._nominating_later = loop.call_later(NOMINATION_TIMEOUT, self._nominate)

    def _nominate(self) -> None:
        """Use a pair that works, though the other hub has not said that it is to be used.

        Once in some thousand openings libdatachannel assumes that it has nominated a pair, although
        the request that says so was lost. Any pair that works may be sent on (RFC 8445, 12.1).
        """
        if self.ice_controlling or self._nominated:
            return
        for pair in self._check_list:
            if pair.state == CandidatePair.State.SUCCEEDED:
                pair.nominated = True
                self.check_complete(pair)
                return
        self._nominate_later()

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 - the signature is aioice's
    ) -> list[aioice.Candidate]:
        """Open a socket on each address, and ask each server."""
        hosts = []
        for address in _addresses(addresses, self._options):
            protocol = await self._bind(address, component)
            if protocol is not None:
                hosts.append(protocol)
        # What is in this list is closed with the connection.
        self._protocols += hosts
        found = [protocol.local_candidate for protocol in hosts]
        for candidate, protocol in await _within(
            GATHERING_TIMEOUT,
            [
                *(
                    server_reflexive_candidate(host, (server.host, server.port))
                    for server in self._options.stun_servers
                    for host in hosts
                    if ipaddress.ip_address(host.local_candidate.host).version == 4  # noqa: PLR2004
                ),
                *(self._relay(server, component) for server in self._options.turn_servers),
            ],
        ):
            if protocol is not None:
                self._protocols.append(protocol)
            # Two servers see the same address, or one sees an address that is a machine's own.
            if not any(
                (each.host, each.port) == (candidate.host, candidate.port) for each in found
            ):
                found.append(candidate)
        return found

    async def _bind(self, address: str, component: int) -> StunProtocol | None:
        """Open a socket; ``None`` if the address or all ports that may be taken are in use."""
        loop = asyncio.get_running_loop()
        for port in _ports(self._options.port_range):
            try:
                transport, protocol = await loop.create_datagram_endpoint(
                    lambda: self.new_socket(self), local_addr=(address, port)
                )
            except OSError:
                continue
            own: socket.socket = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            host, taken = transport.get_extra_info("sockname")[:2]
            protocol.local_candidate = aioice.Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host"),
                host=host,
                port=taken,
                type="host",
            )
            return protocol
        return None

    def _relay(
        self, server: IceServer, component: int
    ) -> Coroutine[None, None, tuple[aioice.Candidate, StunProtocol | None]]:
        return relayed_candidate(
            component=component,
            hide_related_address=False,
            protocol_factory=lambda: self.new_socket(self),
            turn_server=(server.host, server.port),
            turn_username=server.username,
            turn_password=server.credential,
            turn_ssl=server.is_tls,
            turn_transport="tcp" if server.is_tcp else "udp",
        )


async def _within(
    timeout: float,  # noqa: ASYNC109 - those that are not ready are dropped, the others kept
    wanted: list[Coroutine[None, None, tuple[aioice.Candidate, StunProtocol | None]]],
) -> list[tuple[aioice.Candidate, StunProtocol | None]]:
    """Return what is ready in time; no task is left when this ends, however it ends."""
    tasks = [asyncio.ensure_future(each) for each in wanted]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)
        return [task.result() for task in tasks if task.done() and task.exception() is None]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _addresses(found: list[str], options: IceOptions) -> list[str]:
    if options.loopback_only:
        return [LOOPBACK]
    # A machine that is on no network can still be one where several hubs run.
    return found or [LOOPBACK]


def _ports(allowed: tuple[int, int] | None) -> Iterator[int]:
    """Give the ports to try, from a random one on: those tried recently are more likely in use."""
    if allowed is None:
        yield 0
        return
    first, last = allowed
    size = last - first + 1
    start = secrets.randbelow(size)
    for step in range(size):
        yield first + (start + step) % size
