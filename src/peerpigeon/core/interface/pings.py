"""What a WebSocket ping to a client carries: the number by which its pong is known."""

from __future__ import annotations

_SIZE = 8
"""Bytes of a ping's number."""


def ping_payload(number: int) -> bytes:
    """Return the payload of the ping that ``PingPeer`` asks for."""
    return number.to_bytes(_SIZE, "big")


def ping_number(payload: bytes) -> int:
    """Return the ``number`` of ``PeerPonged`` for a pong's payload; 0 for an empty one."""
    return int.from_bytes(payload, "big")
