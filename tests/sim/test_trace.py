"""Same seed, same history, event for event: on every machine and every version of Python."""

from peerpigeon.sim.scenes.single_hub import churn
from peerpigeon.sim.trace import Trace

PINNED = "e3a5705b2584da1eed5e9066552c1ef615bf6bee1cc9b171dc93ecf972aa48ae"


def fingerprint(seed: int) -> str:
    return churn(seed, clients=30, duration=20.0, limit=3).world.trace.digest()


def test_the_same_seed_gives_the_same_history() -> None:
    assert fingerprint(1) == fingerprint(1)


def test_the_history_is_the_one_seen_before_on_other_machines_and_versions() -> None:
    # A change in what a hub or a client of the simulator does changes this value. If the change
    # is meant, put in the one that the failure shows; if it fails on one machine only, find out
    # what there depends on more than the seed.
    assert fingerprint(1) == PINNED


def test_another_seed_gives_another_history() -> None:
    assert fingerprint(1) != fingerprint(2)


def test_the_fingerprint_depends_on_each_part_of_an_event() -> None:
    events = [
        (1.0, 1, 1, 3, b"a"),
        (1.5, 1, 1, 3, b"a"),
        (1.0, 2, 1, 3, b"a"),
        (1.0, 1, 2, 3, b"a"),
        (1.0, 1, 1, 4, b"a"),
        (1.0, 1, 1, 3, b"b"),
    ]
    digests = set()
    for event in events:
        trace = Trace()
        trace.note(*event)
        digests.add(trace.digest())
    assert len(digests) == len(events)


def test_the_fingerprint_depends_on_the_order() -> None:
    one, other = Trace(), Trace()
    for trace, numbers in ((one, (1, 2)), (other, (2, 1))):
        for number in numbers:
            trace.note(1.0, number, 1, 3, b"a")
    assert one.length == other.length == 2
    assert one.digest() != other.digest()
