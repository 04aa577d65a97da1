"""What a hub has yet to handle comes one piece at a time, in the order in which it must."""

from __future__ import annotations

from peerpigeon.core.backlog import Backlog
from peerpigeon.core.effects import Outbox
from peerpigeon.core.mesh.changes import (
    Change,
    Heard,
    HubGone,
    Leaving,
    ReferenceChange,
    RoutesChanged,
)
from peerpigeon.core.wire.hub_frames import Resync
from tests.core.harness import HUB
from tests.core.hubs import FIRST, SECOND

NEWS = Resync()


def made(*changes: Change | ReferenceChange) -> tuple[Backlog, Outbox]:
    """Return a backlog behind which some changes wait to be taken, once."""
    out, waiting = Outbox(0.0), list(changes)

    def take_changes() -> list[Change | ReferenceChange]:
        taken, waiting[:] = waiting[:], []
        return taken

    return Backlog(HUB, out, take_changes), out


def drained(backlog: Backlog) -> list[object]:
    pieces: list[object] = []
    while (piece := backlog.next()) is not None:
        pieces.append(piece)
    return pieces


def test_changes_go_before_news_and_news_of_the_hub_to_itself_goes_last() -> None:
    backlog, out = made(RoutesChanged(), HubGone(FIRST))
    backlog.tell_self(NEWS)
    out.news.append((SECOND, NEWS))
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
