"""What the components of one hub have to say to each other and to other hubs, piece by piece."""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.changes import Change
from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_news import News

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A piece of news for this hub whose turn has come.

    A struct, not a dataclass, because every message makes one.
    """

    source: PeerId
    news: News


class Leaving(msgspec.Struct, frozen=True, gc=False):
    """A piece of news for another hub."""

    hub: PeerId
    news: News


Piece: TypeAlias = Change | Heard | Leaving


class Backlog:
    """The pieces that one hub has yet to handle.

    ``next`` gives each away before it is handled. If a fault of ours ends the handling of one, the
    fault costs that piece alone: those behind it are still here for the next event.
    """

    def __init__(self, own: PeerId, effects: Effects) -> None:
        self._own = own
        self._effects = effects
        self._pieces: deque[Piece] = deque()
        self._to_self: deque[News] = deque()

    def deadline(self) -> float | None:
        """Return a time long ago if a fault has left pieces behind."""
        return -inf if self._pieces or self._to_self else None

    def next(self) -> Piece | None:
        """Return what is to be handled now; ``None`` if nobody has anything more to say."""
        pieces, effects = self._pieces, self._effects
        if not pieces:
            if effects.changes:
                pieces += effects.take_changes()
            elif effects.news:
                own, told = self._own, effects.take_news()
                self._to_self += [news for hub, news in told if hub == own]
                pieces += [Leaving(hub, news) for hub, news in told if hub != own]
                return self.next()
            elif self._to_self:
                return Heard(self._own, self._to_self.popleft())
            else:
                return None
        return pieces.popleft()

    def hear(self, source: PeerId, news: list[News]) -> None:
        """Have news from another hub handled before all else, in its order; there may be none."""
        for piece in reversed(news):
            self._pieces.appendleft(Heard(source, piece))
