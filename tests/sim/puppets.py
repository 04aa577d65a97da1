"""Hubs without a will: they note what happens to them, and a test pulls the strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.actions import (
    Action,
    Dial,
    MakeAnswer,
    MakeOffer,
    SendToLink,
    TakeAnswer,
    TrustLink,
)
from peerpigeon.core.interface.events import ChannelDescribed, Event, LinkOpened, LinkReceived
from peerpigeon.core.wire.hub_frames import Carrier, Heartbeat
from peerpigeon.sim.network import Network
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.sim.host import Host

E = TypeVar("E", bound=Event)


class Puppet(Hub):
    """Answers nothing and wants nothing; trusts whoever comes, unless told otherwise."""

    is_trusting = True

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float, now: float
    ) -> None:
        super().__init__(own, config, rng, epoch, now)
        self.made_with = epoch
        self.happened: list[tuple[float, Event]] = []

    def handle(self, event: Event, now: float) -> list[Action]:
        self.happened.append((now, event))
        return [TrustLink(event.link)] if isinstance(event, LinkOpened) and self.is_trusting else []

    def deadline(self) -> float | None:
        return None


def puppet(hub: Host) -> Puppet:
    assert isinstance(hub.hub, Puppet)
    return hub.hub


class Stage:
    """Hubs half a second apart."""

    def __init__(
        self, hubs: int = 2, network: Network | None = None, max_link_outbox_size: int = 1 << 24
    ) -> None:
        self.world = World(1, network or Network(latency=0.5, jitter=0.0))
        self.hubs = [
            self.world.add_hub(
                ServerConfig(
                    host=f"hub-{number}",
                    is_hub=True,
                    open_mesh=True,
                    max_link_outbox_size=max_link_outbox_size,
                ),
                Puppet,
            )
            for number in range(hubs)
        ]

    def happened(self, number: int, kind: type[E]) -> list[tuple[float, E]]:
        return [
            (time, event)
            for time, event in puppet(self.hubs[number]).happened
            if isinstance(event, kind)
        ]

    def dial(self, caller: int, address: str, opening: int = 1) -> None:
        self.hubs[caller].perform(Dial(opening, address))

    def connect(self, a: int = 0, b: int = 1) -> tuple[LinkId, LinkId]:
        """Open a WebSocket from one hub to another; return what each calls it."""
        self.dial(a, f"ws://hub-{b}:3000")
        self.world.run(2.0)
        return self.last_link(a), self.last_link(b)

    def pair(self, a: int = 0, b: int = 1) -> tuple[LinkId, LinkId]:
        """Open a data channel between two hubs; return what each calls it."""
        self.negotiate(a, b)
        self.world.run(4.0)
        return self.last_link(a), self.last_link(b)

    def negotiate(self, a: int = 0, b: int = 1, opening: int = 1) -> None:
        """Let two hubs connector offer and answer; the rest takes three seconds."""
        one, other = self.hubs[a], self.hubs[b]
        one.perform(MakeOffer(opening))
        self.world.run(0.02)
        offer = self.happened(a, ChannelDescribed)[-1][1].sdp
        other.perform(MakeAnswer(opening, offer))
        self.world.run(0.02)
        answer = self.happened(b, ChannelDescribed)[-1][1].sdp
        one.perform(TakeAnswer(opening, answer))

    def last_link(self, number: int) -> LinkId:
        return self.happened(number, LinkOpened)[-1][1].link

    def carrier(self, number: int) -> Carrier:
        return self.happened(number, LinkOpened)[-1][1].carrier

    def beat(self, number: int, link: LinkId, digest: int = 0) -> None:
        self.hubs[number].perform(SendToLink(link, Heartbeat(digest)))

    def heard(self, number: int) -> list[tuple[float, int]]:
        """Return when a hub heard which heartbeats."""
        return [
            (time, event.frame.digest)
            for time, event in self.happened(number, LinkReceived)
            if isinstance(event.frame, Heartbeat)
        ]
