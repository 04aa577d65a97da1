"""Which hubs that have left the mesh are still shown to those who look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.interface.snapshot import MissingHub, TopologySnapshot

SHOWN_AS_LOST, SHOWN_AS_STOPPED = 300.0, 30.0
"""Seconds for which a hub that has left is shown: who has looked away is to see one that was lost,
and nobody misses one that was stopped."""


def left_hubs(picture: TopologySnapshot) -> list[MissingHub]:
    """Return the hubs that have left a while ago, longest missing first.

    One of which an address serves another hub by now has been restarted, and is left out.
    """
    served = {address for view in picture.hubs for address in view.addresses}
    return [
        hub
        for hub in picture.missing
        if picture.wall_time - hub.since < (SHOWN_AS_STOPPED if hub.has_stopped else SHOWN_AS_LOST)
        and not served.intersection(hub.addresses)
    ]


def state_of(hub: MissingHub) -> str:
    """Return ``stopped`` for a hub that has said so, and ``lost`` for any other."""
    return "stopped" if hub.has_stopped else "lost"
