"""What frames are on the wire: how long, and what of them goes into the trace.

Most of what crosses the links of a large mesh is adverts, each of which reaches every hub, over
several links, in frames with ever other ones. Each is encoded once; of a frame with adverts the
trace gets their fingerprints.
"""

from __future__ import annotations

from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_codec import encode, encode_part
from peerpigeon.core.wire.hub_frames import Adverts

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Advert, Frame

_MOST_FRAMES = 1024
_MOST_ADVERTS = 16_384
"""More than are under way at one time in a mesh of some thousand hubs."""

_FINGERPRINT = 16
_FIX_ARRAY, _ARRAY_16 = 15, 0xFFFF
"""The most elements of an array with a head of one byte, and with one of three."""

_SIZE, _CONTENT = itemgetter(1), itemgetter(2)


class Encoding:
    """The lengths and contents of the frames and adverts that came last."""

    __slots__ = ("_adverts", "_frames")

    def __init__(self) -> None:
        # By the identities of what they are about, which stay theirs for as long as it is kept.
        self._frames: dict[int, tuple[Frame, int, bytes]] = {}
        self._adverts: dict[int, tuple[Advert, int, bytes]] = {}

    def describe(self, frame: Frame) -> tuple[int, bytes]:
        """Return how many bytes a frame has on the wire, and what stands for these."""
        if type(frame) is not Adverts:
            content = encode(frame)
            return len(content), content
        kept = self._frames.get(id(frame))
        if kept is None:
            kept = self._frames[id(frame)] = frame, *self._describe_adverts(frame)
            if len(self._frames) > _MOST_FRAMES:
                del self._frames[next(iter(self._frames))]
        return kept[1:]

    def _describe_adverts(self, frame: Adverts) -> tuple[int, bytes]:
        known = self._adverts
        kept = [known.get(id(advert)) or self._describe_advert(advert) for advert in frame.adverts]
        count = len(kept)
        head = 1 if count <= _FIX_ARRAY else 3 if count <= _ARRAY_16 else 5
        size = (
            sum(map(_SIZE, kept)) + head + 4
        )  # the frame's own head, its tag, its urgency, for whom it is
        return size, b"".join((bytes((frame.is_urgent, frame.is_for_all)), *map(_CONTENT, kept)))

    def _describe_advert(self, advert: Advert) -> tuple[Advert, int, bytes]:
        content = encode_part(advert)
        fingerprint = blake2b(content, digest_size=_FINGERPRINT).digest()
        kept = self._adverts[id(advert)] = advert, len(content), fingerprint
        if len(self._adverts) > _MOST_ADVERTS:
            del self._adverts[next(iter(self._adverts))]
        return kept
