"""What the log says of a data channel that does not come to be: at which stage, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import Warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.mesh.attempts import ChannelAttempt

_BEGINNING = (
    "no data channel to a hub can be begun; see whether udp_ports (UDP_PORTS) has a port left, and"
    " what this log says of WebRTC"
)

_STAGES: Mapping[str, str] = {
    "ICE": (
        "no data channel to a hub, at the stage ICE: UDP does not pass between the two; let it pass"
        " in both directions (udp_ports, UDP_PORTS, chooses the ports), or name a TURN server"
        " (ice_servers, ICE_SERVERS); until then they are linked by WebSocket"
    ),
    "DTLS": (
        "no data channel to a hub, at the stage DTLS: UDP passes, and no encrypted connection comes"
        " about; let packets of 1200 bytes pass unchanged; until then they are linked by WebSocket"
    ),
    "SCTP": (
        "no data channel to a hub, at the stage SCTP: an encrypted connection is there, and the"
        " channel in it does not open; let all hubs be of one release of this package"
    ),
}


def channel_failure(channel: ChannelAttempt, reason: str, address: str) -> Warn:
    """Return the line about a channel; ``address`` is where its hub can be dialled."""
    text = _STAGES.get(channel.stage, _STAGES["ICE"]) if channel.is_agreed else _BEGINNING
    said = f"{reason}, {channel.way}" if channel.way else reason
    return Warn(text, address, channel.hub, said, apart=channel.hub)
