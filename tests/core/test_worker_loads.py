"""Two workers of one command keep the limits of one hub."""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, SessionId
from peerpigeon.core.interface.actions import (
    ClosePeer,
    Dial,
    PassOn,
    SendToLink,
    SendToPeers,
)
from peerpigeon.core.interface.close_codes import ADDRESS_IS_FULL, FULL
from peerpigeon.core.interface.events import (
    LinkLost,
    LinkOpened,
    LinkReceived,
    PeerLost,
    PeerOpened,
    PeerSent,
    Tick,
)
from peerpigeon.core.wire.hub_frames import Carrier, Load
from peerpigeon.core.worker_loads import ON_THE_WAY
from tests.core.hubs import FIRST, SECOND, linked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.interface.events import Event
    from peerpigeon.core.wire.hub_frames import Frame

LINK = LinkId(1)
HERE, THERE = "room-3", "room-2"
"""Namespaces whose homes are the workers 0 and 1 of two."""

OWNER = b"o" * 32


class Pair:
    """Two workers that are linked; frames arrive at once, and time passes when the test says so."""

    def __init__(self, **options: int) -> None:
        self.now = 0.0
        self.is_linked = False
        self.closed: dict[tuple[int, int], str] = {}
        self.passed_on: list[PassOn] = []
        self.heard: dict[tuple[int, int], list[str]] = {}
        self.frames: deque[tuple[int, Frame]] = deque()
        self.dialled = 0
        self._last = 0
        self.hubs = [
            Hub(
                own,
                ServerConfig(
                    is_hub=True,
                    auto_connect=False,
                    worker=index,
                    workers=2,
                    worker_directory="/run",
                    **options,  # type: ignore[arg-type]
                ),
                Random(index),
            )
            for index, own in enumerate((FIRST, SECOND))
        ]
        self.pass_time(0.01)

    def link(self) -> None:
        self.is_linked = True
        for number, hub in enumerate(self.hubs):
            opened = LinkOpened(LINK, Carrier.LOCAL, self.dialled * number)
            self._perform(number, hub.handle(opened, self.now))
        self._run()

    def cut(self) -> None:
        self.is_linked = False
        for number in (0, 1):
            self.feed(number, LinkLost(LINK, 1006, ""))

    def feed(self, number: int, event: Event) -> None:
        self._perform(number, self.hubs[number].handle(event, self.now))
        self._run()

    def _run(self) -> None:
        while self.frames:
            number, frame = self.frames.popleft()
            got = LinkReceived(LINK, frame)
            self._perform(number, self.hubs[number].handle(got, self.now))

    def _perform(self, number: int, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case SendToLink(frame=frame) if self.is_linked:
                    self.frames.append((1 - number, frame))
                case Dial(opening=opening):
                    self.dialled = opening
                case ClosePeer(session, _, reason):
                    self.closed[number, session] = reason
                case PassOn():
                    self.passed_on.append(action)
                case SendToPeers(sessions, payloads):
                    for session, payload in zip(sessions, payloads, strict=True):
                        kind = json.loads(payload)["type"]
                        self.heard.setdefault((number, session), []).append(kind)

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due = [(hub.deadline(), number) for number, hub in enumerate(self.hubs)]
            when, number = min((time, n) for time, n in due if time is not None)
            if when > until:
                break
            self.now = max(self.now, when)
            self.feed(number, Tick())
        self.now = until

    def open(self, number: int, address: str = "127.0.0.1", owner: bytes = b"") -> int:
        self._last += 1
        session = SessionId(self._last)
        self.feed(number, PeerOpened(session, f"{self._last:040x}", address, owner=owner))
        return self._last

    def announce(self, number: int, session: int, namespace: str) -> None:
        text = json.dumps({"type": "announce", "data": {}, "networkName": namespace})
        self.feed(number, PeerSent(SessionId(session), text))

    def counts(self) -> list[int]:
        return [hub.status.snapshot(self.now).connections for hub in self.hubs]


@pytest.fixture
def pair() -> Pair:
    made = Pair(max_connections=10, max_connections_per_address=32)
    made.link()
    made.pass_time(1.0)
    return made


def test_all_together_have_as_many_clients_as_one_hub(pair: Pair) -> None:
    for _ in range(20):
        pair.open(1)
        pair.pass_time(0.1)
    assert pair.counts() == [0, 9]
    pair.open(0)
    pair.pass_time(0.1)
    assert pair.counts() == [1, 9]
    assert (0, pair.open(0)) not in pair.heard
    pair.pass_time(0.1)
    assert pair.counts() == [1, 9]


def test_who_waits_for_a_place_has_that_which_comes_free_at_the_other_worker(pair: Pair) -> None:
    there = [pair.open(1) for _ in range(5)]
    here = [pair.open(0) for _ in range(5)]
    pair.pass_time(0.1)
    waiting = pair.open(0)
    assert (0, waiting) not in pair.heard
    for session in there:
        pair.feed(1, PeerLost(SessionId(session), 1000, ""))
    pair.pass_time(0.1)
    assert pair.heard[0, waiting] == ["connected"]
    assert pair.counts() == [len(here) + 1, 0]


def test_the_places_of_a_worker_that_has_died_are_free(pair: Pair) -> None:
    for number in (0, 1):
        for _ in range(5):
            pair.open(number)
    pair.pass_time(0.1)
    pair.cut()
    pair.pass_time(0.1)
    for _ in range(5):
        pair.open(0)
    assert pair.counts() == [10, 5]
    pair.pass_time(0.1)


def test_who_is_passed_on_has_its_place_until_the_other_worker_has_said_so(pair: Pair) -> None:
    for _ in range(5):
        pair.announce(0, pair.open(0), THERE)
    assert len(pair.passed_on) == 5
    assert pair.counts() == [0, 0]
    assert pair.closed[0, pair.open(0)] == FULL, "its part are five, of which all are on the way"
    for number, action in enumerate(pair.passed_on, 100):
        pair.feed(1, msgspec.structs.replace(action.opened, session=SessionId(number)))
    pair.pass_time(0.1)
    assert pair.counts() == [0, 5]
    assert pair.heard[0, pair.open(0)] == ["connected"]


def test_who_never_arrives_where_it_was_passed_on_is_forgotten(pair: Pair) -> None:
    for _ in range(5):
        pair.announce(0, pair.open(0), THERE)
    for _ in range(9):
        pair.open(0)
        pair.pass_time(0.1)
    assert pair.counts() == [5, 0]
    pair.pass_time(ON_THE_WAY)
    for _ in range(9):
        pair.open(0)
        pair.pass_time(0.1)
    assert pair.counts() == [10, 0]


def test_whoever_has_been_greeted_by_one_worker_is_taken_by_the_other(pair: Pair) -> None:
    for _ in range(9):
        pair.open(1)
        pair.pass_time(0.1)
    session = pair.open(1, "192.0.2.1", owner=OWNER)
    assert pair.counts() == [0, 10]
    assert (1, session) not in pair.closed


def test_one_address_has_no_more_than_at_one_hub() -> None:
    pair = Pair(max_connections=1000, max_connections_per_address=32)
    pair.link()
    pair.pass_time(1.0)
    for _ in range(20):
        pair.open(0, "192.0.2.1")
    pair.pass_time(0.1)
    sessions = [pair.open(1, "192.0.2.1") for _ in range(13)]
    assert [(1, session) in pair.closed for session in sessions] == [False] * 12 + [True]
    assert pair.closed[1, sessions[-1]] == ADDRESS_IS_FULL
    for session in range(1, 21):
        pair.feed(0, PeerLost(SessionId(session), 1000, ""))
    pair.pass_time(0.1)
    assert (1, pair.open(1, "192.0.2.1")) not in pair.closed


def test_who_would_be_at_home_at_a_worker_that_holds_no_more_stays() -> None:
    pair = Pair(max_connections=1000, worker_room=2)
    pair.link()
    pair.pass_time(1.0)
    for _ in range(2):
        pair.announce(1, pair.open(1), THERE)
    pair.pass_time(0.1)
    first = pair.open(0)
    pair.announce(0, first, THERE)
    assert not pair.passed_on
    assert pair.counts() == [1, 2]
    pair.pass_time(3.0)
    assert pair.heard[0, first].count("peer-discovered") == 2, "it is served across the link"
    pair.feed(1, PeerLost(SessionId(1), 1000, ""))
    pair.pass_time(0.1)
    pair.announce(0, pair.open(0), THERE)
    assert len(pair.passed_on) == 1


def test_clients_that_come_when_all_have_just_started_need_not_wait() -> None:
    pair = Pair()
    pair.link()
    pair.pass_time(0.5)
    assert all(hub.status.is_among_workers for hub in pair.hubs)
    sessions = [(number, pair.open(number)) for number in (0, 1) for _ in range(2)]
    for number, session in sessions:
        pair.announce(number, session, (HERE, THERE)[number])
    pair.pass_time(0.1)
    for each in sessions:
        assert pair.heard[each] == ["connected", "peer-discovered"]


def test_clients_of_a_worker_that_comes_to_one_with_clients_wait() -> None:
    """Whose the ids are that the others have granted is to be heard first."""
    pair = Pair()
    assert not pair.hubs[0].status.is_among_workers
    pair.announce(0, pair.open(0), HERE)
    pair.link()
    pair.pass_time(0.5)
    sessions = [(1, pair.open(1)) for _ in range(2)]
    for number, session in sessions:
        pair.announce(number, session, THERE)
    pair.pass_time(0.1)
    waited = [pair.heard[each] for each in sessions]
    pair.pass_time(3.0)
    assert [told[:1] for told in waited] == [["connected"]] * 2
    assert all("peer-discovered" in pair.heard[each] for each in sessions)


def test_what_no_worker_says_is_not_heeded() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.receive(0, Load(1, 1, 0, 10**6, is_full=True))
    assert hubs.join(0, "a" * 40) not in hubs.closed
    assert hubs.hubs[0].status.is_among_workers, "a hub that is no worker waits for none"
