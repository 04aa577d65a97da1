"""What a hub has yet to handle comes one piece at a time, in the order in which it must."""

from __future__ import annotations

from peerpigeon.core.backlog import Backlog, Heard, Leaving
from peerpigeon.core.changes import Change, HubGone, RoutesChanged
from peerpigeon.core.effects import Effects
from peerpigeon.core.wire.hub_news import Resync
from tests.core.harness import HUB
from tests.core.hubs import FIRST, SECOND

NEWS = Resync()


def made(*changes: Change) -> tuple[Backlog, Effects]:
    """Return a backlog, and the effects in which some changes are reported."""
    effects = Effects(0.0)
    for change in changes:
        effects.report(change)
    return Backlog(HUB, effects), effects


def drained(backlog: Backlog) -> list[object]:
    pieces: list[object] = []
    while (piece := backlog.next()) is not None:
        pieces.append(piece)
    return pieces


def test_changes_go_before_news_and_news_of_the_hub_to_itself_goes_last() -> None:
    backlog, effects = made(RoutesChanged(), HubGone(FIRST))
    effects.tell_hub(HUB, NEWS)
    effects.tell_hub(SECOND, NEWS)
    assert drained(backlog) == [
        RoutesChanged(),
        HubGone(FIRST),
        Leaving(SECOND, NEWS),
        Heard(HUB, NEWS),
    ]


def test_news_from_another_hub_goes_before_what_waits_already() -> None:
    backlog, _ = made(RoutesChanged(), HubGone(FIRST))
    assert backlog.next() == RoutesChanged()
    backlog.hear(FIRST, [NEWS])
    backlog.hear(SECOND, [NEWS, NEWS])
    assert drained(backlog) == [
        Heard(SECOND, NEWS),
        Heard(SECOND, NEWS),
        Heard(FIRST, NEWS),
        HubGone(FIRST),
    ]


def test_a_backlog_with_nothing_left_behind_wants_no_attention() -> None:
    backlog, _ = made(RoutesChanged())
    assert drained(backlog) == [RoutesChanged()]
    assert backlog.deadline() is None


def test_a_backlog_with_something_left_behind_is_due_since_long_ago() -> None:
    backlog, _ = made(RoutesChanged(), HubGone(FIRST))
    backlog.next()
    assert backlog.deadline() == float("-inf")
