"""Streams note which hubs do not keep up with control news."""

from __future__ import annotations

from peerpigeon.core.lagging import BEHIND, PATIENCE, Lagging
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import Ack
from peerpigeon.core.wire.hub_news import Located, Meet, Member
from tests.core.streams.lossy import HUBS, signal

A, B, _ = HUBS
LARGE = Meet("net1", (), (Located(A, Member(A, 1, b"x" * BEHIND)),))


def behind(lagging: Lagging) -> Streams:
    """Return streams in which more waits for one hub than that takes."""
    source = Streams(lagging=lagging)
    source.send(B, 1, LARGE, 1.0, None)
    assert lagging.until(B) == 1.0 + PATIENCE
    return source


def test_a_hub_is_behind_until_it_has_acknowledged_enough() -> None:
    lagging = Lagging()
    source = behind(lagging)
    source.on_ack(B, 1, Ack(1, 1), 2.0)
    assert lagging.until(B) is None


def test_a_hub_that_is_gone_is_not_waited_for() -> None:
    lagging = Lagging()
    behind(lagging).forget(B, 2.0)
    assert lagging.until(B) is None


def test_nor_is_one_that_was_restarted() -> None:
    lagging = Lagging()
    behind(lagging).restarted(B, 2)
    assert lagging.until(B) is None


def test_signals_do_not_count() -> None:
    lagging = Lagging()
    Streams(lagging=lagging).send(B, 1, signal(1, size=BEHIND + 1), 1.0, 10.0)
    assert lagging.until(B) is None
