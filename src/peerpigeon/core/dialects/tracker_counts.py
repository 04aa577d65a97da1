"""What a tracker's client waits to be told of how many members swarms have."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from peerpigeon.core.dialects.dialect import Count, Counted, Say
from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.dialects.tracker_messages import characters, digits, failure, response, scraped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.dialects.dialect import Want

INTERVAL: Final = 120
"""Seconds from one announce of a client to the next: it does as it is told."""

RETRY_INTERVAL: Final = 15
"""The same, for a peer whose offers may have come to nobody, because the hub that deals them has
died: it makes new ones for each announce, and the mesh has another such hub by then."""

SPARE_INTERVAL: Final = 30
"""The same, for a peer that another socket speaks for: so long it is away when that one is gone."""

SCRAPE_INTERVAL: Final = 600
"""Seconds that a client is asked to wait between scrapes, as by the reference."""

MAX_AWAITED: Final = 256
"""Swarms whose counts one socket waits for."""


class _Answer:
    """An answer that waits for counts: to a scrape, or to a peer that is not in its swarm."""

    __slots__ = ("counts", "interval", "is_scrape", "lacking")

    def __init__(self, info_hashes: Iterable[str], *, is_scrape: bool, interval: int) -> None:
        self.counts: dict[str, tuple[int, int]] = dict.fromkeys(info_hashes, (0, 0))
        self.lacking = len(self.counts)
        self.is_scrape = is_scrape
        self.interval = interval

    def said(self) -> bytes:
        """Return the answer, once all counts are there."""
        if self.is_scrape:
            return scraped(self.counts, SCRAPE_INTERVAL)
        ((info_hash, (complete, incomplete)),) = self.counts.items()
        return response(info_hash, complete, incomplete, self.interval)


class AwaitedCounts:
    """The answers of one socket that wait for counts."""

    __slots__ = ("_awaited", "_by_namespace")

    def __init__(self) -> None:
        # In the order in which it was asked, which is that of what is told.
        self._by_namespace: dict[str, deque[_Answer]] = {}
        self._awaited = 0

    def ask(
        self, info_hashes: tuple[str, ...], *, is_scrape: bool, interval: int = INTERVAL
    ) -> Iterable[Want]:
        """Ask for the counts of swarms, for an answer of which each is named once."""
        answer = _Answer(info_hashes, is_scrape=is_scrape, interval=interval)
        if not answer.lacking:
            return (Say(answer.said()),)
        if self._awaited + answer.lacking > MAX_AWAITED:
            told = f"one socket asks for {MAX_AWAITED} swarms at a time at most"
            return (Say(failure(told, info_hashes[0], "scrape")),)
        self._awaited += answer.lacking
        wants: list[Want] = []
        for info_hash in info_hashes:
            namespace = namespace_of(Kind.SWARM, digits(info_hash))
            self._by_namespace.setdefault(namespace, deque()).append(answer)
            wants.append(Count(namespace))
        return wants

    def counted(self, news: Counted) -> Iterable[Want]:
        """Take the counts of a swarm, and give the answer that lacks no others."""
        waiting = self._by_namespace.get(news.namespace)
        if not waiting:
            return ()
        answer = waiting.popleft()
        if not waiting:
            del self._by_namespace[news.namespace]
        self._awaited -= 1
        answer.lacking -= 1
        info_hash = characters(news.namespace[len(namespace_of(Kind.SWARM, "")) :])
        answer.counts[info_hash] = news.flagged, news.members - news.flagged
        return () if answer.lacking else (Say(answer.said()),)
