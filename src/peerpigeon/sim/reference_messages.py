"""What a hub of the npm package says and understands, as text JSON (npm ``peerpigeon`` 1.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config import GLOBAL_NAMESPACE, ServerConfig
from peerpigeon.core.ids import PeerId

if TYPE_CHECKING:
    from collections.abc import Mapping

MESH = ServerConfig().hub_mesh_namespace
"""The reserved namespace, in which hubs announce themselves."""

_SYSTEM = "system"


class Message(msgspec.Struct, rename="camel", omit_defaults=True):
    """Any message, in either direction; what it does not name is empty."""

    type: str
    data: dict[str, object] = {}
    network_name: str = ""
    from_peer_id: str = ""
    target_peer_id: str = ""
    timestamp: int = 0
    error: str = ""

    @property
    def namespace(self) -> str:
        """The namespace it is about."""
        return self.network_name or GLOBAL_NAMESPACE

    @property
    def subject(self) -> PeerId:
        """The peer that it is about."""
        return PeerId(str(self.data.get("peerId", "")))

    @property
    def is_about_a_hub(self) -> bool:
        """Whether that is a hub, or says that it is."""
        return bool(self.data.get("isHub"))

    def encode(self) -> bytes:
        """Return the message as it is on the wire."""
        return _encoder.encode(self)


_encoder = msgspec.json.Encoder()
decode = msgspec.json.Decoder(Message).decode


def connected(peer: PeerId) -> Message:
    """Greet who has just connected."""
    return Message("connected", {"peerId": peer}, from_peer_id=_SYSTEM)


def announce(host: str, port: int) -> Message:
    """Say to a hub that one is a hub too."""
    data = {"isHub": True, "port": port, "host": host, "capabilities": ["signaling", "relay"]}
    return Message("announce", data, MESH)


def discovered(
    peer: PeerId,
    namespace: str,
    announced: Mapping[str, object],
    *,
    is_hub: bool = False,
    to: str = "",
) -> Message:
    """Say that a peer is in a namespace, with what it has announced of itself."""
    data = {"peerId": peer, "isHub": is_hub, **announced}
    return Message("peer-discovered", data, namespace, _SYSTEM, to)


def disconnected(peer: PeerId, namespace: str, *, is_hub: bool = False, to: str = "") -> Message:
    """Say that a peer is gone. To hubs it says so a second time, without a namespace."""
    data = {"peerId": peer, "isHub": is_hub, "reason": "disconnected"}
    return Message("peer-disconnected", data, namespace, _SYSTEM, to)


def pong(peer: PeerId) -> Message:
    """Answer a ping."""
    return Message("pong", {}, from_peer_id=_SYSTEM, target_peer_id=peer)


def unroutable(kind: str) -> Message:
    """Answer what it does not pass on."""
    return Message("error", error=f"Signaling server does not route '{kind}' messages.")
