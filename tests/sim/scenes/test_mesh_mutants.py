"""Tests of the tests: a mesh that is broken on purpose does not pass the scenes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.ids import xor_distance
from peerpigeon.core.mesh import topology
from peerpigeon.core.mesh.links import Links
from peerpigeon.core.mesh.topology import Topology
from peerpigeon.core.streams.receiver import Receiver
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import Ack
from peerpigeon.sim.scenes import congestion, disasters, mesh

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.streams.streams import Failure, Outgoing

pytestmark = pytest.mark.slow


def broken_path() -> list[str]:
    return disasters.broken_path(1, hubs=20, signals=2000).faults


def test_links_by_xor_alone_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the ring, and with the true XOR as distance, a mesh falls into islands."""
    assert mesh.formation(1, 30, 3).faults == []
    monkeypatch.setattr(Topology, "ring", lambda _: ())
    monkeypatch.setattr(Topology, "gap", lambda *_: [])
    monkeypatch.setattr(topology, "digit_distance", lambda a, b: xor_distance(a, b) >> 100)
    assert mesh.formation(1, 30, 3).faults != []


def test_delivering_whatever_arrives_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """``tests/core/streams/test_lossy_streams.py`` has finer mutants of the streams."""
    assert broken_path() == []
    monkeypatch.setattr(Receiver, "take", lambda _, segment: [segment.news])
    assert broken_path() != []


def overflow() -> list[str]:
    return congestion.overflow(1).faults


@pytest.mark.parametrize("scene", [broken_path, overflow])
def test_never_sending_again_is_caught(
    scene: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    expire = Streams.expire

    def lazy(self: Streams, now: float) -> tuple[list[Outgoing], list[Failure]]:
        outgoing, failures = expire(self, now)
        return [one for one in outgoing if isinstance(one.body, Ack)], failures

    monkeypatch.setattr(Streams, "expire", lazy)
    monkeypatch.setattr(Streams, "resend_all", lambda *_: [])
    monkeypatch.setattr(Streams, "on_ack", lambda *_: [])
    assert scene() != []


def test_never_missing_dead_neighbours_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Links, "silent", lambda *_: [])
    monkeypatch.setattr(Links, "silent_at", lambda *_: math.inf)
    assert disasters.massacre(1, hubs=20, share=0.3, within=10.0).faults != []
