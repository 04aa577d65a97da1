"""Carries out what a hub asks for on the way to a link: it finds who is meant, and begins."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.interface.actions import (
    Dial,
    DropChannel,
    MakeAnswer,
    MakeOffer,
    Resolve,
    TakeAnswer,
    TakeCandidate,
    Warn,
)
from peerpigeon.core.interface.events import NameResolved, ResolvingFailed
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.openings import DESCRIBING, Channel, Dialing, Opening

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.interface.actions import ChannelAction
    from peerpigeon.sim.openings import Callee, Opener
    from peerpigeon.sim.stage import Stage

LOOKUP = 0.05
"""Seconds that the name service takes for an answer."""

_FEW = 100
"""The most channels that are over and may still be kept."""

UNIX_SCHEME = "unix:"
"""What the addresses begin with by which workers of one machine dial each other."""


class Connector:
    """Finds who is meant by an address or a description."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._hosts: dict[str, tuple[Callee, ...]] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        """What the name service says: the addresses of each name."""
        self._channels: dict[str, Channel] = {}
        self._sweep_at = _FEW

    def publish(self, address: str, *hosts: Callee) -> None:
        """Let ``hosts`` be found under ``address``, a WebSocket URI or the path of a socket."""
        self._hosts[address] = hosts

    def find_host(self, uri: str, rng: Random) -> Callee | None:
        """Return who takes a connection to an address: of several that listen there, anybody."""
        found = self._hosts.get(uri.rstrip("/"), ())
        takers = [each for each in found if each.is_alive and not each.is_stopping] or found
        return rng.choice(takers) if len(takers) > 1 else next(iter(takers), None)

    def dial(self, owner: Opener, number: int, uri: str) -> Opening:
        """Begin to open a WebSocket."""
        is_local = uri.startswith(UNIX_SCHEME)
        carrier = Carrier.LOCAL if is_local else Carrier.WEBSOCKET
        callee = self.find_host(uri, owner.line_rng)
        return Dialing(self._stage, owner, number, callee, carrier)

    def resolve(self, owner: Opener, name: str) -> None:
        """Look up a name; what it leads to is what it does when the answer leaves."""
        life, scheduler = owner.life, self._stage.scheduler

        def answer() -> None:
            if owner.is_alive and owner.life == life:
                found = self.names.get(name)
                lacking = ResolvingFailed(name, "no such name")
                owner.feed(NameResolved(name, found) if found else lacking)

        scheduler.at(scheduler.now + LOOKUP, answer)

    def offer(self, owner: Opener, number: int) -> Opening:
        """Begin a data channel."""
        if owner.config.webrtc_engine == "none":
            return self._refuse(owner, number, "this hub has no WebRTC engine")
        return self._keep(Channel(self._stage, owner, number))

    def answer(self, owner: Opener, number: int, sdp: str) -> Opening:
        """Begin the other end of a data channel."""
        partner = self.find(sdp, "offer")
        if owner.config.webrtc_engine == "none":
            return self._refuse(owner, number, "this hub has no WebRTC engine")
        if partner is None:
            return self._refuse(owner, number, "not an offer")
        return self._keep(Channel(self._stage, owner, number, partner))

    def _refuse(self, owner: Opener, number: int, reason: str) -> Opening:
        opening = Opening(self._stage, owner, number)
        scheduler = self._stage.scheduler
        scheduler.at(scheduler.now + DESCRIBING, partial(opening.fail, reason))
        return opening

    def find(self, sdp: str, kind: str) -> Channel | None:
        """Return the end of a channel that ``sdp`` describes, if it is of this kind."""
        said, _, token = sdp.strip().partition(" ")
        return self._channels.get(token) if said == kind else None

    def _keep(self, channel: Channel) -> Channel:
        self._channels[channel.token] = channel
        if len(self._channels) >= self._sweep_at:
            self._channels = {
                token: kept for token, kept in self._channels.items() if kept.is_wanted
            }
            self._sweep_at = 2 * len(self._channels) + _FEW
        return channel


def open_way(
    action: Dial | Resolve | ChannelAction | Warn,
    hub: Opener,
    openings: dict[int, Opening],
    connector: Connector,
) -> None:
    """Do what a hub asks for on the way to a link, and what it would have in a log if it fails."""
    match action:
        case Dial(opening=number, uri=uri):
            openings[number] = connector.dial(hub, number, uri)
        case Resolve(name=name):
            connector.resolve(hub, name)
        case Warn():
            pass  # nobody reads a log here
        case _:
            _open_channel(action, hub, openings, connector)


def _open_channel(
    action: ChannelAction, hub: Opener, openings: dict[int, Opening], connector: Connector
) -> None:
    number = action.opening
    match action:
        case MakeOffer():
            openings[number] = connector.offer(hub, number)
        case MakeAnswer(sdp=sdp):
            openings[number] = connector.answer(hub, number, sdp)
        case TakeAnswer(sdp=sdp):
            channel = openings.get(number)
            if isinstance(channel, Channel):
                channel.take_answer(connector.find(sdp, "answer"))
        case DropChannel():
            if number in openings:
                openings[number].drop()
        case TakeCandidate():
            pass  # The simulated engine puts all candidates into its description.
        case _:
            assert_never(action)
