"""That what hubs hold does not grow is shown by scenes of hours; here, that they would find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.interface.events import PeerLost
from peerpigeon.sim.scenes.days import days

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.interface.events import Event


class Hoarder(Hub):
    """Keeps the ends of its clients for ever."""

    def handle(self, event: Event, now: float) -> list[Action]:
        if isinstance(event, PeerLost):
            self.__dict__.setdefault("kept", []).append((now, event))
        return super().handle(event, now)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_hub_that_keeps_something_of_each_client_that_has_gone_is_caught() -> None:
    faults = days(1, hours=3.0, kind=Hoarder).faults
    assert len(faults) == 1
    assert "bytes held became" in faults[0]
