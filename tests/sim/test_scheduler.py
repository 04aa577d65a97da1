from functools import partial

from peerpigeon.sim.scheduler import Scheduler


def test_plans_are_carried_out_in_the_order_of_their_times() -> None:
    scheduler, done = Scheduler(), []
    scheduler.at(2.0, lambda: done.append(("b", scheduler.now)))
    scheduler.at(1.0, lambda: done.append(("a", scheduler.now)))
    scheduler.run_until(2.0)
    assert done == [("a", 1.0), ("b", 2.0)]


def test_plans_for_one_time_are_carried_out_in_the_order_in_which_they_were_made() -> None:
    scheduler = Scheduler()
    done: list[str] = []
    for name in "abc":
        scheduler.at(1.0, partial(done.append, name))
    scheduler.run_until(1.0)
    assert done == ["a", "b", "c"]


def test_the_clock_stops_at_the_time_asked_for() -> None:
    scheduler, done = Scheduler(), []
    scheduler.at(1.5, lambda: done.append("late"))
    scheduler.run_until(1.0)
    assert scheduler.now == 1.0
    assert done == []
    assert scheduler.next_time() == 1.5


def test_a_plan_for_the_past_is_carried_out_now() -> None:
    scheduler = Scheduler()
    scheduler.run_until(5.0)
    scheduler.at(1.0, lambda: None)
    assert scheduler.next_time() == 5.0


def test_it_counts_what_has_been_done() -> None:
    scheduler = Scheduler()
    scheduler.at(1.0, lambda: None)
    scheduler.at(2.0, lambda: None)
    scheduler.run_until(1.0)
    assert scheduler.done == 1


def test_only_alarms_that_are_far_off_leave_it_quiet() -> None:
    scheduler = Scheduler()
    scheduler.alarm(9.0, lambda: None)
    assert scheduler.is_quiet(lull=5.0)
    assert not scheduler.is_quiet(lull=9.0)
    scheduler.at(8.0, lambda: None)
    assert not scheduler.is_quiet(lull=5.0)
    scheduler.run_until(9.0)
    assert scheduler.is_quiet(lull=5.0)
