from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.deadlines import TimerQueue, earliest


def test_keys_come_up_in_the_order_of_their_times() -> None:
    table: TimerQueue[int] = TimerQueue()
    table.set(1, 5.0)
    table.set(2, 3.0)
    assert table.deadline() == 3.0
    assert table.expire(2.9) == []
    assert table.expire(5.0) == [2, 1]
    assert table.deadline() is None


def test_a_moved_key_comes_up_at_its_new_time_only() -> None:
    table: TimerQueue[int] = TimerQueue()
    table.set(1, 3.0)
    table.set(1, 8.0)
    assert table.expire(7.9) == []
    assert table.expire(8.0) == [1]


def test_a_dropped_key_does_not_come_up() -> None:
    table: TimerQueue[int] = TimerQueue()
    table.set(1, 3.0)
    table.drop(1)
    table.drop(2)
    assert table.deadline() is None
    assert table.expire(9.0) == []


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.integers(0, 5), st.integers(0, 50)),
            st.tuples(st.just("drop"), st.integers(0, 5), st.just(0)),
            st.tuples(st.just("expire"), st.just(0), st.integers(0, 50)),
        )
    )
)
def test_it_answers_as_a_plain_dict_of_times_would(steps: list[tuple[str, int, int]]) -> None:
    table: TimerQueue[int] = TimerQueue()
    plain: dict[int, float] = {}
    for step, key, when in steps:
        if step == "set":
            table.set(key, when)
            plain[key] = when
        elif step == "drop":
            table.drop(key)
            plain.pop(key, None)
        else:
            due = sorted((t, k) for k, t in plain.items() if t <= when)
            assert table.expire(when) == [k for _, k in due]
            for _, k in due:
                del plain[k]
        assert table.deadline() == min(plain.values(), default=None)


def test_the_earliest_of_the_times_that_are_set() -> None:
    assert earliest(3.0, None, 2.0) == 2.0
    assert earliest(0.0, 1.0) == 0.0
    assert earliest(None, None) is None
