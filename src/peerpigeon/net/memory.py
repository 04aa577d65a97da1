"""Which connections keep how much, and which of them give way when it is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from peerpigeon.net.seldom import SeldomWarnings

if TYPE_CHECKING:
    from peerpigeon.core.memory import MemoryAccount

_LINE = (
    "connections keep more than half of max_memory: those that keep most are closed, with 1013;"
    " allow more (MAX_MEMORY, --max-memory) if they are honest"
)

RELIEF = 8
"""An eighth of what connections may keep is freed at once: to find the greediest takes a look at
all that keep something."""


class Holder(Protocol):
    """A connection that keeps something."""

    def give_way(self) -> None:
        """Let go of all that is kept, note it, and end.

        It may be called from within a call to any connection, this one too.
        """


class Holders:
    """The connections that keep something beyond the turn in which it came, the first ones first.

    Beyond their half of the account the one that keeps most has to go, the newest among equals.
    """

    def __init__(self, account: MemoryAccount, warnings: SeldomWarnings | None = None) -> None:
        self.account = account
        self.relieved = 0
        """How many connections had to go since the start."""
        self._kept: dict[Holder, int] = {}
        self._is_relieving = False
        self._warnings = warnings or SeldomWarnings()

    def knows(self, holder: Holder) -> bool:
        """Tell whether a connection keeps something, as far as is noted."""
        return holder in self._kept

    def note(self, holder: Holder, size: int) -> None:
        """Take down how many bytes a connection keeps by now."""
        account = self.account
        account.buffered += size - self._kept.get(holder, 0)
        if size:
            self._kept[holder] = size
            if account.buffered > account.most_buffered and not self._is_relieving:
                self._relieve()
        else:
            self._kept.pop(holder, None)

    def _relieve(self) -> None:
        account = self.account
        self._warnings.add(_LINE, max_memory=str(account.limit))
        enough = account.most_buffered - account.most_buffered // RELIEF
        newest_first = reversed(list(self._kept.items()))
        self._is_relieving = True
        try:
            for holder, _ in sorted(newest_first, key=_size, reverse=True):
                if account.buffered <= enough:
                    return
                self.relieved += 1
                holder.give_way()
        finally:
            self._is_relieving = False


def _size(item: tuple[Holder, int]) -> int:
    return item[1]
