"""The hubs that take control news more slowly than they are told it, so that work for them waits.

Control news is never refused: what waits for one hub waits in its stream, and if that is too much
it is given up as a whole. So who has much to say, and could say it later as well, asks here before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config.quantities import MIB

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

BEHIND = 4 * MIB
"""Bytes of control news, as ``size_of`` has them, that a hub has not acknowledged, beyond which it
lags behind. A hub takes that much in a tenth of a second; it is a quarter of that on the wire."""

FAR_BEHIND = 2 * BEHIND
"""The same, beyond which others wait for it too whose news concerns it as well: a quarter of what
is given up (``StreamLimits.control_bytes``)."""

PATIENCE = 10.0
"""Seconds for which a hub that acknowledges nothing is waited for. It lives, or it would be taken
for gone by now; but nobody shall stop the work for all others by saying nothing."""


class Lagging:
    """How much control news waits for those hubs for which it is much.

    Those that have taken nothing for ``PATIENCE`` do not count, until they take something.
    """

    __slots__ = ("_moved_at", "_sizes")

    def __init__(self) -> None:
        self._sizes: dict[PeerId, int] = {}
        self._moved_at: dict[PeerId, float] = {}

    # What streams tell

    def told(self, hub: PeerId, size: int, now: float) -> None:
        """Note that so many bytes wait for a hub, now that it was told more."""
        if size > BEHIND:
            self._sizes[hub] = size
            self._moved_at.setdefault(hub, now)

    def heard(self, hub: PeerId, size: int, now: float) -> None:
        """Note that so many bytes wait for a hub, now that it has acknowledged some."""
        if hub in self._sizes:
            if size > BEHIND:
                self._sizes[hub], self._moved_at[hub] = size, now
            else:
                self.forget(hub)

    def forget(self, hub: PeerId) -> None:
        """Note that nothing waits for a hub any more."""
        self._sizes.pop(hub, None)
        self._moved_at.pop(hub, None)

    # What others ask

    def until(self, hub: PeerId) -> float | None:
        """Return until when to wait for a hub that is behind; ``None`` if it is not."""
        moved_at = self._moved_at.get(hub)
        return None if moved_at is None else moved_at + PATIENCE

    def far_behind(self) -> list[PeerId]:
        """Return the hubs that are far behind, whether or not it is time to wait for them."""
        return [hub for hub, size in self._sizes.items() if size > FAR_BEHIND]
