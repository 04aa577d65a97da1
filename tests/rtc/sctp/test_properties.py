"""Whatever the path does to packets, what was sent comes once and in order, or the end is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from peerpigeon.rtc.sctp.association import BROKEN, CLOSED
from tests.rtc.sctp.path import DELAY, Path, Side

SIZES = st.one_of(st.integers(0, 40), st.integers(1000, 3000), st.just(20_000))
SENT = st.lists(st.tuples(st.booleans(), SIZES), max_size=12)


def numbered(number: int, size: int) -> bytes:
    """A message that is like no other of so many."""
    return bytes([number]) * (size + 1)


@dataclass
class Mail:
    """Two open associations, and all packets between them that a test has in its hand."""

    path: Path = field(default_factory=Path)
    wanted: tuple[list[bytes], list[bytes]] = field(default_factory=lambda: ([], []))
    """What each end has sent."""
    under_way: list[tuple[Side, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.connect()
        self.path.run(1.0)

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.path.one, self.path.other

    def send(self, end: int, size: int) -> None:
        message = numbered(len(self.wanted[end]), size)
        self.sides[end].association.send(message)
        self.wanted[end].append(message)

    def collect(self) -> None:
        """Take what both ends want to send, and see that nothing came that must not."""
        for side, target in zip(self.sides, self.sides[::-1], strict=True):
            side.note()
            packets = side.association.packets(self.path.now)
            self.under_way += [(target, packet) for packet in packets]
        for sent, side in zip(self.wanted, self.sides[::-1], strict=True):
            assert side.messages == sent[: len(side.messages)]

    def deliver(self, number: int, *, again: bool) -> None:
        """Let one packet arrive, and stay to arrive again if asked."""
        if self.under_way:
            number %= len(self.under_way)
            target, packet = self.under_way[number] if again else self.under_way.pop(number)
            target.association.receive(packet, self.path.now)

    def lose(self, number: int) -> None:
        if self.under_way:
            self.under_way.pop(number % len(self.under_way))

    def wait(self, seconds: float) -> None:
        self.path.now += seconds
        for side in self.sides:
            deadline = side.association.deadline()
            if deadline is not None and deadline <= self.path.now:
                side.association.tick(self.path.now)


@settings(deadline=None)  # other work may be on the machine
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.integers(0, 1), SIZES),
            st.tuples(st.just("deliver"), st.integers(0, 99), st.booleans()),
            st.tuples(st.just("lose"), st.integers(0, 99), st.none()),
            st.tuples(st.just("wait"), st.sampled_from([0.001, 0.03, 0.5, 3.0]), st.none()),
        ),
        max_size=60,
    )
)
def test_packets_in_any_order_lost_or_doubled_bring_all_that_was_sent_once_and_in_order(
    steps: list[tuple[str, int | float, int | bool | None]],
) -> None:
    mail = Mail()
    for what, first, second in steps:
        match what:
            case "send":
                mail.send(int(first), int(second or 0))
            case "deliver":
                mail.deliver(int(first), again=bool(second))
            case "lose":
                mail.lose(int(first))
            case _:
                mail.wait(first)
        mail.collect()
    for _ in range(2000):
        while mail.under_way:
            mail.deliver(0, again=False)
            mail.collect()
        if (mail.path.other.messages, mail.path.one.messages) == mail.wanted:
            return
        if any(side.reasons for side in mail.sides):
            break  # by waiting with all lost, often enough
        mail.wait(0.1)
        mail.collect()
    assert {reason for side in mail.sides for reason in side.reasons} == {BROKEN}


@settings(deadline=None)  # other work may be on the machine
@given(
    sent=SENT,
    seed=st.integers(0, 1000),
    loss=st.floats(0.0, 0.3),
    doubling=st.floats(0.0, 0.3),
    jitter=st.sampled_from([0.0, 0.005, 0.05, 0.3]),
    closing=st.sampled_from(["one", "other", "both"]),
)
@example([(True, 20_000), (False, 1128), (False, 20_000)], 142, 0.244140625, 0.15625, 0.0, "one")
def test_on_any_path_all_comes_before_the_end(
    sent: list[tuple[bool, int]],
    seed: int,
    loss: float,
    doubling: float,
    jitter: float,
    closing: str,
) -> None:
    """An end may be given up on the worst of these paths; then what came is the beginning."""
    path = Path(seed)
    path.connect()
    path.loss, path.doubling, path.jitter = loss, doubling, jitter
    wanted: dict[bool, list[bytes]] = {True: [], False: []}
    for number, (is_first, size) in enumerate(sent):
        (path.one if is_first else path.other).association.send(numbered(number, size))
        wanted[is_first].append(numbered(number, size))
    if closing != "other":
        path.one.association.shutdown(path.now)
    if closing != "one":
        path.other.association.shutdown(path.now)

    def is_over() -> bool:
        reasons = path.one.reasons, path.other.reasons
        # Who has given the other end up says nothing. If that one waits for nothing, it hears from
        # ICE that nobody is there.
        return all(reasons) or ([BROKEN] in reasons and not path.has_more())

    path.run_until(is_over, within=2000.0)
    for is_first, source, target in ((True, path.one, path.other), (False, path.other, path.one)):
        assert target.messages == wanted[is_first][: len(target.messages)]
        # What the other end had sent when this one closed may not have come (RFC 9260, 9.2).
        closed_first = closing in ("both", "one" if is_first else "other")
        if closed_first and {*source.reasons, *target.reasons} == {CLOSED}:
            assert target.messages == wanted[is_first]


@pytest.mark.parametrize("seed", range(8))
def test_three_packets_of_ten_lost_change_nothing_but_the_time(seed: int) -> None:
    path = Path(seed)
    path.connect()
    path.loss = 0.3
    wanted = [numbered(number, 1000) for number in range(30)]
    for message in wanted:
        path.one.association.send(message)
    path.run_until(lambda: len(path.other.messages) == len(wanted), within=60.0)
    assert path.other.messages == wanted


def test_an_acknowledgement_that_was_lost_does_not_lengthen_the_wait_for_the_next() -> None:
    """What came at first is told of after two timeouts; that is no time of a round trip."""
    path = Path()
    path.connect()
    path.run(1.0)
    path.is_lost = lambda side, _: side is path.other
    for size in (1100, 1100):
        path.one.association.send(bytes(size))
    path.run(3.0)
    path.is_lost = lambda _, __: False
    path.run_until(lambda: path.one.association._outgoing.is_empty)
    path.one.association.send(b"now")
    path.run(1.0)
    assert path.one.association._outgoing.round_trip.smoothed < 10 * DELAY
