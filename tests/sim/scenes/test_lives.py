"""Whatever clocks show, and whoever has one id: the mesh is whole again within seconds (S16)."""

from functools import partial

import pytest

from peerpigeon.core import Hub
from peerpigeon.core import hub as core_hub
from peerpigeon.core.changes import LifeRaised, ViewChange
from peerpigeon.core.interface.events import ClockSet, Event
from peerpigeon.core.mesh.namesakes import Namesakes
from peerpigeon.core.view_changes import ViewChanges
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes import lives
from peerpigeon.sim.scenes.lives import SCENES
from tests.selection import thorough

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("rough", [False, thorough(True)])
@pytest.mark.parametrize("seed", [3, *map(thorough, (2, 4, 5))])
def test_no_order_hangs_on_a_wall_clock(name: str, seed: int, *, rough: bool) -> None:
    assert SCENES[name](seed, rough=rough).faults == []


# What these scenes would find


class StaysAsItIs(ViewChanges):
    """Does not act on it that its hub has risen."""

    def on_change(self, change: ViewChange, now: float) -> None:
        if not isinstance(change, LifeRaised):
            super().on_change(change, now)


class KeepsItsClock(Hub):
    """Tells the time as it was at its start."""

    def take(self, event: Event, now: float) -> None:
        if not isinstance(event, ClockSet):
            super().take(event, now)


def test_that_a_clock_stands_still_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "Layout", partial(Layout, kind=KeepsItsClock))
    assert SCENES["clocks set"](1).faults


def test_that_sessions_are_kept_by_who_rises_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core_hub, "ViewChanges", StaysAsItIs)
    assert SCENES["restart with the clock a day back"](1).faults


def test_that_nobody_rises_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Namesakes, "hear", lambda *_: None)
    assert SCENES["one id at two for 3 s"](1).faults
