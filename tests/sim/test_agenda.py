from functools import partial

from peerpigeon.sim.agenda import Agenda


def test_plans_are_carried_out_in_the_order_of_their_times() -> None:
    agenda, done = Agenda(), []
    agenda.at(2.0, lambda: done.append(("b", agenda.now)))
    agenda.at(1.0, lambda: done.append(("a", agenda.now)))
    agenda.run_until(2.0)
    assert done == [("a", 1.0), ("b", 2.0)]


def test_plans_for_one_time_are_carried_out_in_the_order_in_which_they_were_made() -> None:
    agenda = Agenda()
    done: list[str] = []
    for name in "abc":
        agenda.at(1.0, partial(done.append, name))
    agenda.run_until(1.0)
    assert done == ["a", "b", "c"]


def test_the_clock_stops_at_the_time_asked_for() -> None:
    agenda, done = Agenda(), []
    agenda.at(1.5, lambda: done.append("late"))
    agenda.run_until(1.0)
    assert agenda.now == 1.0
    assert done == []
    assert agenda.next_time() == 1.5


def test_a_plan_for_the_past_is_carried_out_now() -> None:
    agenda = Agenda()
    agenda.run_until(5.0)
    agenda.at(1.0, lambda: None)
    assert agenda.next_time() == 5.0


def test_it_counts_what_has_been_done() -> None:
    agenda = Agenda()
    agenda.at(1.0, lambda: None)
    agenda.at(2.0, lambda: None)
    agenda.run_until(1.0)
    assert agenda.done == 1


def test_only_alarms_that_are_far_off_leave_it_quiet() -> None:
    agenda = Agenda()
    agenda.alarm(9.0, lambda: None)
    assert agenda.is_quiet(lull=5.0)
    assert not agenda.is_quiet(lull=9.0)
    agenda.at(8.0, lambda: None)
    assert not agenda.is_quiet(lull=5.0)
    agenda.run_until(9.0)
    assert agenda.is_quiet(lull=5.0)
