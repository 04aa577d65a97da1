"""What the parts of one hub have to say to each other and to other hubs, one piece at a time."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.mesh.changes import Change, Heard, Leaving, ReferenceChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.core.effects import Outbox
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import News

Piece: TypeAlias = Change | ReferenceChange | Heard | Leaving


class Backlog:
    """The pieces that one hub has yet to handle.

    ``next`` gives each away before it is handled. If a fault of ours ends the handling of one, the
    fault costs that piece alone: those behind it are still here for the next event.
    """

    def __init__(
        self,
        own: PeerId,
        out: Outbox,
        *changes: Callable[[], Iterable[Change | ReferenceChange]],
    ) -> None:
        self._own = own
        self._out = out
        self._changes = changes
        self._pieces: deque[Piece] = deque()
        self._to_self: deque[News] = deque()

    def deadline(self) -> float | None:
        """Return a time long ago if a fault has left pieces behind."""
        return -inf if self._pieces or self._to_self else None

    def next(self) -> Piece | None:
        """Return what is to be handled now; ``None`` if nobody has anything more to say."""
        pieces = self._pieces
        if not pieces:
            for take_changes in self._changes:
                pieces += take_changes()
            if not pieces:
                self._gather_news()
        return pieces.popleft() if pieces else None

    def _gather_news(self) -> None:
        if self._out.news:
            self._pieces += [Leaving(hub, news) for hub, news in self._out.take_news()]
        elif self._to_self:
            self._pieces.append(Heard(self._own, self._to_self.popleft()))

    def hear(self, source: PeerId, news: list[News]) -> None:
        """Have news from another hub handled before all else, in its order; there may be none."""
        for piece in reversed(news):
            self._pieces.appendleft(Heard(source, piece))

    def tell_self(self, news: News) -> None:
        """Have news from this hub to itself handled when there is nothing else to do."""
        self._to_self.append(news)
