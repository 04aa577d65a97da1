"""Whatever clocks show, and whoever has one id: the mesh is whole again within seconds (S16)."""

from functools import partial

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.changes import LifeRaised, ViewChange
from peerpigeon.core.delivery import Delivery
from peerpigeon.core.interface.events import ClockSet, Event
from peerpigeon.core.mesh.namesakes import Namesakes
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes import lives
from peerpigeon.sim.scenes.lives import SCENES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("rough", [False, True])
def test_no_order_hangs_on_a_wall_clock(name: str, *, rough: bool) -> None:
    faults = [SCENES[name](seed, rough=rough).faults for seed in range(2, 6)]
    assert faults == [[], [], [], []]


# What these scenes would find


class KeepsItsSessions(Hub):
    """Rises, and goes on with the sessions that its clients had."""

    def _on_view_change(self, change: ViewChange, delivery: Delivery, now: float) -> None:
        if not isinstance(change, LifeRaised):
            super()._on_view_change(change, delivery, now)


class KeepsItsClock(Hub):
    """Tells the time as it was at its start."""

    def take(self, event: Event, now: float) -> None:
        if not isinstance(event, ClockSet):
            super().take(event, now)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(KeepsItsSessions, "restart with the clock a day back"), (KeepsItsClock, "clocks set")],
)
def test_a_mistake_would_be_found(
    kind: type[Hub], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "Layout", partial(Layout, kind=kind))
    assert SCENES[name](1).faults


def test_that_nobody_rises_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Namesakes, "hear", lambda *_: None)
    for name in ("restart at the same instant", "one id at two for 3 s"):
        assert SCENES[name](1).faults
