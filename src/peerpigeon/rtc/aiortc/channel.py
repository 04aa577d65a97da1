"""One data channel, from aiortc's ICE, DTLS and SCTP.

These parts are used one by one in place of aiortc's ``RTCPeerConnection``: that reads descriptions
itself and trusts them, and takes neither a port range nor the loopback.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCIceCandidate,
    RTCIceParameters,
    RTCIceTransport,
    RTCSctpCapabilities,
)

from peerpigeon.rtc.aiortc.transports import Association, Dtls, Gatherer
from peerpigeon.rtc.channel_tasks import TaskChannel, UnreachableError
from peerpigeon.rtc.gathering import HubConnection
from peerpigeon.rtc.ice import NO_SOCKET, IceOptions, way
from peerpigeon.rtc.interface import LABEL, LOW_WATER, MAX_MESSAGE, STREAM
from peerpigeon.rtc.sdp import (
    Candidate,
    Description,
    parse_offer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.rtc.interface import ChannelListener


class AiortcChannel(TaskChannel):
    """One channel."""

    def __init__(self, ice: IceOptions, listener: ChannelListener, offer: str | None) -> None:
        super().__init__(listener, offer)
        self._options = ice
        self._adding: set[asyncio.Task[None]] = set()
        connection = HubConnection(ice, is_controlling=offer is None)
        self._ice = RTCIceTransport(Gatherer(connection))
        self._dtls = Dtls(self._ice, [RTCCertificate.generateCertificate()])
        self._sctp = Association(self._dtls)
        self._channel: RTCDataChannel | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network."""
        return self._channel.bufferedAmount if self._channel is not None and self._is_open else 0

    def send(self, message: bytes) -> None:
        """Send a message."""
        channel = self._channel
        if channel is None or self._over.done() or not self._is_open:
            return
        if channel.readyState == "open":
            channel.send(message)

    def halt(self) -> None:
        """Do nothing: aiortc hands on what comes, and tells nobody that its window is full."""

    def go_on(self) -> None:
        """Do nothing."""

    def _add(self, candidate: Candidate) -> None:
        add = self._ice.addRemoteCandidate(_to_aiortc(candidate))
        self._adding.add(self._loop.create_task(add))

    async def _open_or_fail(self) -> None:
        offer = None if self._offer is None else parse_offer(self._offer)
        await self._ice.iceGatherer.gather()
        if not self._ice.iceGatherer.getLocalCandidates():
            raise UnreachableError(NO_SOCKET)
        self._listener.described(str(self._describe(offer)))
        remote = await self._answer if offer is None else offer
        await self._connect(remote)
        self._attach()
        await self._sctp.start(RTCSctpCapabilities(remote.max_message), remote.sctp_port)

    async def _connect(self, remote: Description) -> None:
        ice, dtls = self._ice, self._dtls
        for candidate in remote.candidates:
            await ice.addRemoteCandidate(_to_aiortc(candidate))
        if remote.is_complete:
            await ice.addRemoteCandidate(None)
        own = self._ice.iceGatherer.getLocalCandidates()
        addresses = way((each.ip for each in own), (each.address for each in remote.candidates))
        self.advanced("ICE", addresses)
        await ice.start(RTCIceParameters(remote.ufrag, remote.password))
        if ice.state != "completed":
            raise UnreachableError("no way through the network to the other hub was found")
        self.advanced("DTLS", "")
        # By default aiortc takes this role from the ICE role, which the two may have swapped.
        dtls._set_role("server" if remote.setup == "active" else "client")
        dtls.on("statechange", self._dtls_changed)
        fingerprint = RTCDtlsFingerprint("sha-256", remote.fingerprint)
        await dtls.start(RTCDtlsParameters([fingerprint]))
        if dtls.state != "connected":
            raise UnreachableError("the other hub could not prove that it sent the description")
        self.advanced("SCTP", "")

    def _dtls_changed(self) -> None:
        if self._dtls.state == "closed":
            self._lose("the connection to the other hub broke")

    def _describe(self, offer: Description | None) -> Description:
        own = self._ice.iceGatherer.getLocalParameters()
        digests = self._dtls.getLocalParameters().fingerprints
        return Description(
            str(own.usernameFragment),
            str(own.password),
            next(digest.value for digest in digests if digest.algorithm == "sha-256"),
            "actpass" if offer is None else "active",
            "0" if offer is None else offer.mid,
            candidates=tuple(
                _from_aiortc(candidate) for candidate in self._ice.iceGatherer.getLocalCandidates()
            ),
            is_complete=True,
        ).advertising(self._options.advertised_address)

    def _attach(self) -> None:
        how = RTCDataChannelParameters(LABEL, negotiated=True, id=STREAM)
        self._channel = channel = RTCDataChannel(self._sctp, how)
        channel.bufferedAmountLowThreshold = LOW_WATER
        on: Callable[[str, Callable[..., None]], object] = channel.on
        on("open", self._opened)
        on("message", self._received)
        on("bufferedamountlow", self._drained)
        on("close", lambda: self._lose("the other hub closed the channel"))

    def _opened(self) -> None:
        if not self._over.done():
            self._is_open = True
            self._listener.opened()

    def _received(self, message: bytes | str) -> None:
        if self._over.done():
            return
        if isinstance(message, str):
            self._end("the other hub sent text")
        elif len(message) > MAX_MESSAGE:
            self._end("the other hub sent a message that is too long")
        else:
            self._listener.received(message)

    def _drained(self) -> None:
        if not self._over.done():
            self._listener.drained()

    def _finish(self) -> None:
        if self._channel is not None:
            self._channel.close()  # the other hub confirms it after the last message

    async def _tear_down(self) -> None:
        await asyncio.gather(*self._adding, return_exceptions=True)
        pump = self._dtls._task
        await self._sctp.stop()
        # What it was about to send in tasks of its own would fail after the next step. Now it goes
        # out, and may start a timer again.
        await asyncio.sleep(0)
        await self._sctp.stop()
        await self._dtls.stop()
        await self._ice.stop()
        if pump is not None:
            # aiortc forgets this task; asyncio would report what it raised much later.
            await asyncio.gather(pump, return_exceptions=True)


def _to_aiortc(candidate: Candidate) -> RTCIceCandidate:
    base, base_port = candidate.base or (None, None)
    return RTCIceCandidate(
        component=1,
        foundation=candidate.foundation,
        ip=candidate.address,
        port=candidate.port,
        priority=candidate.priority,
        protocol="udp",
        type=candidate.kind,
        relatedAddress=base,
        relatedPort=base_port,
    )


def _from_aiortc(candidate: RTCIceCandidate) -> Candidate:
    base = None
    if candidate.relatedAddress is not None and candidate.relatedPort is not None:
        base = (candidate.relatedAddress, candidate.relatedPort)
    return Candidate(
        candidate.foundation,
        candidate.priority,
        candidate.ip,
        candidate.port,
        candidate.type,
        base,
    )
