"""The namespaces of one hub, with what its clients and other hubs are told recorded."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from peerpigeon.core.effects import Effects
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.namespaces.keys import REGION_BITS
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.namespaces.record_table import MAX_RECORDS
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.wire.hub_news import Granted, Meet
from tests.core.harness import HUB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.client_news import ClientNews
    from peerpigeon.core.namespaces.namespaces import NamespaceNews
    from peerpigeon.core.wire.hub_news import News


class Said(NamedTuple):
    """What follows from something."""

    clients: list[ClientNews]
    hubs: list[tuple[PeerId, News]]


NOTHING = Said([], [])


def told(news: Iterable[tuple[PeerId, News]]) -> dict[PeerId, set[PeerId]]:
    """Return of whom each client is told by introductions: of a pair at one hub both are."""
    found: defaultdict[PeerId, set[PeerId]] = defaultdict(set)
    for hub, meet in news:
        assert isinstance(meet, Meet)
        rows = meet.rows or (range(len(meet.members)),) * len(meet.peers)
        for (learner, _), row in zip(meet.peers, rows, strict=True):
            for other in (meet.members[index] for index in row):
                if other.member.peer != learner:
                    found[learner].add(other.member.peer)
                    if other.hub == hub:
                        found[other.member.peer].add(learner)
    return found


class ChosenPlacement(Placement):
    """Has the rendezvous hubs that a test chooses, whatever hubs there are."""

    def __init__(self, *chosen: PeerId) -> None:
        super().__init__(chosen)
        self.chosen = chosen

    def rendezvous_hubs(self, namespace: str) -> tuple[PeerId, ...]:
        del namespace
        return self.chosen

    def near(self, hubs: Iterable[PeerId]) -> list[int]:
        del hubs
        return list(range(1 << REGION_BITS))

    def take_moved(self) -> Iterable[int]:
        return range(1 << REGION_BITS)


class Recorded:
    """The namespaces of ``HUB``."""

    def __init__(
        self,
        *rendezvous_hubs: PeerId,
        limit: int = 50,
        incarnation: int = 1,
        max_records: int = MAX_RECORDS,
        max_memory: int = 1 << 30,
    ) -> None:
        self.placement = ChosenPlacement(*rendezvous_hubs)
        self.effects = effects = Effects(0.0, MemoryAccount(max_memory))
        rng = Random(1)
        self.namespaces = both = Namespaces(HUB, incarnation, limit, rng, self.placement, effects)
        both.rendezvous = Rendezvous(
            HUB, limit, rng, both.views, self.placement, effects, max_records=max_records
        )
        self.presence, self.rendezvous = both.presence, both.rendezvous
        self.granted: list[tuple[PeerId, tuple[int, ...]]] = []
        """To which hub, for which sessions: apart, because nearly each join leads to one."""

    def _said(self, told: Iterable[ClientNews] = ()) -> Said:
        introducing = self.rendezvous.introducing
        while (due := introducing.deadline()) is not None:
            introducing.expire(due)
        hubs: list[tuple[PeerId, News]] = []
        for hub, news in self.effects.take_news():
            if isinstance(news, Granted):
                self.granted.append((hub, news.sessions))
            else:
                hubs.append((hub, news))
        return Said(list(told), hubs)

    def grant(self, *sessions: int) -> None:
        """Have clients of ours be granted their ids."""
        self.presence.ids.grant(Granted("net1", sessions))

    def announce(self, peer: PeerId, introduction: bytes = b"{}") -> Said:
        self.presence.announce("net1", peer, introduction)
        return self._said()

    def withdraw(self, peer: PeerId, now: float) -> Said:
        return self._said(self.presence.withdraw("net1", peer, now, has_said_goodbye=False))

    def hear(self, news: NamespaceNews, now: float = 0.0, hub: PeerId = HUB) -> Said:
        return self._said(self.namespaces.on_news(hub, news, now))

    def tell(self, hub: PeerId, news: NamespaceNews, now: float = 0.0) -> list[tuple[PeerId, News]]:
        """Hear a piece of news of a serving hub, of which clients here are told nothing."""
        clients, hubs = self.hear(news, now, hub)
        assert clients == []
        return hubs

    def show(self, hubs: dict[PeerId, int], now: float) -> Said:
        return self._said(self.namespaces.show(hubs, now))

    def hub_gone(self, hub: PeerId, now: float = 0.0) -> Said:
        return self._said(self.namespaces.hub_gone(hub, now))

    def hub_restarted(self, hub: PeerId, incarnation: int) -> Said:
        return self._said(self.namespaces.hub_restarted(hub, incarnation, 0.0))

    def hub_rose(self, hub: PeerId, incarnation: int) -> Said:
        return self._said(self.namespaces.hub_rose(hub, incarnation, 0.0))

    def rise(self, incarnation: int, now: float) -> Said:
        self.namespaces.rise(incarnation, now)
        return self._said()

    def hub_returned(self, hub: PeerId, now: float) -> Said:
        return self._said(self.namespaces.hub_returned(hub, now))

    def expire(self, now: float) -> Said:
        return self._said(self.namespaces.expire(now))

    def deadline(self) -> float | None:
        return self.namespaces.deadline()
