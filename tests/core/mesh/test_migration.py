"""When the mesh is ready (S17), and when its WebSockets are no longer needed (S19, S21)."""

from __future__ import annotations

import pytest

from peerpigeon.core.mesh.migration import Migration


def ready_at(now: float, delay: float = 10.0) -> Migration:
    migration = Migration(2, delay)
    assert migration.update(2, 5, now)
    return migration


@pytest.mark.parametrize(
    ("channels", "others", "is_ready"),
    [
        (0, 0, False),  # alone
        (0, 1, False),
        (1, 1, True),  # to all there are
        (1, 2, False),
        (2, 2, True),
        (2, 9, True),  # as many as are asked for
        (3, 9, True),
        (1, 0, False),  # a channel to a hub of which no advert has come yet
        (2, 0, True),
    ],
)
def test_ready_is_enough_channels_or_one_to_each_other_hub(
    channels: int, others: int, is_ready: bool
) -> None:
    migration = Migration(2, 10.0)
    assert not migration.is_ready
    assert migration.update(channels, others, 5.0) is is_ready
    assert migration.is_ready is is_ready


def test_a_link_to_a_worker_is_as_good_as_a_channel() -> None:
    """Who has found its place beside its own workers may want one channel, and not two."""
    migration = Migration(2, 10.0)
    assert not migration.update(0, 5, 5.0, workers=1)
    assert migration.update(1, 5, 6.0, workers=1)


def test_readiness_is_told_once_until_it_is_lost() -> None:
    migration = ready_at(5.0)
    assert not migration.update(3, 5, 6.0)
    assert not migration.update(1, 5, 7.0)
    assert not migration.is_ready
    assert not migration.update(1, 5, 8.0)
    assert migration.update(2, 5, 9.0)


def test_one_more_hub_may_take_readiness_away() -> None:
    migration = Migration(2, 10.0)
    assert migration.update(1, 1, 5.0)
    migration.update(1, 2, 6.0)
    assert not migration.is_ready


def test_the_move_is_due_ten_seconds_after_ready_and_happens_once() -> None:
    migration = ready_at(5.0)
    assert migration.deadline() == 15.0
    assert not migration.migrate(14.9)
    assert migration.migrate(15.0)
    assert migration.is_migrated
    assert migration.deadline() is None
    assert not migration.migrate(16.0)


def test_before_the_move_it_is_not_migrated() -> None:
    migration = ready_at(5.0)
    migration.migrate(14.9)
    assert not migration.is_migrated


def test_more_channels_do_not_put_the_move_off() -> None:
    migration = ready_at(5.0)
    migration.update(3, 5, 12.0)
    assert migration.deadline() == 15.0


def test_a_hub_that_never_was_ready_does_not_move() -> None:
    migration = Migration(2, 10.0)
    assert migration.deadline() is None
    assert not migration.migrate(1000.0)
    assert not migration.is_migrated


def test_who_loses_readiness_before_the_move_waits_anew() -> None:
    migration = ready_at(5.0)
    migration.update(1, 5, 14.0)
    assert migration.deadline() is None
    assert not migration.migrate(15.0)
    migration.update(2, 5, 20.0)
    assert migration.deadline() == 30.0


def test_who_loses_readiness_after_the_move_is_migrated_no_more_and_moves_again() -> None:
    migration = ready_at(5.0)
    assert migration.migrate(15.0)
    migration.update(0, 5, 40.0)
    assert not migration.is_migrated
    assert migration.update(2, 5, 50.0)
    assert not migration.migrate(59.9)
    assert migration.migrate(60.0)


def test_a_socket_may_go_when_both_readiness_and_itself_are_old_enough() -> None:
    migration = ready_at(5.0)
    assert not migration.may_close(opened_at=1.0, now=14.9)
    assert migration.may_close(opened_at=1.0, now=15.0)
    assert not migration.may_close(opened_at=12.0, now=21.9)
    assert migration.may_close(opened_at=12.0, now=22.0)


def test_no_socket_goes_while_the_mesh_is_not_ready() -> None:
    migration = ready_at(5.0)
    migration.update(1, 5, 6.0)
    assert not migration.may_close(opened_at=1.0, now=1000.0)


def test_without_a_delay_the_move_comes_at_once() -> None:
    migration = ready_at(5.0, delay=0.0)
    assert migration.deadline() == 5.0
    assert migration.may_close(opened_at=5.0, now=5.0)
    assert migration.migrate(5.0)
