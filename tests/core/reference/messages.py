"""What a hub of the npm package says to another hub, field by field as recorded from 1.1.3."""

from typing import Any

Json = dict[str, Any]

MESH = "pigeonhub-mesh"
AT = 1_795_338_821_903


def announce(port: int = 3721, **more: object) -> Json:
    """Say that one is a hub; the first message on the socket."""
    data: Json = {
        "isHub": True,
        "port": port,
        "host": "127.0.0.1",
        "capabilities": ["signaling", "relay"],
        "timestamp": AT,
    }
    return {"type": "announce", "networkName": MESH, "data": data | more}


def discovered(peer: str, namespace: str = "net1", **data: object) -> Json:
    """Say that a client has announced itself."""
    return {
        "type": "peer-discovered",
        "data": {"peerId": peer, "isHub": False} | data,
        "networkName": namespace,
        "fromPeerId": "system",
        "timestamp": AT,
    }


def itself(hub: str) -> Json:
    """Say of one's own client in the reserved namespace that it is there."""
    return discovered(hub, MESH, isHub=True)


def gone(peer: str, namespace: str | None = "net1") -> Json:
    """Say that a client's socket has closed."""
    said: Json = {
        "type": "peer-disconnected",
        "data": {"peerId": peer, "isHub": False, "reason": "disconnected", "timestamp": AT},
        "networkName": namespace,
        "fromPeerId": "system",
        "timestamp": AT,
    }
    if namespace is None:
        del said["networkName"]
    return said


def pong() -> Json:
    """Answer a ping, after all that was to be said to who has just come."""
    return {
        "type": "pong",
        "data": {"timestamp": AT},
        "fromPeerId": "system",
        "timestamp": AT,
    }


def signal(
    sender: str, target: str, data: object = "x", kind: str = "offer", namespace: str = "net1"
) -> Json:
    """Pass on a client's signal for somebody who is not at that hub."""
    return {
        "type": kind,
        "data": data,
        "fromPeerId": sender,
        "targetPeerId": target,
        "networkName": namespace,
        "timestamp": AT,
    }
