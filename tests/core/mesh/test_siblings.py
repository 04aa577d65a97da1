"""Links between the workers of one command: dialled at once, and always there."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import CloseLink, Dial, MakeOffer, SendToLink, Tell
from peerpigeon.core.interface.events import (
    LinkLost,
    LinkOpened,
    LinkReceived,
    OpeningFailed,
    Tick,
)
from peerpigeon.core.interface.notices import HubMeshReady
from peerpigeon.core.mesh.siblings import PAUSE, Siblings
from peerpigeon.core.wire.hub_frames import Carrier
from tests.core.hubs import FIRST, SECOND

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.wire.hub_frames import Frame

ZERO = "unix:/run/0.links"


def config(index: int = 1, **options: int) -> ServerConfig:
    return ServerConfig(
        is_hub=True,
        auto_connect=False,
        worker=index,
        workers=3,
        worker_directory="/run",
        hub_mesh_min_peers=2,
        **options,  # type: ignore[arg-type]
    )


def dials(actions: list[Action]) -> list[Dial]:
    return [action for action in actions if isinstance(action, Dial)]


def test_a_worker_dials_those_before_it() -> None:
    assert config(0).siblings == ()
    assert config(2).siblings == (ZERO, "unix:/run/1.links")


def test_all_are_dialled_at_once_and_each_again_after_a_pause() -> None:
    siblings = Siblings(config(2), 5.0)
    assert siblings.deadline() == 5.0
    assert list(siblings.next_round(4.9)) == []
    assert list(siblings.next_round(5.0)) == [ZERO, "unix:/run/1.links"]
    assert siblings.deadline() is None
    siblings.found(ZERO)
    siblings.lost("unix:/run/1.links", 6.0)
    siblings.lost("ws://another:3000", 7.0)
    assert siblings.deadline() == 6.0 + PAUSE
    assert list(siblings.next_round(6.25)) == ["unix:/run/1.links"]


class Pair:
    """Workers 0 and 1, and the link that the second has dialled."""

    def __init__(self) -> None:
        self.hubs = [
            Hub(own, config(index), Random(index), epoch=1000.0)
            for index, own in enumerate((FIRST, SECOND))
        ]
        self.now = 0.0
        self.actions: list[Action] = []
        self.is_linked = False
        self.frames: deque[tuple[int, Frame]] = deque()

    def tick(self, seconds: float) -> list[Action]:
        """Let time pass, and return what the second has done."""
        self.actions = []
        until = self.now + seconds
        while True:
            due = [(hub.deadline(), number) for number, hub in enumerate(self.hubs)]
            when, number = min((t, n) for t, n in due if t is not None)
            if when > until:
                break
            self.now = max(self.now, when)
            self._take(number, self.hubs[number].handle(Tick(), self.now))
            self._run()
        self.now = until
        return self.actions

    def link(self, opening: int) -> None:
        self.is_linked = True
        for number in (0, 1):
            opened = LinkOpened(LinkId(1), Carrier.LOCAL, opening * number)
            self._take(number, self.hubs[number].handle(opened, self.now))
        self._run()

    def cut(self, code: int = 1006) -> None:
        self.is_linked = False
        for number in (0, 1):
            self._take(number, self.hubs[number].handle(LinkLost(LinkId(1), code, ""), self.now))

    def _take(self, number: int, actions: list[Action]) -> None:
        if number == 1:
            self.actions += actions
        frames = [each.frame for each in actions if isinstance(each, SendToLink)]
        self.frames.extend((1 - number, frame) for frame in frames if self.is_linked)

    def _run(self) -> None:
        while self.frames:
            number, frame = self.frames.popleft()
            got = LinkReceived(LinkId(1), frame)
            self._take(number, self.hubs[number].handle(got, self.now))


def test_workers_are_ready_and_want_no_other_link_to_each_other() -> None:
    pair = Pair()
    (dial,) = dials(pair.tick(0.1))
    assert dial.uri == ZERO
    pair.link(dial.opening)
    told = [action.notice for action in pair.actions if isinstance(action, Tell)]
    assert HubMeshReady(0, 2) in told
    actions = pair.tick(60.0)
    assert not [each for each in actions if isinstance(each, MakeOffer | Dial | CloseLink)]
    mesh = pair.hubs[1].status.snapshot(60.0).mesh
    assert (mesh.local_links, mesh.p2p_links, mesh.websocket_links) == (1, 0, 0)
    (end,) = next(
        hub for hub in pair.hubs[0].status.topology(60.0).hubs if hub.peer_id == SECOND
    ).links
    assert (end.carrier, end.purpose) == ("local", "mesh")


@pytest.mark.parametrize(("code", "seconds"), [(1006, 0.0), (1013, 2.0)])
def test_a_worker_that_has_died_is_gone_at_once(code: int, seconds: float) -> None:
    """One that ends the link and says why may live: for want of memory, say."""
    pair = Pair()
    (dial,) = dials(pair.tick(0.1))
    pair.link(dial.opening)
    pair.tick(10.0)
    pair.cut(code)
    waited = 0.0
    while any(len(hub.status.topology(pair.now).hubs) > 1 for hub in pair.hubs):
        pair.tick(0.01)
        waited += 0.01
    assert waited == pytest.approx(seconds, abs=0.03)


def test_a_worker_that_has_died_is_dialled_until_it_is_back() -> None:
    pair = Pair()
    (dial,) = dials(pair.tick(0.1))
    pair.link(dial.opening)
    pair.tick(1.0)
    pair.cut()
    for _ in range(3):
        (dial,) = dials(pair.tick(0.3))
        failed = OpeningFailed(dial.opening, "connection refused")
        pair.hubs[1].handle(failed, pair.now)
    figures = pair.hubs[1].status.figures().mesh
    assert figures is not None
    assert figures.attempts_failed["local"] == 3
