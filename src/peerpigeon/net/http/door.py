"""Reads the first request of a connection: hands it on to the pages, or opens a WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from peerpigeon.core.config import is_loopback
from peerpigeon.core.interface.close_codes import MEMORY_IS_SHORT
from peerpigeon.net.http.arrivals import Arrivals
from peerpigeon.net.http.lost_upgrade import check_upgrade
from peerpigeon.net.http.opening_handshake import accept, is_websocket
from peerpigeon.net.http.remote_address import is_from_here, remote_address
from peerpigeon.net.http.request import (
    MAX_HEAD_SIZE,
    check_length,
    parse_request,
    split_target,
)
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.refusals import CLOSED
from peerpigeon.net.tls.transport import HANDSHAKE_SIZE, Handshakes, TlsTransport
from peerpigeon.net.turns import Turns

if TYPE_CHECKING:
    from peerpigeon.net.descriptors import Descriptors
    from peerpigeon.net.http.access_control import AccessControl
    from peerpigeon.net.http.visits import Visits
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.tls.certificate import CertificateFiles

IN_A_TURN = 16
"""Requests that are acted on in one turn of the event loop, at some 0.1 ms each, and as many of
those that wait for a later one: twice as many as connections are taken in a turn. A network that
has stood still may bring thousands at one moment; meanwhile those that are here are heard."""

HANDSHAKES_PART = 2
"""Handshakes of TLS under way may keep half of what connections may."""

_CROWD = (
    "connections are dropped: as many as may be have sent no whole request yet; of the address with"
    " most of them the oldest goes, and a firewall can keep it out"
)
_NO_TLS = (
    "a connection was closed: no TLS handshake came about; let it speak TLS here (wss://, https://),"
    " and trust the certificate"
)
_SLOW = (
    "a connection was dropped: no whole request came within handshake_timeout (HANDSHAKE_TIMEOUT)"
)

_END = b"\r\n\r\n"
_HEAD_TOO_LARGE = HandshakeError(431, f"the request's head is over {MAX_HEAD_SIZE} bytes")


class Doors:
    """What the doors of one server share, and the factory that ``loop.create_server`` calls.

    ``access`` decides on each request; ``visits`` take over those that open no WebSocket. An answer
    ends its connection, so that a handshake is always the first request of one.

    At most ``limit`` connections are ``waiting``, each no longer than ``handshake_timeout`` seconds
    in a door, and as long until it has its answer; another one drops one, of the address with most
    of them the one that has waited longest. With a ``certificate`` each connection begins with a
    handshake of TLS, in the same place and the same time; there are no more of these than half of
    what connections may keep has room for.
    """

    def __init__(  # noqa: PLR0913
        self,
        access: AccessControl,
        visits: Visits,
        *,
        handshake_timeout: float,
        holders: Holders,
        descriptors: Descriptors,
        certificate: CertificateFiles | None = None,
        limit: int = 1024,
    ) -> None:
        self.access = access
        self.visits = visits
        self.waiting = visits.waiting
        self.handshake_timeout = handshake_timeout
        self.holders = holders
        self.descriptors = descriptors
        self.certificate = certificate
        self.handshakes = Handshakes(self._handshake_failed)
        self.handshake_arrivals = Arrivals(2)
        self.limit = limit
        if certificate is not None:
            # All keep the same, so that want of memory would end the newest, who may be anybody.
            room = holders.account.most_buffered // HANDSHAKES_PART
            self.limit = min(limit, max(1, room // HANDSHAKE_SIZE))
        self.warnings = access.warnings
        self._loop = asyncio.get_running_loop()
        self.turns = Turns(self._loop, IN_A_TURN)
        """The line of those whose request has come and waits for its turn."""
        self._left = IN_A_TURN
        self.is_shut = False
        """Whether nobody gets in any more."""

    def __call__(self) -> Door:
        """Return the door for one more connection."""
        return Door(self)

    def has_turn(self) -> bool:
        """Tell whether one more request may be acted on in this turn of the event loop."""
        if self._left == IN_A_TURN:
            self._loop.call_soon(self._begin_turn)
        self._left -= 1
        return self._left >= 0

    def _begin_turn(self) -> None:
        self._left = IN_A_TURN

    def admits_handshake(self, address: str) -> bool:
        """Tell whether another handshake of TLS with an address is done; they cost a lot."""
        if self.access.forwarded.trusts(address):
            return True
        try:
            self.handshake_arrivals.count(address, self._loop.time())
        except HandshakeError as error:
            self.warnings.add(error.log, address)
            return False
        return True

    def _handshake_failed(self, transport: TlsTransport, reason: str) -> None:
        self.warnings.add(_NO_TLS, remote_address(transport), kind=reason, reason=reason)

    def drop_greediest(self, why: str = "") -> bool:
        """Drop a connection of the address with most of them; ``False`` if none waits."""
        waiter = self.waiting.greediest()
        if waiter is not None:
            if why:
                self.warnings.add(why, self.waiting.address(waiter))
            waiter.abort()
        return waiter is not None

    def abort(self) -> None:
        """Drop the connections that have no WebSocket, and all that come from now on.

        A loop may hand over one that it has taken before its listener was closed.
        """
        self.is_shut = True
        for waiter in list(self.waiting):
            waiter.abort()
        self.visits.abort()


class Door(asyncio.Protocol):
    """One connection whose first request has not come yet."""

    __slots__ = (
        "_address",
        "_doors",
        "_head",
        "_is_answered",
        "_timer",
        "_transport",
        "is_in_line",
    )

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._head = bytearray()
        self._address = ""
        self._is_answered = False
        self.is_in_line = False
        """Whether its request waits for its turn."""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request."""
        transport = cast("asyncio.Transport", transport)
        self._address = remote_address(transport)
        if self._doors.is_shut or not self._doors.descriptors.admit(self._address):
            transport.abort()
            return
        waiting = self._doors.waiting
        if len(waiting) >= self._doors.limit:
            # Many silent connections must not keep out those that send a request, nor those of one
            # address those of another.
            self._doors.drop_greediest(_CROWD)
        address = self._address
        certificate = self._doors.certificate
        if certificate is not None:
            if not self._doors.admits_handshake(address):
                transport.abort()
                return
            handshakes = self._doors.handshakes
            transport = TlsTransport(transport, certificate.context, self, handshakes)
            self._doors.holders.note(self, HANDSHAKE_SIZE)
        self._transport = transport
        waiting.add(self, address)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._doors.handshake_timeout, self._time_out)

    def data_received(self, data: bytes) -> None:
        """Collect the head, then act on it."""
        transport = self._transport
        if transport is None or self._is_answered:
            return
        # Searching only what is new keeps a head that comes byte by byte linear.
        start = max(0, len(self._head) - len(_END) + 1)
        self._head += data
        end = self._head.find(_END, start, MAX_HEAD_SIZE)
        if end < 0 and len(self._head) < MAX_HEAD_SIZE:
            self._doors.holders.note(self, len(self._head))
        elif self._doors.has_turn():
            self._act(transport)
        elif not self.is_in_line:
            transport.pause_reading()
            self._doors.holders.note(self, len(self._head))
            self._doors.turns.wait(self)

    def read_on(self) -> None:
        """Act on the head, whose turn has come."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.resume_reading()
            self._act(transport)

    def _act(self, transport: asyncio.Transport) -> None:
        try:
            end = self._head.find(_END, 0, MAX_HEAD_SIZE)
            if end < 0:
                raise _HEAD_TOO_LARGE
            self._lead(transport, bytes(self._head), end)
        except HandshakeError as error:
            self._doors.access.note_refusal(error, self._address)
            self._answer(transport, error.response())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._leave()

    def _time_out(self) -> None:
        # Browsers connect ahead, and monitors do no more: who has said nothing breaks no rule.
        self.abort(_SLOW if self._head else "")

    def abort(self, why: str = "") -> None:
        """Drop the connection; with ``why`` the log says so."""
        if why:
            self._doors.warnings.add(why, self._address)
        transport = self._transport
        self._leave()
        if transport is not None:
            transport.abort()

    def give_way(self) -> None:
        """Drop the connection, as memory is short."""
        self.abort(CLOSED[MEMORY_IS_SHORT])

    def _lead(self, transport: asyncio.Transport, data: bytes, end: int) -> None:
        access, peer = self._doors.access, self._address
        request = parse_request(data[:end])
        address = self._address = access.forwarded.origin(request, peer)
        access.admit(request, address, peer, asyncio.get_running_loop().time())
        check_upgrade(request)
        if not is_websocket(request):
            check_length(request)
            if request.method != "OPTIONS":
                split_target(request.target)  # it has to be in order
            here = is_from_here(transport) if address == peer else is_loopback(address)
            request = replace(request, is_from_here=here, address=address)
            request = replace(request, audience=access.audience(request))
            data = bytes(self._head)
            self._leave()
            self._doors.visits.open(transport, request, data)
            return
        upgrade = accept(request, address)
        open_socket = access.opener_for(upgrade)
        self._leave()
        open_socket(transport, upgrade, data[end + len(_END) :])

    def _answer(self, transport: asyncio.Transport, answer: bytes) -> None:
        # Closing with unread bytes, such as a body's, would reset the connection, and the client
        # might never read the answer. So only our direction is closed; the rest is ignored until
        # it hangs up or the time is over.
        self._is_answered = True
        self._head = bytearray()
        transport.write(answer)
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()
        self._doors.holders.note(self, transport.get_write_buffer_size())

    def _leave(self) -> None:
        self._doors.waiting.discard(self)
        self._transport = None
        self._head = bytearray()
        self._doors.holders.note(self, 0)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
