"""Three workers of one command start, one after the other, and clients come as soon as they may."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.clients.homes import home_of
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.events import Event, LinkOpened, LinkReceived
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.hub_frames import Carrier, Load
from tests.core.harness import A, B, C
from tests.core.hubs import EPOCH, FIRST, SECOND, THIRD, Hubs

IDS = (FIRST, SECOND, THIRD)
FOURTH = PeerId("f" * 40)


class Workers(Hubs):
    """Three workers, which the test links."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.ids = IDS
        self.slow: set[tuple[int, LinkId]] = set()
        self.held: list[tuple[int, Event]] = []
        for number in range(3):
            self.notices.append([])
            self.hubs.append(self._worker(number))

    def _worker(self, number: int) -> Hub:
        config = ServerConfig(
            is_hub=True,
            auto_connect=False,
            worker=number,
            workers=3,
            worker_directory="/run",
            **self.options,
        )
        return Hub(self.ids[number], config, Random(number), epoch=EPOCH + self.now, now=self.now)

    def link(self, one: int, other: int) -> tuple[int, LinkId]:
        self._numbers += 2
        ends = (one, LinkId(self._numbers - 1)), (other, LinkId(self._numbers))
        self.others[ends[0]], self.others[ends[1]] = ends[1], ends[0]
        for number, link in ends:
            self.feed(number, LinkOpened(link, Carrier.LOCAL, 0))
        self.run()
        return ends[0]

    def hold_loads(self, end: tuple[int, LinkId]) -> None:
        """Keep what workers say of their clients over a link, which is otherwise as it is."""
        self.slow = {end, self.others[end]}

    def release_loads(self) -> None:
        self.slow, held, self.held = set(), self.held, []
        for number, event in held:
            self.feed(number, event)

    def feed(self, number: int, event: Event) -> None:
        match event:
            case LinkReceived(link, Load()) if (number, link) in self.slow:
                self.held.append((number, event))
            case _:
                super().feed(number, event)

    def start_anew(self, number: int) -> None:
        """Let a worker die and come again; the test links it."""
        for end in [end for end in self.others if end[0] == number]:
            self.cut(end)
        self.run()
        self.hubs[number] = self._worker(number)

    def ready(self) -> list[bool]:
        return [hub.status.is_among_workers for hub in self.hubs]


def namespace_of(lead: PeerId, home: int) -> str:
    """Return a namespace whose primary is one of the three, and whose clients are at one."""
    placement = Placement(IDS)
    return next(
        name
        for name in map("room {}".format, count())
        if placement.primary(name) == lead and home_of(name, 3) == home
    )


def started(**options: Any) -> Workers:
    """Return three of which the last one comes half a second after the others have met."""
    workers = Workers(**options)
    workers.link(0, 1)
    workers.pass_time(0.5)
    assert not any(workers.ready())
    workers.link(0, 2)
    workers.link(1, 2)
    workers.pass_time(0.5)
    assert all(workers.ready())
    return workers


def wait_of(workers: Workers, number: int, lead: PeerId) -> float:
    """Return how long two clients that come to a worker wait to know each other, about."""
    namespace, since = namespace_of(lead, number), workers.now
    one, other = (workers.join(number, peer, namespace) for peer in (A, B))
    met = [workers.take_types(one), workers.take_types(other)]
    while not all("peer-discovered" in types for types in met):
        workers.pass_time(0.1)
        met = [types + workers.take_types(c) for types, c in zip(met, (one, other), strict=True)]
        assert workers.now < since + 5.0
    return workers.now - since


@pytest.mark.parametrize("lead", IDS)
@pytest.mark.parametrize("number", range(3))
def test_clients_need_not_wait_though_the_workers_did_not_start_at_once(
    number: int, lead: PeerId
) -> None:
    assert wait_of(started(), number, lead) == 0.0


@pytest.mark.parametrize("lead", IDS)
@pytest.mark.parametrize("number", range(3))
def test_clients_need_not_wait_though_one_worker_has_heard_of_another_by_a_third(
    number: int, lead: PeerId
) -> None:
    """Known, and not known to be a worker, it would be a hub that may have had clients."""
    workers = Workers()
    workers.link(0, 1)
    workers.link(0, 2)
    workers.pass_time(0.5)
    workers.link(1, 2)
    workers.pass_time(0.5)
    assert all(workers.ready())
    assert wait_of(workers, number, lead) == 0.0


@pytest.mark.parametrize("lead", IDS)
def test_clients_need_not_wait_though_a_worker_has_not_heard_what_another_one_has(
    lead: PeerId,
) -> None:
    """Else clients of the first to open would be heard of before those who have had none."""
    workers = Workers()
    workers.link(0, 1)
    workers.link(0, 2)
    workers.hold_loads(workers.link(1, 2))
    workers.pass_time(0.5)
    assert not any(workers.ready())
    workers.release_loads()
    workers.pass_time(0.5)
    assert all(workers.ready())
    assert wait_of(workers, 1, lead) == 0.0


@pytest.mark.parametrize("lead", IDS)
def test_clients_wait_where_a_hub_from_elsewhere_has_come(lead: PeerId) -> None:
    workers = Workers()
    workers.link(0, 1)
    workers.add(FOURTH)
    Hubs.link(workers, 0, 3)
    workers.link(0, 2)
    workers.link(1, 2)
    workers.pass_time(0.5)
    assert all(workers.ready()[:3])
    assert wait_of(workers, 0, lead) > 0.5


def test_none_takes_clients_before_all_others_count_on_all() -> None:
    """To one that has not, a client of another one would be that of a hub it has to hear first."""
    workers = Workers()
    workers.link(0, 1)
    workers.link(0, 2)
    workers.pass_time(3.0)
    assert workers.ready() == [False, False, False], "two of them do not see each other"
    workers.link(1, 2)
    workers.pass_time(0.5)
    assert workers.ready() == [True, True, True]


@pytest.mark.parametrize("first", [0, 1])
def test_clients_of_one_that_comes_again_wait_where_there_have_been_others(first: int) -> None:
    """Whom it meets first may have had none: that there were any elsewhere it hears of it, too."""
    workers = started()
    workers.join(0, C, namespace_of(FIRST, 0))
    workers.pass_time(0.5)
    workers.start_anew(2)
    workers.pass_time(1.0)
    workers.link(first, 2)
    workers.pass_time(0.5)
    workers.link(1 - first, 2)
    workers.pass_time(0.5)
    assert workers.hubs[2].status.is_among_workers
    assert wait_of(workers, 2, THIRD) > 0.5


def test_clients_of_workers_that_start_from_others_wait_as_at_any_hub() -> None:
    workers = started(bootstrap_hubs=("ws://hub.example",))
    assert wait_of(workers, 0, FIRST) > 0.5
