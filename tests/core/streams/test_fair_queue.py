"""Who waits has its turn by bytes, and no more than its part of the room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.shares import Shares
from peerpigeon.core.streams.fair_queue import FairQueue, Queued
from tests.core.streams.lossy import number_of, signal


def queue_of(most: int, most_bytes: int) -> FairQueue:
    return FairQueue(most, most_bytes, Shares(1 << 40))


def put(queue: FairQueue, flow: str, size: int = 100, number: int = 0, until: float = 9.0) -> bool:
    return queue.add(Queued(signal(number), size, until, flow))


def drain(queue: FairQueue) -> list[Queued]:
    gone: list[Queued] = []
    while (item := queue.first()) is not None:
        queue.pop()
        gone.append(item)
    return gone


def flows(items: list[Queued]) -> str:
    return "".join(str(item.flow) for item in items)


def test_turns_go_by_bytes_not_by_signals() -> None:
    queue = queue_of(100, 10_000)
    for _ in range(3):
        put(queue, "a", 300)
    for _ in range(6):
        put(queue, "b", 100)
    assert flows(drain(queue)) == "bbabbbaba"


def test_a_newcomer_goes_before_the_heap_of_another() -> None:
    queue = queue_of(100, 10_000)
    for _ in range(20):
        put(queue, "a")
    for _ in range(10):
        queue.first()
        queue.pop()
    put(queue, "b")
    put(queue, "b")
    assert flows(drain(queue))[:4] == "abab"


def test_what_is_small_does_not_wait_for_what_is_large() -> None:
    queue = queue_of(100, 10_000)
    put(queue, "a", 5000)
    put(queue, "b", 10)
    assert flows(drain(queue)) == "ba"


def test_who_was_away_has_no_credit() -> None:
    queue = queue_of(100, 10_000)
    put(queue, "b")
    drain(queue)
    for _ in range(10):
        put(queue, "a")
    for _ in range(5):
        queue.first()
        queue.pop()
    for _ in range(5):
        put(queue, "b")
    assert flows(drain(queue)) == "ababababab"


def accepted(queue: FairQueue, flow: str, size: int = 100) -> int:
    """Fill a queue with what one client sends, and return how much of it was let in."""
    count = 0
    while put(queue, flow, size):
        count += 1
    return count


def test_each_that_wants_all_gets_as_much_as_it_leaves() -> None:
    queue = queue_of(8192, 1 << 30)
    assert [accepted(queue, flow) for flow in "abcd"] == [4096, 2048, 1024, 512]
    queue = queue_of(1 << 30, 1000)
    assert [accepted(queue, flow, 10) for flow in "abc"] == [50, 25, 12]


def test_many_floods_at_once_leave_a_part_that_is_like_theirs() -> None:
    queue = queue_of(8192, 1 << 30)
    for _ in range(1000):
        for flow in range(20):
            put(queue, str(flow))
    assert accepted(queue, "honest") == 195


def test_who_waits_in_many_queues_leaves_room_for_those_that_wait_in_others() -> None:
    everywhere: Shares[object] = Shares(10_000)
    queues = [FairQueue(1000, 4000, everywhere) for _ in range(6)]
    assert [accepted(queue, "a") for queue in queues] == [20, 20, 10, 0, 0, 0]
    assert [accepted(queue, "b") for queue in queues[:4]] == [10, 10, 5, 0]
    drain(queues[0])
    assert accepted(queues[4], "a") == 12
    for queue in queues[1:]:
        queue.close()
    assert everywhere.size == 0


def test_one_that_is_larger_than_the_room_waits_alone() -> None:
    queue = queue_of(10, 1000)
    assert put(queue, "a", 5000)
    assert not put(queue, "b", 1)
    drain(queue)
    assert put(queue, "b", 1)


def test_who_has_left_pays_nothing_any_more() -> None:
    queue = queue_of(8, 1000)
    for _ in range(50):
        assert accepted(queue, "a") == 4
        drain(queue)
    assert len(queue) == 0
    assert queue.deadline() == float("inf")
    assert not queue._ends


def test_what_expires_is_taken_out_the_first_first_and_whoever_comes_next_has_its_room() -> None:
    queue = queue_of(8, 1000)
    for number, until in enumerate((5.0, 3.0, 7.0, 4.0)):
        assert put(queue, "a", number=number, until=until)
    assert not put(queue, "a")
    assert queue.deadline() == 3.0
    assert [number_of(news) for news in queue.expire(4.0, 0.0)] == [1, 3]
    assert queue.deadline() == 5.0
    assert put(queue, "a", number=4)
    assert [number_of(item.news) for item in drain(queue)] == [0, 2, 4]


def test_what_waits_can_be_renewed_and_looked_at() -> None:
    queue = queue_of(8, 1000)
    for number in range(3):
        put(queue, "a", number=number)
    queue.renew(lambda news: signal(number_of(news) + 10))
    assert [number_of(news) for news in queue.news()] == [10, 11, 12]


def test_nothing_is_kept_of_what_has_left() -> None:
    queue = queue_of(100, 100_000)
    for number in range(1000):
        put(queue, str(number), until=float(number))
        drain(queue)
    assert len(queue._expiry) <= 67
    for number in range(1000):
        put(queue, str(number), until=float(number))
        queue.expire(float(number), 0.0)
    assert len(queue._order) <= 67


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 400)), max_size=40))
def test_each_client_keeps_its_order_and_nothing_vanishes(sent: list[tuple[str, int]]) -> None:
    queue = queue_of(100, 100_000)
    items = [Queued(signal(n), size, 9.0, flow) for n, (flow, size) in enumerate(sent)]
    for item in items:
        assert queue.add(item)
    gone = drain(queue)
    for flow in "abc":
        assert [item for item in gone if item.flow == flow] == [
            item for item in items if item.flow == flow
        ]
    assert len(gone) == len(items)
