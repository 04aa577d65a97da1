"""Who goes first when too many are in their handshake."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.http.waiting import Waiting


def test_of_the_address_with_most_the_oldest_goes_first() -> None:
    waiting: Waiting[int] = Waiting()
    assert waiting.greediest() is None
    for number, address in enumerate(["192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1"]):
        waiting.add(number, address)
    waiting.add(4, "192.0.2.2")
    assert waiting.greediest() == 1
    waiting.discard(1)
    waiting.discard(1)
    assert waiting.greediest() == 0
    assert list(waiting) == [0, 2, 3, 4]


def test_a_stranger_with_thousands_never_pushes_out_who_has_one() -> None:
    waiting: Waiting[int] = Waiting()
    waiting.add(-1, "192.0.2.1")
    for number in range(10_000):
        if len(waiting) >= 100:
            goes = waiting.greediest()
            assert goes is not None
            assert goes >= 0
            waiting.discard(goes)
        waiting.add(number, f"2001:db8::{number % 1000}")
    assert -1 in list(waiting)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=80))
def test_it_is_as_if_all_were_counted_each_time(steps: list[tuple[int, int]]) -> None:
    waiting: Waiting[int] = Waiting()
    model: dict[int, str] = {}
    for connection, address in steps:
        if connection in model:
            waiting.discard(connection)
            del model[connection]
        else:
            model[connection] = f"192.0.2.{address}"
            waiting.add(connection, model[connection])
        assert list(waiting) == list(model)
        goes = waiting.greediest()
        if not model:
            assert goes is None
            continue
        assert goes is not None
        counts = [list(model.values()).count(each) for each in model.values()]
        assert list(model.values()).count(model[goes]) == max(counts)
        assert goes == next(each for each in model if model[each] == model[goes])
