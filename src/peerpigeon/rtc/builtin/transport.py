"""ICE and DTLS of one channel: what takes packets to the other hub, and brings its own.

Datagrams are read where the event loop hands them over, and written at once: none waits in a queue
of aioice, and there is no task that reads them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import aioice
from aioice.ice import StunProtocol

from peerpigeon.rtc.builtin.dtls import Dtls, Identity
from peerpigeon.rtc.channel_tasks import UnreachableError
from peerpigeon.rtc.gathering import HubConnection
from peerpigeon.rtc.ice import NO_SOCKET, IceOptions, way
from peerpigeon.rtc.sdp import Candidate, Description

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.rtc.builtin.listener import TransportListener

logger = logging.getLogger(__name__)

MAX_EARLY = 16
"""Datagrams that are kept until the other hub's description is known; those of a handshake."""

_DTLS = range(20, 64)  # the first byte of each datagram of DTLS (RFC 7983, section 7)
_COMPONENT = 1


class _Socket(StunProtocol):
    """One socket, or one address of a TURN server."""

    receiver: _Connection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if data and data[0] in _DTLS and isinstance(data, bytes):
            self.receiver.take(data)
        else:
            super().datagram_received(data, addr)


class _Connection(HubConnection):
    """An ICE connection that hands datagrams on at once."""

    new_socket = _Socket

    def __init__(
        self,
        options: IceOptions,
        *,
        is_controlling: bool,
        take: Callable[[bytes], None],
        lose: Callable[[], None],
    ) -> None:
        super().__init__(options, is_controlling=is_controlling)
        self.take = take
        self._lose = lose

    def write(self, datagram: bytes) -> None:
        """Send on the pair of addresses that is used, if there still is one."""
        pair = self._nominated.get(_COMPONENT)
        if pair is not None:
            pair.protocol.transport.sendto(datagram, pair.remote_addr)

    def protocol_lost(self, protocol: StunProtocol) -> None:
        """Hear that a socket is gone: the other hub does not answer, or this end closes."""
        pair = self._nominated.get(_COMPONENT)
        if pair is None or pair.protocol is protocol:
            self._lose()


class Transport:
    """ICE and DTLS of one channel."""

    def __init__(
        self,
        options: IceOptions,
        identity: Identity,
        listener: TransportListener,
        *,
        is_offering: bool,
    ) -> None:
        self._options = options
        self._identity = identity
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._ice = _Connection(
            options, is_controlling=is_offering, take=self._take, lose=self._lost
        )
        self._dtls: Dtls | None = None
        self._early: list[bytes] = []
        self._adding: set[asyncio.Task[None]] = set()
        self._is_connected = False  # by ICE
        self._has_all = False  # of the other hub's candidates
        self._timer: asyncio.TimerHandle | None = None
        self._settled = asyncio.Event()  # the handshake is done, or has failed

    async def describe(self, offer: Description | None) -> Description:
        """Find this end's addresses. Raises ``UnreachableError`` if it has none."""
        await self._ice.gather_candidates()
        own = self._ice.local_candidates
        if not own:
            raise UnreachableError(NO_SOCKET)
        return Description(
            self._ice.local_username,
            self._ice.local_password,
            self._identity.fingerprint,
            "actpass" if offer is None else "active",
            "0" if offer is None else offer.mid,
            candidates=tuple(_from_aioice(candidate) for candidate in own),
            is_complete=True,
        ).advertising(self._options.advertised_address)

    async def connect(self, remote: Description) -> None:
        """Open a way to the other hub. Raises ``UnreachableError`` if there is none."""
        self._ice.remote_username, self._ice.remote_password = remote.ufrag, remote.password
        for candidate in remote.candidates:
            await self._ice.add_remote_candidate(_to_aioice(candidate))
        if remote.is_complete and not self._has_all:
            self._has_all = True
            await self._ice.add_remote_candidate(None)
        own = (each.host for each in self._ice.local_candidates)
        self._listener.advanced("ICE", way(own, (each.address for each in remote.candidates)))
        self._dtls = Dtls(
            self._identity,
            is_client=remote.setup != "active",
            their_fingerprint=remote.fingerprint,
        )
        try:
            await self._ice.connect()
        except ConnectionError:
            raise UnreachableError(
                "no way through the network to the other hub was found"
            ) from None
        self._is_connected = True
        self._listener.advanced("DTLS", "")
        self._dtls.begin()
        for datagram in self._early:
            self._take(datagram)
        self._early.clear()
        self._flush(self._dtls)
        await self._settled.wait()
        if not self._dtls.is_connected:
            raise UnreachableError("the other hub could not prove that it sent the description")

    def add(self, candidate: Candidate) -> None:
        """Take one more address of the other hub."""
        if not self._has_all:
            add = self._ice.add_remote_candidate(_to_aioice(candidate))
            task = self._loop.create_task(add)
            self._adding.add(task)
            task.add_done_callback(self._adding.discard)

    def send(self, packet: bytes) -> None:
        """Send a packet; it may be lost. Nothing happens unless it is connected."""
        dtls = self._dtls
        if dtls is not None and dtls.is_connected and not dtls.has_ended:
            self._ice.write(dtls.seal(packet))

    async def close(self) -> None:
        """Tell the other hub, and leave nothing behind."""
        if self._timer is not None:
            self._timer.cancel()
        # What OpenSSL holds for a connection is tens of kilobytes, which go with this.
        dtls, self._dtls = self._dtls, None
        if dtls is not None:
            dtls.close()
            for datagram in dtls.take():
                self._ice.write(datagram)
        await asyncio.gather(*self._adding, return_exceptions=True)
        await self._ice.close()

    def _take(self, datagram: bytes) -> None:
        dtls = self._dtls
        if dtls is None or not self._is_connected:
            if len(self._early) < MAX_EARLY:
                self._early.append(datagram)
            return
        was_connected = dtls.is_connected
        packets = dtls.receive(datagram)
        if packets:
            self._listener.packets_came(packets)
        if not was_connected or not packets:
            self._flush(dtls)

    def _flush(self, dtls: Dtls) -> None:
        """Send what the handshake or the end brought forth, and see where it has got to."""
        for datagram in dtls.take():
            self._ice.write(datagram)
        if self._timer is not None:
            self._timer.cancel()
        wait = dtls.wait()
        self._timer = None if wait is None else self._loop.call_later(wait, self._expire, dtls)
        if dtls.has_ended and self._settled.is_set():
            self._listener.transport_lost()
        if dtls.has_ended or dtls.is_connected:
            self._settled.set()

    def _expire(self, dtls: Dtls) -> None:
        self._timer = None
        dtls.expire()
        self._flush(dtls)

    def _lost(self) -> None:
        self._settled.set()
        self._listener.transport_lost()


def _to_aioice(candidate: Candidate) -> aioice.Candidate:
    base, base_port = candidate.base or (None, None)
    return aioice.Candidate(
        component=_COMPONENT,
        foundation=candidate.foundation,
        host=candidate.address,
        port=candidate.port,
        priority=candidate.priority,
        transport="udp",
        type=candidate.kind,
        related_address=base,
        related_port=base_port,
    )


def _from_aioice(candidate: aioice.Candidate) -> Candidate:
    base = None
    if candidate.related_address is not None and candidate.related_port is not None:
        base = (candidate.related_address, candidate.related_port)
    return Candidate(
        candidate.foundation,
        candidate.priority,
        candidate.host,
        candidate.port,
        candidate.type,
        base,
    )
