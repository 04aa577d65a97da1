"""One data channel of libdatachannel, which works in threads of its own.

Its Python binding keeps the interpreter lock while C++ waits, and its few threads wait for that
lock to call Python: with callbacks, sooner or later each side waits for the other without end. So:

- No callback is set; the engine looks at each channel instead.
- A certificate is handed over, since making one is a task for those threads that is waited for.
- A connection is closed in a thread of ours, which is the one call that gives up the interpreter
  lock, and destroyed only after ``GRACE``, when the library's threads are done with it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import libdatachannel as rtc

from peerpigeon.rtc.certificate import make_texts
from peerpigeon.rtc.ice import GATHERING_TIMEOUT, NO_SOCKET, IceOptions, way
from peerpigeon.rtc.interface import LABEL, LOW_WATER, MAX_MESSAGE, STREAM, ChannelListener
from peerpigeon.rtc.sdp import (
    MAX_CANDIDATES,
    Candidate,
    Description,
    SdpError,
    advertise,
    parse_answer,
    parse_candidate,
    parse_description,
    parse_offer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peerpigeon.core.config import IceServer

logger = logging.getLogger(__name__)

GRACE = 0.1
"""Seconds for the library's threads to be done with a connection that is closed."""
MAX_BATCH = 1024
"""Messages read at one look, so that other channels get their turn."""
LOOPBACK = "127.0.0.1"


class LibdatachannelChannel:
    """One channel. ``on_gone`` is called once nothing is left of it."""

    def __init__(
        self,
        ice: IceOptions,
        listener: ChannelListener,
        on_gone: Callable[[LibdatachannelChannel], None],
        offer: str | None,
    ) -> None:
        self._ice = ice
        self._listener = listener
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._offer = offer
        self._is_open = False
        self._is_over = False  # ended, or closed by our own side
        self._is_halted = False  # nothing is to be handed on
        self._is_high = False  # more is buffered than LOW_WATER, or was when last looked at
        self._has_remote = False
        self._stage = ""
        self._candidates = 0
        self._theirs: list[str] = []  # addresses of the other hub
        self._early: list[Candidate] = []  # came before the answer; the library would lose them
        self._told: set[Candidate] | None = None  # candidates of ours that the other hub knows
        self._begun = self._loop.time()
        self._connection: rtc.PeerConnection | None = None
        self._channel: rtc.DataChannel | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network."""
        if self._channel is None or self._is_over:
            return 0
        amount: int = self._channel.buffered_amount()
        return amount

    def begin(self) -> None:
        """Make the description that was asked for."""
        with self._refusing("begin a channel"):
            offer = None if self._offer is None else parse_offer(self._offer)
            self._connect()
            if offer is not None:
                self._take_remote(offer, rtc.Description.Type.Offer)
            self._set_local(offer is None)

    def take_answer(self, sdp: str) -> None:
        """Take the answer."""
        if self._offer is not None or self._has_remote or self._is_over:
            return
        with self._refusing("take an answer"):
            self._take_remote(parse_answer(sdp), rtc.Description.Type.Answer)
            for candidate in self._early:
                self._add(candidate)

    def take_candidate(self, candidate: str) -> None:
        """Take one more address."""
        if self._is_open or self._is_over:
            return
        self._candidates += 1
        with self._refusing("take a candidate"):
            found = parse_candidate(candidate)
            if found is None or self._candidates > MAX_CANDIDATES:
                return
            if self._has_remote:
                self._add(found)
            else:
                self._early.append(found)

    def send(self, message: bytes) -> None:
        """Send a message."""
        if self._channel is None or self._is_over or not self._is_open:
            return
        try:
            self._channel.send(message)
        except Exception:  # the binding's one class of errors; the next look finds it closed
            logger.debug("libdatachannel refused a message", exc_info=True)
            return
        if not self._is_high:
            self._is_high = self.buffered > LOW_WATER

    def halt(self) -> None:
        """Read nothing: the library's queue fills, and then the window of the other end."""
        self._is_halted = True

    def go_on(self) -> None:
        """Read on with the next look."""
        self._is_halted = False

    def close(self) -> None:
        """Send what is buffered, then end."""
        if not self._is_over:
            self._is_over = True
            self._let_go()

    def look(self, now: float) -> bool:
        """See what has changed by ``now``; tell whether it was much, so that more is likely."""
        connection, channel = self._connection, self._channel
        if connection is None or channel is None:
            return False
        if self._is_over:
            self._discard(channel)
            return True
        if not self._is_open:
            self._look_at_opening(connection, channel, now)
            return True
        has_come = self._receive(channel)
        if self._is_high and self.buffered <= LOW_WATER:
            self._is_high = False
            self._listener.drained()
        if channel.is_closed():
            # All that came before it did is in the queue.
            self._is_halted = False
            while self._receive(channel):
                self._is_halted = False
            self._end("the other hub closed the channel, or the connection to it broke")
        return has_come or self._is_high

    def _look_at_opening(
        self, connection: rtc.PeerConnection, channel: rtc.DataChannel, now: float
    ) -> None:
        is_complete = connection.gathering_state() == rtc.PeerConnection.GatheringState.Complete
        if self._told is not None:
            self._describe_more(connection, self._told)
        elif is_complete or now - self._begun > GATHERING_TIMEOUT:
            self._describe(connection)
        if self._is_over:
            return
        self._look_at_stage(connection)
        if channel.is_open():
            self._is_open = True
            self._listener.opened()
        elif channel.is_closed() or connection.state() in _LOST:
            self._end("no way through the network to the other hub was found")

    def _look_at_stage(self, connection: rtc.PeerConnection) -> None:
        if not self._has_remote:
            return
        stage = "ICE"
        if connection.state() == rtc.PeerConnection.State.Connected:
            stage = "SCTP"
        elif connection.ice_state() in _FOUND:
            stage = "DTLS"
        if stage != self._stage:
            self._stage = stage
            own = (each.address for each in self._told or ())
            self._listener.advanced(stage, way(own, self._theirs))

    def _describe(self, connection: rtc.PeerConnection) -> None:
        description = parse_description(str(connection.local_description()))
        if not description.candidates:
            self._end(NO_SOCKET)
            return
        self._told = set(description.candidates)
        address = self._ice.advertised_address
        self._listener.described(str(description.advertising(address)))

    def _describe_more(self, connection: rtc.PeerConnection, told: set[Candidate]) -> None:
        for candidate in parse_description(str(connection.local_description())).candidates:
            if candidate not in told and not self._is_over:
                told.add(candidate)
                address = self._ice.advertised_address
                self._listener.found_candidate(str(advertise(candidate, address)))

    def _connect(self) -> None:
        self._connection = rtc.PeerConnection(_configuration(self._ice))
        how = rtc.DataChannelInit()
        how.negotiated, how.id = True, STREAM
        self._channel = self._connection.create_data_channel(LABEL, how)

    def _set_local(self, is_offer: bool) -> None:  # noqa: FBT001
        kinds = rtc.Description.Type
        if self._connection is None:
            return
        try:
            self._connection.set_local_description(kinds.Offer if is_offer else kinds.Answer)
        except RuntimeError:
            self._loop.call_soon(self._end, NO_SOCKET)

    def _take_remote(self, remote: Description, kind: rtc.Description.Type) -> None:
        if self._connection is not None:
            self._connection.set_remote_description(rtc.Description(str(remote), kind))
            self._has_remote = True
            self._theirs += [each.address for each in remote.candidates]

    def _add(self, candidate: Candidate) -> None:
        if self._connection is not None:
            self._connection.add_remote_candidate(rtc.Candidate(str(candidate)))
            self._theirs.append(candidate.address)

    def _receive(self, channel: rtc.DataChannel) -> bool:
        """Read what has come; tell whether it was anything."""
        for count in range(MAX_BATCH):
            message = None if self._is_over or self._is_halted else channel.receive()
            if message is None:
                return count > 0
            if isinstance(message, str):
                self._end("the other hub sent text")
            elif len(message) > MAX_MESSAGE:
                self._end("the other hub sent a message that is too long")
            else:
                self._listener.received(message)
        return True

    def _discard(self, channel: rtc.DataChannel) -> None:
        """Read on while closing: the library's threads must not wait for room in its queue."""
        for _ in range(MAX_BATCH):
            if channel.receive() is None:
                return

    # The end

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        """End the channel, not from within this call, if what it is asked to do cannot be done."""
        try:
            yield
        except SdpError as problem:
            self._loop.call_soon(self._end, str(problem))
        except Exception:
            logger.exception("libdatachannel failed to %s", what)
            self._loop.call_soon(self._end, "internal error of libdatachannel")

    def _end(self, reason: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._listener.ended(reason)
            self._let_go()

    def _let_go(self) -> None:
        """End the connection in a thread, since that waits until all is sent and confirmed."""
        connection = self._connection
        if connection is None:
            self._on_gone(self)
            return

        def end() -> None:
            connection.close()
            time.sleep(GRACE)
            try:
                self._loop.call_soon_threadsafe(self._forget)
            except RuntimeError:
                logger.debug("the event loop ended before its channels did")

        threading.Thread(target=end, name="peerpigeon-rtc-end", daemon=True).start()

    def _forget(self) -> None:
        self._connection = self._channel = None
        self._on_gone(self)


_FOUND = {rtc.PeerConnection.IceState.Connected, rtc.PeerConnection.IceState.Completed}
_LOST = {
    rtc.PeerConnection.State.Disconnected,
    rtc.PeerConnection.State.Failed,
    rtc.PeerConnection.State.Closed,
}


def _configuration(ice: IceOptions) -> rtc.Configuration:
    configuration = rtc.Configuration()
    configuration.disable_auto_negotiation = True
    configuration.max_message_size = MAX_MESSAGE
    configuration.certificate_pem_file, configuration.key_pem_file = make_texts()
    configuration.ice_servers = [
        *(rtc.IceServer(server.host, server.port) for server in ice.stun_servers),
        *(_relay(server) for server in ice.turn_servers),
    ]
    if ice.loopback_only:
        configuration.bind_address = LOOPBACK
    if ice.port_range is not None:
        configuration.port_range_begin, configuration.port_range_end = ice.port_range
    return configuration


def _relay(server: IceServer) -> rtc.IceServer:
    return rtc.IceServer(server.host, server.port, server.username, server.credential)
