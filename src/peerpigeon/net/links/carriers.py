"""What carries links between hubs: sockets that were dialled or accepted, and data channels.

To the hub all of them are links. The frames that go over one link in one turn of the event loop
leave together, urgent ones first (``core/interface/link_outbox.py``).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from peerpigeon.core import Carrier, is_greeting
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import CloseLink, SendToLink, TrustLink
from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    GOING_AWAY,
    INVALID_PAYLOAD,
    PROTOCOL_ERROR,
    TRY_AGAIN_LATER,
)
from peerpigeon.core.interface.events import (
    ChannelAdvanced,
    ChannelCandidate,
    Event,
    LinkLost,
    LinkOpened,
    LinkReceived,
    OpeningFailed,
)
from peerpigeon.core.interface.link_outbox import AHEAD, LinkOutbox
from peerpigeon.core.interface.link_pieces import STRANGER_MESSAGE, PieceError
from peerpigeon.core.wire.hub_codec import FrameError, decode
from peerpigeon.net.links.data_channel import DataChannel
from peerpigeon.net.links.link import Link
from peerpigeon.net.links.link_sockets import LinkSocket, LinkSockets
from peerpigeon.net.links.openings import Openings
from peerpigeon.net.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import LinkAction
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.links.link import Wire
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.seldom import SeldomWarnings
    from peerpigeon.net.websocket.outgoing import Dialing
    from peerpigeon.rtc.interface import Engine


class Carriers:
    """The links of one hub, and what may become links, as its shell has them.

    ``feed`` takes the events, ``meet`` a dial that has led to a hub of the npm package.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        own: PeerId,
        feed: Callable[[Event], None],
        meet: Callable[[Dialing], None],
        engine: Engine | None,
        config: ServerConfig,
        holders: Holders,
        warnings: SeldomWarnings,
    ) -> None:
        self._feed = feed
        self._meet = meet
        self.openings = Openings(own, feed, engine, config, warnings, self._new_channel)
        """What is under way to become a link."""
        self._max_outbox_size = config.max_link_outbox_size
        self._holders = holders
        holders.account.signals.gauges.append(lambda: self.waiting)
        self._loop = asyncio.get_running_loop()
        self.sockets = LinkSockets(
            self,
            LinkSocket.accepted,
            max_message_size=STRANGER_MESSAGE,
            max_outbox_size=4 * AHEAD,  # what is beyond one message more are answers to pings
            close_timeout=config.close_timeout,
            holders=holders,
        )
        """The WebSockets to other hubs, whoever opened them."""
        self._links: dict[LinkId, Link] = {}
        self._by_wire: dict[Wire, Link] = {}
        self._last_link = 0
        self._emptied: asyncio.Future[None] | None = None  # who waits for the last link to end
        self._unsent: list[Link] = []
        self.channel_traffic = Traffic()
        """What has gone over data channels."""
        self.dropped = 0
        """How many frames found a link's outbox full."""

    async def emptied(self) -> None:
        """Wait until no link is open."""
        if self._links:
            self._emptied = self._loop.create_future()
            await self._emptied

    async def close(self, code: int, reason: str) -> None:
        """End all links and all that are under way."""
        for link in list(self._links.values()):
            self._close(link, code, reason)
        await self.openings.close(code, reason)

    # What the hub asks for

    def perform(self, action: LinkAction) -> None:
        """Do what the hub asks for."""
        match action:
            case SendToLink(number):
                if (link := self._links.get(number)) is not None:
                    self._send(link, action)
            case TrustLink(number):
                if (link := self._links.get(number)) is not None:
                    link.trust()
            case CloseLink(number, code, reason):
                if (link := self._links.get(number)) is not None:
                    self._close(link, code, reason)
            case _:
                self.openings.perform(action, self)

    def _new_channel(self, opening: int) -> DataChannel:
        traffic, turns = self.channel_traffic, self.sockets.turns
        return DataChannel(opening, self, traffic, turns, self._holders)

    # Sending

    def _send(self, link: Link, action: SendToLink) -> None:
        if not link.outbox.add(action.frame, link.wire.buffered):
            self.dropped += 1
        elif not link.is_flushing:
            link.is_flushing = True
            if not self._unsent:
                self._loop.call_soon(self._flush_all)
            self._unsent.append(link)

    @property
    def waiting(self) -> int:
        """How many bytes wait for all links."""
        return sum(link.outbox.size for link in self._links.values())

    def traffic(self) -> dict[str, Traffic]:
        """Return how many bytes have come and gone since the start, by carrier; costs O(links)."""
        channels = self.channel_traffic
        return {
            "hubs_websocket": self.sockets.traffic(),
            "hubs_p2p": Traffic(channels.received, channels.sent),
        }

    def _flush_all(self) -> None:
        unsent, self._unsent = self._unsent, []
        for link in unsent:
            link.is_flushing = False
            link.flush()

    def _close(self, link: Link, code: int, reason: str) -> None:
        self._forget(link)
        link.close(code, reason)

    # Links come and go

    def _add_socket(self, socket: LinkSocket, opening: int, *, is_local: bool) -> None:
        address = "" if opening else socket.address
        link = self._add(socket, (Carrier.WEBSOCKET, Carrier.LOCAL)[is_local], opening, address)
        socket.drained = link.flush

    def _add(self, wire: Wire, carrier: Carrier, opening: int, address: str = "") -> Link:
        self._last_link += 1
        outbox = LinkOutbox(self._max_outbox_size, self._holders.account.signals.has_room)
        link = Link(LinkId(self._last_link), wire, outbox, self._give_way)
        self._links[link.id] = self._by_wire[wire] = link
        self._feed(LinkOpened(link.id, carrier, opening, address))
        return link

    def _forget(self, link: Link) -> None:
        link.is_open = False
        self._holders.note(link, 0)
        del self._links[link.id]
        del self._by_wire[link.wire]
        if not self._links and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def _lose(self, wire: Wire, code: int, reason: str) -> None:
        if (link := self._by_wire.get(wire)) is not None:
            self._forget(link)
            self._feed(LinkLost(link.id, code, reason))

    def _receive(self, wire: Wire, message: bytes) -> None:
        link = self._by_wire.get(wire)
        if link is None:
            return
        try:
            whole = link.take(message)
            if whole is None or self._holders.knows(link):
                self._holders.note(link, link.begun)
            frames = () if whole is None else decode(whole)
        except (FrameError, PieceError):
            self._close(link, INVALID_PAYLOAD, "not a message of frames")
            self._feed(LinkLost(link.id, INVALID_PAYLOAD, "not a message of frames"))
            return
        for frame in frames:
            self._feed(LinkReceived(link.id, frame))
            if not link.is_open:
                return

    def _give_way(self, link: Link) -> None:
        self._close(link, TRY_AGAIN_LATER, "out of memory")
        lost = LinkLost(link.id, TRY_AGAIN_LATER, "out of memory")
        self._loop.call_soon(self._feed, lost)  # this may be the hub's own call

    def give_up(self, number: LinkId, code: int, reason: str) -> bool:
        """End a link for a fault of ours; return whether it was open."""
        link = self._links.get(number)
        if link is not None:
            self._close(link, code, reason)
        return link is not None

    # WebSockets, whoever opened them (``SocketListener``)

    def socket_opened(self, socket: LinkSocket, request: UpgradeRequest) -> None:
        """Take a socket that another hub has opened."""
        self._add_socket(socket, 0, is_local=request.is_of_worker)

    def sockets_received(self, received: list[tuple[LinkSocket, bytes]]) -> None:
        """Take messages that came together."""
        for socket, message in received:
            self._receive(socket, message)

    def socket_ponged(self, socket: LinkSocket, payload: bytes) -> None:
        """Ignore it: hubs have heartbeats of their own."""

    def socket_closed(self, socket: LinkSocket, code: int, reason: str) -> None:
        """Take the end of a socket."""
        self._lose(socket, code, reason)

    # WebSockets that are being dialled (``DialListener``)

    def dial_answered(self, dial: Dialing, message: str | bytes) -> None:
        """Take the socket if a hub has answered, or hand it over if that is of the npm package."""
        if not self.openings.conclude(dial):
            dial.close(GOING_AWAY, "not waited for any more")
        elif isinstance(message, bytes):
            socket = dial.become(LinkSocket, self.sockets)
            self._add_socket(socket, dial.opening, is_local=dial.is_local)
        elif is_greeting(message.encode()):
            self._meet(dial)
        else:
            dial.close(PROTOCOL_ERROR, "no hub answers there")
            self._feed(OpeningFailed(dial.opening, "no hub answers there"))

    def dial_failed(self, dial: Dialing, reason: str) -> None:
        """Tell the hub that there is nobody."""
        self.openings.fail_dial(dial, reason)

    # Data channels (``DataChannelListener``)

    def channel_described(self, channel: DataChannel, sdp: str) -> None:
        """Hand the hub an offer or answer."""
        self.openings.describe(channel, sdp)

    def channel_candidate(self, channel: DataChannel, candidate: str) -> None:
        """Hand the hub a candidate."""
        if self.openings.is_under_way(channel):
            self._feed(ChannelCandidate(channel.opening, candidate))

    def channel_advanced(self, channel: DataChannel, stage: str, way: str) -> None:
        """Tell the hub, which tells people if it does not come further."""
        if self.openings.is_under_way(channel):
            self._feed(ChannelAdvanced(channel.opening, stage, way))

    def channel_opened(self, channel: DataChannel) -> None:
        """Take an open channel."""
        if self.openings.conclude(channel):
            self._add(channel, Carrier.P2P, channel.opening)

    def channel_received(self, channel: DataChannel, message: bytes) -> None:
        """Take one message."""
        self._receive(channel, message)

    def channel_flooded(self, channel: DataChannel) -> None:
        """Close a channel over which more has come than can be kept."""
        if (link := self._by_wire.get(channel)) is not None:
            self._give_way(link)

    def channel_drained(self, channel: DataChannel) -> None:
        """Send what was held back."""
        if (link := self._by_wire.get(channel)) is not None:
            link.flush()

    def channel_ended(self, channel: DataChannel, reason: str) -> None:
        """Take the end of a channel, open or not."""
        self.openings.fail(channel, reason)
        self._lose(channel, ABNORMAL_CLOSURE, reason)
