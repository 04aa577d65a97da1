"""Frames as bytes, each encoded once however many links it crosses.

What goes from a hub to all its neighbours is one object, and at a thousand hubs most of what there
is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_codec import encode
from peerpigeon.core.wire.hub_frames import Adverts

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Frame

_MOST_KEPT = 1024
"""More than are under way at one time in a mesh of a thousand hubs."""


class Encoding:
    """The bytes of the frames that came last."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        # By the identity of the frame, which stays its own for as long as it is kept here.
        self._kept: dict[int, tuple[Frame, bytes]] = {}

    def encode(self, frame: Frame) -> bytes:
        """Return a frame as it is on the wire."""
        if type(frame) is not Adverts:
            return encode(frame)
        kept = self._kept.get(id(frame))
        if kept is None:
            kept = self._kept[id(frame)] = frame, encode(frame)
            if len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept[1]
