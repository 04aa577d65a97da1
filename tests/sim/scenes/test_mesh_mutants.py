"""Tests of the tests: a mesh that is broken on purpose does not pass the scenes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core import delivery
from peerpigeon.core.clients.answered_signals import AnsweredSignals
from peerpigeon.core.delivery import Delivery
from peerpigeon.core.ids import xor_distance
from peerpigeon.core.interface import frame_queue, link_outbox
from peerpigeon.core.mesh import topology
from peerpigeon.core.mesh.links import Links
from peerpigeon.core.mesh.mesh import Mesh
from peerpigeon.core.mesh.topology import Topology
from peerpigeon.core.sessions.registry import Registry
from peerpigeon.core.streams.receiver import Receiver
from peerpigeon.core.streams.receivers import Receivers
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.streams.window import Window
from peerpigeon.core.wire.hub_frames import Ack
from peerpigeon.sim.scenes import congestion, disasters, mesh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peerpigeon.core.streams.outgoing import Failure, Outgoing
    from peerpigeon.sim.scenes.outcome import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


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


def test_sending_large_signals_whole_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (link_outbox, frame_queue):
        monkeypatch.setattr(module, "PIECE", 1 << 24)
    assert any(faults_of(congestion.narrow))


def flooded() -> list[str]:
    return congestion.flooded(1, duration=10.0).faults


def test_first_come_first_served_between_hubs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert flooded() == []
    monkeypatch.setattr(Registry, "flow_of", lambda *_: None)
    assert any("refused" in fault for fault in flooded())


def test_a_window_that_does_not_heed_queues_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Window, "measure", lambda window, _: setattr(window, "most", 4096))
    assert any("took" in fault for fault in flooded())


# One signal has one end


def faults_of(scene: Callable[[int], Outcome]) -> Iterator[str]:
    """Play no further than somebody looks for a fault."""
    return (fault for seed in range(1, 7) for fault in scene(seed).faults)


def test_answering_a_signal_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are needed to answer one twice here: a hub that stops used to leave some unsaid."""
    monkeypatch.setattr(AnsweredSignals, "note", lambda *_: True)
    monkeypatch.setattr(Receivers, "drain", _acknowledges_once)
    assert any("1 sent, 0 arrived, 2 answered" in fault for fault in faults_of(disasters.restarts))


def _acknowledges_once(ends: Receivers, now: float) -> list[Outgoing]:
    return [ends._ack(source, ends._receivers[source], now) for source in list(ends._owed)]


def test_delivering_what_was_said_to_have_failed_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Mesh, "woke_up", lambda *_: None)
    assert any("1 arrived, 1 answered" in fault for fault in faults_of(disasters.naps))


def test_giving_up_before_what_has_come_is_read_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Delivery, "woke_up", lambda *_: None)
    assert any("1 arrived, 1 answered" in fault for fault in faults_of(disasters.naps))


def test_sending_again_too_late_to_hear_of_it_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "ANSWER_TIME", 0.0)
    faults = disasters.naps(9).faults
    assert any("1 arrived, 1 answered" in fault for fault in faults)


def test_never_missing_dead_neighbours_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Links, "silent", lambda *_: [])
    monkeypatch.setattr(Links, "silent_at", lambda *_: math.inf)
    assert disasters.massacre(1, hubs=20, share=0.3, within=10.0).faults != []
