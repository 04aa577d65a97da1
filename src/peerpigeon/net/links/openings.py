"""What may become links between hubs: sockets that are being dialled, and channels that are made.

An opening is under way until the hub is told what came of it, and no longer than the hub waits for
it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, assert_never

from peerpigeon.core.interface.actions import (
    Dial,
    DropChannel,
    MakeAnswer,
    MakeOffer,
    Resolve,
    TakeAnswer,
    TakeCandidate,
)
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.core.interface.events import NO_ENGINE, ChannelDescribed, Event, OpeningFailed
from peerpigeon.core.interface.link_pieces import STRANGER_MESSAGE
from peerpigeon.core.interface.timing import DIAL_TIMEOUT
from peerpigeon.net.links.data_channel import DataChannel
from peerpigeon.net.links.hub_uri import hub_uri
from peerpigeon.net.links.ice_server_watch import IceServerWatch
from peerpigeon.net.links.name_lookup import NameLookup
from peerpigeon.net.refusals import HOST_NOT_TRUSTED, NOT_DIALLED
from peerpigeon.net.tls.trust import Trust
from peerpigeon.net.websocket.outgoing import NOT_ADMITTED, NOT_TRUSTED, Dialing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import ChannelAction
    from peerpigeon.net.links.data_channel import DataChannelListener
    from peerpigeon.net.seldom import SeldomWarnings
    from peerpigeon.net.websocket.outgoing import DialListener
    from peerpigeon.rtc.interface import Engine

    Opening: TypeAlias = Dialing | DataChannel

    class OpeningListener(DialListener, DataChannelListener, Protocol):
        """Who hears of what is under way, and of channels that are open."""


DIALS_GRACE = 1.0
"""Seconds for dials that are answered with a close to end, when the hub stops."""


class Openings:
    """The openings of one hub.

    ``feed`` takes the events, ``new_channel`` makes one end of a data channel for an opening.
    """

    def __init__(
        self,
        own: PeerId,
        feed: Callable[[Event], None],
        engine: Engine | None,
        config: ServerConfig,
        warnings: SeldomWarnings,
        new_channel: Callable[[int], DataChannel],
    ) -> None:
        self._own = own
        self._feed = feed
        self._engine = engine
        self._warnings = warnings
        self._new_channel = new_channel
        self._ice_servers = IceServerWatch(config.parsed_ice_servers, warnings)
        self._dial_policy = config.dial_policy
        self.trust = Trust(config.hub_ca)
        """Whose certificates are trusted when a hub is dialled."""
        self._under_way: dict[int, Opening] = {}
        self._names = NameLookup(feed)
        self._dials: set[asyncio.Task[None]] = set()  # until nothing of them remains

    def __len__(self) -> int:
        return len(self._under_way)

    async def close(self, code: int, reason: str) -> None:
        """End all that are under way, and the engine with all its channels."""
        self._names.close()
        for opening in self._under_way.values():
            opening.close(code, reason)
        self._under_way.clear()
        if self._dials:
            _, slow = await asyncio.wait(self._dials, timeout=DIALS_GRACE)
            for dial in slow:
                dial.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
        self._ice_servers.close()
        if self._engine is not None:
            await self._engine.close()

    # What the hub asks for

    def perform(self, action: Dial | Resolve | ChannelAction, listener: OpeningListener) -> None:
        """Do what the hub asks for; ``listener`` hears of what is dialled."""
        match action:
            case Dial(opening, uri, is_told):
                dial = Dialing(
                    opening,
                    hub_uri(uri, self._own),
                    listener,
                    tls=self.trust.context,
                    admits=self._dial_policy.admits_address if is_told else None,
                    max_message_size=STRANGER_MESSAGE,
                    timeout=DIAL_TIMEOUT,
                )
                self._under_way[opening] = dial
                self._dials.add(dial.task)
                dial.task.add_done_callback(self._dials.discard)
            case Resolve(name):
                self._names.resolve(name)
            case _:
                self._perform_for_channel(action)

    def _perform_for_channel(self, action: ChannelAction) -> None:
        opening = action.opening
        channel = self._under_way.get(opening)
        match action:
            case MakeOffer() | MakeAnswer():
                self._make_channel(action)
            case TakeAnswer(_, sdp) if isinstance(channel, DataChannel):
                channel.take_answer(sdp)
            case TakeCandidate(_, candidate) if isinstance(channel, DataChannel):
                channel.take_candidate(candidate)
            case DropChannel() if channel is not None:
                del self._under_way[opening]
                channel.close(ABNORMAL_CLOSURE, "")
            case TakeAnswer() | TakeCandidate() | DropChannel():
                pass  # the channel has ended; the event that says so is on its way
            case _:
                assert_never(action)

    def _make_channel(self, action: MakeOffer | MakeAnswer) -> None:
        if self._engine is None:
            failed = OpeningFailed(action.opening, NO_ENGINE)
            asyncio.get_running_loop().call_soon(self._feed, failed)
            return
        sdp = action.sdp if isinstance(action, MakeAnswer) else None
        self._under_way[action.opening] = channel = self._new_channel(action.opening)
        channel.begin(self._engine, sdp)

    # What becomes of them

    def is_under_way(self, opening: Opening) -> bool:
        """Tell whether the hub waits for it."""
        return self._under_way.get(opening.opening) is opening

    def conclude(self, opening: Opening) -> bool:
        """Remove an opening; return whether the hub still waited for it."""
        was_awaited = self.is_under_way(opening)
        if was_awaited:
            del self._under_way[opening.opening]
        return was_awaited

    def describe(self, channel: DataChannel, sdp: str) -> None:
        """Hand the hub an offer or answer of ours, and see which ICE servers have answered."""
        if self.is_under_way(channel):
            self._ice_servers.look(sdp)
            self._feed(ChannelDescribed(channel.opening, sdp))

    def fail(self, opening: Opening, reason: str) -> None:
        """Tell the hub that nothing came of an opening, if it waits for that."""
        if self.conclude(opening):
            self._feed(OpeningFailed(opening.opening, reason))

    def fail_dial(self, dial: Dialing, reason: str) -> None:
        """Tell the hub that nobody is there, and people if that is for them to mend."""
        if reason == NOT_ADMITTED:
            self._warnings.add(NOT_DIALLED, dial.host)
        elif dial.is_told and NOT_TRUSTED in reason:
            self._warnings.add(HOST_NOT_TRUSTED, dial.host, reason=reason)
        self.fail(dial, reason)
