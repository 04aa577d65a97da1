"""How much hubs say to each other, by what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Ack, Routed, Segment
from peerpigeon.core.wire.hub_news import Relay

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Frame


LONG_DELAY = 3.0
"""Seconds on one link: a link that is silent for half a second more is given up."""


@dataclass(frozen=True, slots=True)
class Share:
    """What frames of one kind amount to. A frame that crosses three links counts three times."""

    frames: int = 0
    octets: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.frames + other.frames, self.octets + other.octets)

    def __sub__(self, other: Share) -> Share:
        return Share(self.frames - other.frames, self.octets - other.octets)


class Tally:
    """Counts the frames that cross links, and their bytes."""

    __slots__ = ("_counts", "delays", "dropped")

    def __init__(self) -> None:
        self._counts: dict[type, list[int]] = {}
        self.dropped = 0
        """How many frames found the outbox of their link full."""
        self.delays: list[float] = []
        """When frames were sent that packets lost on their way held up for ``LONG_DELAY``."""

    def note(self, frame: Frame, size: int) -> None:
        """Count one frame of ``size`` bytes that has crossed a link."""
        kind: type = type(frame)
        if kind is Routed:
            body = frame.body  # type: ignore[union-attr]
            kind = type(body.news) if type(body) is Segment else type(body)
        count = self._counts.get(kind)
        if count is None:
            count = self._counts[kind] = [0, 0]
        count[0] += 1
        count[1] += size

    def note_delay(self, now: float) -> None:
        """Note when a frame was sent that comes late, or not at all if the link is given up."""
        self.delays.append(now)

    def note_dropped(self) -> None:
        """Count one frame that found the outbox of its link full."""
        self.dropped += 1

    def shares(self) -> dict[str, Share]:
        """Return what has been counted so far, by the name of the innermost class of a frame."""
        return {
            kind.__name__: Share(*count)
            for kind, count in sorted(self._counts.items(), key=lambda item: item[0].__name__)
        }

    def signals(self) -> Share:
        """Return what clients' signals amount to."""
        return Share(*self._counts.get(Relay, ()))

    def acknowledgements(self) -> Share:
        """Return what acknowledgements amount to, those of control news included."""
        return Share(*self._counts.get(Ack, ()))

    def signaling(self) -> Share:
        """Return what signals and acknowledgements amount to."""
        return self.signals() + self.acknowledgements()

    def control(self) -> Share:
        """Return what all amounts to but clients' signals and the acknowledgements."""
        whole = sum((Share(*count) for count in self._counts.values()), Share())
        return whole - self.signaling()
