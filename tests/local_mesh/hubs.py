"""Hubs of a network as they might be, linked as a test wants."""

from __future__ import annotations

from dataclasses import replace

from peerpigeon.local_mesh.status import HubStatus, State

CHANNELS, SOCKETS = "p2p", "websocket"


def hub_id(number: int) -> str:
    return f"{number:x}" * 40


def hubs(count: int, *pairs: tuple[int, int], carrier: str = CHANNELS) -> list[HubStatus]:
    """Return hubs that listen, with links between pairs of numbers from 1 on."""
    listening = [
        HubStatus(number, 3000 + number - 1, hub_id(number), State.JOINING)
        for number in range(1, count + 1)
    ]
    return linked(listening, *pairs, carrier=carrier)


def linked(
    statuses: list[HubStatus], *pairs: tuple[int, int], carrier: str = CHANNELS
) -> list[HubStatus]:
    """Return the same hubs with more links."""
    result = list(statuses)
    for one, other in pairs:
        for here, there in ((one, other), (other, one)):
            status = result[here - 1]
            ids = getattr(status, carrier) | {hub_id(there)}
            # `replace` knows its fields by name, and mypy not by a variable's.
            result[here - 1] = (
                replace(status, p2p=ids) if carrier == CHANNELS else replace(status, websocket=ids)
            )
    return result
