"""Pictures of a server for tests of its metrics."""

from __future__ import annotations

from random import Random

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.counts import Histogram
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.events import PeerLost, PeerOpened, PeerSent
from peerpigeon.core.interface.figures import distribution
from peerpigeon.core.interface.serving import Serving
from peerpigeon.net.metrics.picture import Picture, ShellFigures
from peerpigeon.net.traffic import Traffic

A, B, HUB = (PeerId(digit * 40) for digit in "abf")
EPOCH = 1_795_338_000.0


def say(hub: Hub, session: int, text: str) -> None:
    hub.handle(PeerSent(SessionId(session), text), 1.0)


def busy(*, is_hub: bool) -> Picture:
    """Return a server to which something of most kinds has happened."""
    config = ServerConfig(is_hub=is_hub, hub_secret="s" * 32 if is_hub else "")
    hub = Hub(HUB, config, Random(1), epoch=EPOCH)
    for session, peer in ((1, A), (2, B)):
        hub.handle(PeerOpened(SessionId(session), peer, "192.0.2.1"), 1.0)
        say(hub, session, '{"type": "announce", "data": {}, "networkName": "secret room"}')
    signal = '{"type": "%s", "data": 1, "networkName": "secret room", "targetPeerId": "%s"}'
    say(hub, 1, signal % ("offer", B))
    say(hub, 1, signal % ("renegotiation-of-my-own", B))
    say(hub, 1, signal % ("answer", "9" * 40))
    say(hub, 1, "nonsense")
    hub.handle(PeerOpened(SessionId(3), "no id", "192.0.2.1"), 1.0)
    hub.handle(PeerLost(SessionId(2), 1001, "any text of a client"), 2.0)
    times = Histogram()
    times.observe(0.003)
    shell = ShellFigures(
        serving=Serving.READY,
        max_connections=1000,
        entering=1,
        refused={401: 2},
        relieved=0,
        faults=0,
        traffic={
            "clients": Traffic(1000, 2000),
            "hubs_websocket": Traffic(),
            "hubs_p2p": Traffic(),
        },
        link_queue=0,
        link_dropped=0,
        turn_times=distribution(times),
        loop_lag=distribution(Histogram()),
    )
    return Picture(hub.status.snapshot(10.0), hub.status.figures(), shell)
