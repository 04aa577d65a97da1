"""How a wanted link comes to be: who offers, who yields, and what follows failure."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.attempts import (
    Attempt,
    Attempts,
    ChannelAttempt,
    DialAttempt,
    Room,
    WantedHub,
)
from peerpigeon.core.mesh.limits import MeshLimits

A, B, C, D, E = (PeerId(digit * 40) for digit in "abcde")
AT_B, AT_C = ("ws://b:3000",), ("ws://c:3000",)


class Middle(Random):
    """Chance that always takes the middle, and of several addresses the last."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        assert (stop, step) == (None, 1)
        return start - 1


class Hunter(Attempts):
    """A hub that wants one link or several."""

    def __init__(self, own: PeerId = C, rng: Random | None = None) -> None:
        super().__init__(own, rng or Middle(), MeshLimits())

    def want(
        self,
        hub: PeerId,
        now: float,
        addresses: tuple[str, ...] = AT_B,
        *,
        is_linked: bool = False,
        places: int = 9,
    ) -> list[Attempt]:
        return self.begin_due([WantedHub(hub, addresses, is_linked)], Room(places, 9), now)

    def begin_channel(self, hub: PeerId, now: float, *, is_linked: bool = False) -> ChannelAttempt:
        """Begin the one thing that is due now, which is a channel."""
        (channel,) = self.want(hub, now, is_linked=is_linked)
        assert isinstance(channel, ChannelAttempt)
        assert channel.hub == hub
        assert self.get(channel.opening) is channel
        return channel

    def begin_dial(self, hub: PeerId, now: float) -> DialAttempt:
        """Begin the one thing that is due now, which is a dial."""
        (dial,) = self.want(hub, now)
        assert isinstance(dial, DialAttempt)
        assert dial.hub == hub
        assert self.get(dial.opening) is dial
        return dial

    def next(self) -> float:
        """Return when ``begin_due`` is due."""
        assert self.retry_at is not None
        return self.retry_at

    def due_at(self) -> float | None:
        """Return when ``begin_due`` or ``expire`` is due."""
        return earliest(self.retry_at, self.deadline())


def agreed(hunter: Hunter, hub: PeerId, now: float) -> ChannelAttempt:
    channel = hunter.begin_channel(hub, now)
    hunter.offered(channel)
    hunter.agree(channel, now)
    return channel


# Beginning


def test_the_larger_id_offers_at_once() -> None:
    hunter = Hunter(C)
    assert hunter.want(B, 10.0) == [ChannelAttempt(1, B, 1)]
    channel = hunter.get(1)
    assert channel is hunter.channel_to(B)
    assert channel is not None
    assert (channel.hub, channel.exchange) == (B, 1)
    assert [channel.is_answer, channel.has_offered, channel.is_agreed] == [False] * 3
    assert hunter.channels == 1


def test_the_smaller_id_waits_half_a_second_for_the_larger_ones_offer() -> None:
    hunter = Hunter(B)
    assert hunter.want(C, 10.0) == []
    assert hunter.next() == 10.5
    assert hunter.want(C, 10.4) == []
    assert hunter.want(C, 10.5) == [ChannelAttempt(1, C, 1)]


def test_while_something_is_under_way_nothing_else_is_begun_there() -> None:
    hunter = Hunter(C)
    hunter.begin_channel(B, 10.0)
    assert hunter.want(B, 11.0) == []
    assert hunter.due_at() == 13.0, "the time of the offer, no earlier"
    assert hunter.retry_at is None


def test_several_hubs_are_pursued_in_the_order_in_which_they_are_wanted() -> None:
    hunter = Hunter(E)
    wanted = [WantedHub(hub, AT_B, is_linked=False) for hub in (D, B, C)]
    assert hunter.begin_due(wanted, Room(9, 9), 0.0) == [
        ChannelAttempt(1, D, 1),
        ChannelAttempt(2, B, 2),
        ChannelAttempt(3, C, 3),
    ]


def test_no_more_is_begun_than_there_are_places_and_the_rest_a_second_later() -> None:
    hunter = Hunter(E)
    wanted = [WantedHub(hub, AT_B, is_linked=False) for hub in (D, B, C)]
    assert [step.hub for step in hunter.begin_due(wanted, Room(2, 2), 0.0)] == [D, B]
    assert hunter.next() == 1.0
    assert hunter.begin_due(wanted, Room(2, 2), 1.0) == []
    channel = hunter.channel_to(D)
    assert channel is not None
    hunter.end(channel)
    assert [step.hub for step in hunter.begin_due(wanted[1:], Room(2, 2), 1.5)] == [C]


def test_no_more_channels_are_begun_than_there_is_room_for_linked_or_not() -> None:
    hunter = Hunter(E)
    wanted = [WantedHub(hub, AT_B, is_linked=True) for hub in (D, B, C)]
    assert [step.hub for step in hunter.begin_due(wanted, Room(9, 2), 0.0)] == [D, B]
    assert hunter.next() == 1.0
    assert hunter.begin_due(wanted, Room(9, 2), 1.0) == []
    assert [step.hub for step in hunter.begin_due(wanted, Room(9, 3), 2.0)] == [C]


@pytest.mark.parametrize("places", [0, -1])
def test_a_link_that_only_changes_its_carrier_needs_no_place(places: int) -> None:
    hunter = Hunter(C)
    assert hunter.want(B, 0.0, places=places) == []
    assert hunter.want(B, 0.0, is_linked=True, places=places) == [ChannelAttempt(1, B, 1)]


def test_dials_under_way_take_places_too() -> None:
    hunter = Hunter(E)
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    hunter.begin_dial(B, 0.0)
    assert (
        hunter.begin_due(
            [WantedHub(B, AT_B, is_linked=False), WantedHub(C, AT_C, is_linked=False)],
            Room(1, 1),
            0.0,
        )
        == []
    )
    assert [
        step.hub
        for step in hunter.begin_due([WantedHub(C, AT_C, is_linked=False)], Room(2, 2), 0.0)
    ] == [C]


def test_with_nobody_wanted_there_is_nothing_to_wait_for() -> None:
    hunter = Hunter(B)
    assert hunter.due_at() is None
    hunter.want(C, 0.0)
    assert hunter.begin_due([], Room(9, 9), 0.1) == []
    assert hunter.due_at() is None


# Offer and answer


def test_an_offer_from_another_is_welcome_while_none_of_ours_has_left() -> None:
    hunter = Hunter(C)
    assert hunter.yields_to(B)
    channel = hunter.begin_channel(B, 0.0)
    assert hunter.yields_to(B)
    hunter.offered(channel)
    assert not hunter.yields_to(B)
    assert hunter.yields_to(D)


def test_of_two_offers_that_cross_that_of_the_larger_id_is_answered() -> None:
    small, large = Hunter(B), Hunter(C)
    small.want(C, 0.0)
    small.offered(small.begin_channel(C, 0.5))
    large.offered(large.begin_channel(B, 0.5))
    assert small.yields_to(C)
    assert not large.yields_to(B)


def test_a_new_offer_goes_before_one_that_we_are_answering() -> None:
    hunter = Hunter(C)
    hunter.offered(hunter.answer(B, 7, 0.0))
    assert hunter.yields_to(B)


def test_an_answer_goes_by_the_attempt_of_the_one_who_offered() -> None:
    hunter = Hunter(C)
    answer = hunter.answer(B, 7, 2.0)
    assert (answer.hub, answer.exchange, answer.is_answer, answer.is_agreed) == (B, 7, True, True)
    assert hunter.find(B, 7, is_answer=True) is answer
    assert hunter.find(B, 7, is_answer=False) is None
    assert hunter.find(B, 8, is_answer=True) is None
    assert hunter.find(D, 7, is_answer=True) is None
    assert hunter.channel_to(B) is answer
    assert hunter.channels == 1
    assert hunter.due_at() == 8.0
    assert hunter.want(B, 3.0) == []


def test_the_answer_to_our_offer_is_told_by_our_attempt() -> None:
    hunter = Hunter(C)
    channel = hunter.begin_channel(B, 0.0)
    assert hunter.find(B, channel.exchange, is_answer=False) is channel
    assert hunter.find(B, channel.exchange, is_answer=True) is None
    hunter.end(channel)
    assert hunter.find(B, channel.exchange, is_answer=False) is None


def test_no_two_openings_have_one_number() -> None:
    hunter = Hunter(C)
    first = hunter.begin_channel(B, 0.0)
    hunter.end(first)
    numbers = [first.opening, hunter.answer(B, 1, 0.0).opening]
    numbers += [hunter.dial("ws://x", None, 0.0).opening, hunter.answer(A, 1, 0.0).opening]
    assert numbers == [1, 2, 3, 4]


def test_an_answer_that_took_the_place_of_our_channel_outlives_its_end() -> None:
    hunter = Hunter(C)
    mine = hunter.begin_channel(B, 0.0)
    answer = hunter.answer(B, 7, 0.0)
    hunter.end(mine)
    assert hunter.channel_to(B) is answer
    assert hunter.get(mine.opening) is None


# Times


def test_an_offer_has_three_seconds_for_its_answer_and_six_more_to_open() -> None:
    hunter = Hunter(C)
    channel = hunter.begin_channel(B, 10.0)
    assert hunter.due_at() == 13.0
    assert hunter.expire(12.9) == []
    hunter.agree(channel, 12.9)
    assert channel.is_agreed
    assert hunter.due_at() == 18.9
    assert hunter.expire(18.8) == []
    assert hunter.expire(18.9) == [channel]
    assert hunter.get(channel.opening) is channel, "it is still to be failed"
    hunter.fail(channel, 18.9)
    assert hunter.get(channel.opening) is None


def test_a_dial_has_five_seconds() -> None:
    hunter = Hunter(C)
    dial = hunter.dial("ws://x", None, 1.0)
    assert hunter.due_at() == 6.0
    assert hunter.expire(5.9) == []
    assert hunter.expire(6.0) == [dial]
    hunter.fail(dial, 6.0)
    assert hunter.due_at() is None, "nobody was wanted there"


def test_what_has_ended_does_not_expire() -> None:
    hunter = Hunter(C)
    hunter.end(hunter.begin_channel(B, 0.0))
    hunter.end(hunter.dial("ws://x", B, 0.0))
    assert hunter.expire(100.0) == []
    assert hunter.channels == 0
    assert hunter.due_at() is None


def test_an_address_is_being_dialled_until_the_dial_ends() -> None:
    hunter = Hunter(C)
    dial = hunter.dial("ws://x", None, 0.0)
    assert (dial.hub, dial.uri) == (None, "ws://x")
    assert hunter.is_dialling("ws://x")
    assert not hunter.is_dialling("ws://y")
    hunter.succeed(dial)
    assert not hunter.is_dialling("ws://x")
    assert hunter.get(dial.opening) is None


# Declined


def test_who_declines_is_asked_again_after_a_second_two_four_and_so_on() -> None:
    hunter, now, pauses = Hunter(C), 0.0, []
    for _ in range(10):
        channel = hunter.begin_channel(B, now, is_linked=True)
        hunter.decline(channel, now)
        assert hunter.want(B, now, is_linked=True) == []
        pauses.append(hunter.next() - now)
        now = hunter.next()
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]


def test_a_declined_offer_wakes_when_it_is_time_and_not_before() -> None:
    hunter = Hunter(C)
    hunter.decline(hunter.begin_channel(B, 10.0), 10.5)
    assert hunter.next() == 11.5


def test_an_offer_without_an_answer_counts_like_one_that_was_declined() -> None:
    hunter = Hunter(C)
    channel = hunter.begin_channel(B, 10.0)
    assert hunter.expire(13.0) == [channel]
    hunter.fail(channel, 13.0)
    assert hunter.next() == 13.0, "``begin_due`` is to be asked at once"
    assert hunter.want(B, 13.0) == []
    assert hunter.next() == 14.0


def test_after_three_offers_that_came_to_nothing_a_socket_is_dialled() -> None:
    hunter, now = Hunter(C), 0.0
    for pause in (1.0, 2.0):
        channel = hunter.begin_channel(B, now)
        hunter.fail(channel, now)
        assert hunter.want(B, now) == []
        now += pause
    hunter.fail(hunter.begin_channel(B, now), now)
    assert hunter.want(B, now) == [DialAttempt(4, "ws://b:3000", B)]


# Failed


def test_after_a_channel_that_failed_a_socket_is_dialled_at_once() -> None:
    hunter = Hunter(C)
    hunter.fail(agreed(hunter, B, 0.0), 6.0)
    assert hunter.next() == 6.0
    assert hunter.want(B, 6.0, ("ws://b:1", "ws://b:2")) == [DialAttempt(2, "ws://b:2", B)]
    assert hunter.is_dialling("ws://b:2")
    assert hunter.channels == 0


def test_a_channel_that_we_cannot_even_offer_has_failed() -> None:
    hunter = Hunter(C)
    hunter.fail(hunter.begin_channel(B, 0.0), 0.1, is_final=True)
    assert hunter.has_failed(B)
    assert hunter.want(B, 0.1, ()) == []
    assert hunter.next() == 15.1
    assert hunter.want(B, 0.1) == [DialAttempt(2, "ws://b:3000", B)]


def test_a_channel_that_failed_is_tried_again_after_15_seconds_30_and_so_on() -> None:
    hunter, now, pauses = Hunter(C), 0.0, []
    for _ in range(7):
        hunter.fail(agreed(hunter, B, now), now)
        assert hunter.want(B, now, ()) == []
        pauses.append(hunter.next() - now)
        now = hunter.next()
    assert pauses == [15.0, 30.0, 60.0, 120.0, 240.0, 300.0, 300.0]


def test_an_answered_channel_that_fails_counts_as_failed_too() -> None:
    hunter = Hunter(B)
    hunter.want(C, 0.0)
    hunter.fail(hunter.answer(C, 7, 0.1), 6.1)
    assert hunter.want(C, 6.1, ()) == []
    assert hunter.next() == 21.1


def test_a_hub_that_is_linked_by_socket_is_not_dialled_but_its_channel_is_tried_again() -> None:
    hunter = Hunter(C)
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    hunter.succeed(hunter.begin_dial(B, 0.0))
    assert hunter.want(B, 0.1, is_linked=True) == []
    assert hunter.next() == 15.0
    assert hunter.want(B, 15.0, is_linked=True) == [ChannelAttempt(3, B, 3)]


def test_a_hub_without_an_address_is_not_dialled_and_nothing_is_asked_before_time() -> None:
    hunter = Hunter(C)
    hunter.fail(agreed(hunter, B, 0.0), 6.0)
    assert hunter.want(B, 6.0, ()) == []
    assert hunter.next() == 21.0


def test_a_dial_that_failed_is_tried_again_after_a_second_two_and_so_on() -> None:
    hunter, now = Hunter(C), 0.0
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    times = []
    for _ in range(4):
        dial = hunter.begin_dial(B, now)
        assert dial.uri == "ws://b:3000"
        times.append(now)
        assert hunter.expire(now + 0.5) == []
        hunter.fail(dial, now + 0.5)
        assert hunter.next() == now + 0.5
        assert hunter.want(B, now + 0.5) == []
        now = hunter.next()
    assert times == [0.0, 1.5, 4.0, 8.5]


def test_a_dial_that_leads_to_somebody_else_is_not_repeated_at_once() -> None:
    hunter, now = Hunter(C), 0.0
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    times = []
    for _ in range(4):
        # The socket opens, and whoever is there is not the hub that is wanted.
        hunter.succeed(hunter.begin_dial(B, now))
        times.append(now)
        assert hunter.want(B, now) == []
        now = hunter.next()
    assert times == [0.0, 1.0, 3.0, 7.0]


def test_once_it_was_linked_a_hub_is_dialled_quickly_again() -> None:
    hunter, now = Hunter(C), 0.0
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    for _ in range(3):
        hunter.succeed(hunter.begin_dial(B, now))
        assert hunter.want(B, now) == []
        now = hunter.next()
    assert hunter.want(B, now, is_linked=True) == []
    # The link breaks, and the address leads nowhere.
    dial = hunter.begin_dial(B, now)
    hunter.fail(dial, now)
    assert hunter.want(B, now) == []
    assert hunter.next() == now + 1.0


def test_a_dial_that_fails_beside_a_link_is_not_held_against_the_address() -> None:
    hunter = Hunter(C)
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    dial = hunter.begin_dial(B, 0.0)
    assert hunter.want(B, 0.1, is_linked=True) == []
    hunter.fail(dial, 1.0)
    assert hunter.want(B, 1.0) == []
    assert hunter.next() == 2.0


def test_only_an_agreed_channel_that_did_not_open_counts_as_one_that_cannot_be_had() -> None:
    hunter = Hunter(C)
    assert not hunter.has_failed(B)
    channel = hunter.begin_channel(B, 0.0)
    assert not hunter.has_failed(B)
    hunter.fail(channel, 3.0)
    assert not hunter.has_failed(B), "nobody has answered, which says nothing of the way"
    hunter.fail(agreed(hunter, B, 4.0), 10.0)
    assert hunter.has_failed(B)
    hunter.begin_due([], Room(9, 9), 11.0)
    assert not hunter.has_failed(B), "wanted no more, it is forgotten"


def test_a_channel_that_opens_ends_all_patience_lost_with_its_hub() -> None:
    hunter = Hunter(C)
    hunter.fail(agreed(hunter, B, 0.0), 0.0)
    channel = agreed(hunter, B, 15.0)
    hunter.succeed(channel)
    assert hunter.get(channel.opening) is None
    assert hunter.channel_to(B) is None
    assert not hunter.has_failed(B)
    # The channel breaks: all begins anew.
    hunter.begin_channel(B, 40.0)


def test_a_hub_that_is_wanted_no_more_is_forgotten() -> None:
    hunter = Hunter(C)
    channel = agreed(hunter, B, 0.0)
    hunter.begin_due([], Room(9, 9), 1.0)
    hunter.fail(channel, 2.0)
    assert hunter.due_at() is None
    other = hunter.answer(D, 3, 2.0)
    hunter.decline(other, 3.0)
    hunter.fail(hunter.answer(D, 4, 3.0), 4.0)
    assert hunter.due_at() is None
    hunter.begin_channel(B, 5.0)


@given(st.integers(0, 10**6))
def test_pauses_are_drawn_within_a_quarter_so_that_two_do_not_meet_for_ever(seed: int) -> None:
    hunter = Hunter(C, Random(seed))
    hunter.decline(hunter.begin_channel(B, 0.0), 0.0)
    hunter.decline(agreed(hunter, B, 2.0), 2.0)
    second = hunter.next() - 2.0
    assert 1.5 <= second <= 2.5
    hunter.fail(agreed(hunter, B, 10.0), 10.0)
    assert hunter.want(B, 10.0, ()) == []
    assert 11.25 <= hunter.next() - 10.0 <= 18.75


def test_two_hubs_draw_different_pauses() -> None:
    pauses = set()
    for seed in range(5):
        hunter = Hunter(C, Random(seed))
        hunter.decline(hunter.begin_channel(B, 0.0), 0.0)
        pauses.add(hunter.next())
    assert len(pauses) == 5


def test_of_several_addresses_any_may_be_dialled() -> None:
    dialled = set()
    for seed in range(30):
        hunter = Hunter(C, Random(seed))
        hunter.fail(agreed(hunter, B, 0.0), 0.0)
        (dial,) = hunter.want(B, 0.0, ("ws://b:1", "ws://b:2"))
        assert isinstance(dial, DialAttempt)
        dialled.add(dial.uri)
    assert dialled == {"ws://b:1", "ws://b:2"}


class Chased(Hunter):
    """A hub that wants three others, whatever becomes of it."""

    def __init__(self, rng: Random, addresses: tuple[str, ...], places: int) -> None:
        super().__init__(C, rng)
        self.addresses, self.places = addresses, places
        self.linked = dict.fromkeys((A, B, D), False)
        self.open: dict[PeerId, Attempt] = {}

    def move(self, move: str, hub: PeerId, now: float) -> None:
        attempt = self.open.get(hub)
        if move == "link":
            self.linked[hub] = not self.linked[hub]
        elif attempt is None:
            self.open[hub] = self.answer(hub, 1, now)
        elif isinstance(attempt, ChannelAttempt) and move == "agree":
            self.agree(attempt, now)
        else:
            del self.open[hub]
            if isinstance(attempt, ChannelAttempt) and move == "decline":
                self.decline(attempt, now)
            elif move == "succeed":
                self.succeed(attempt)
            else:
                self.fail(attempt, now)

    def tick(self, now: float) -> None:
        for late in self.expire(now):
            assert late.hub is not None
            self.fail(self.open.pop(late.hub), now)
        wanted = [WantedHub(hub, self.addresses, linked) for hub, linked in self.linked.items()]
        for attempt in self.begin_due(wanted, Room(self.places, self.places), now):
            assert self.addresses or isinstance(attempt, ChannelAttempt)
            assert attempt.hub is not None
            assert attempt.hub not in self.open
            assert self.linked[attempt.hub] or len(self.open) < self.places
            assert self.get(attempt.opening) is attempt
            self.open[attempt.hub] = attempt


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["agree", "decline", "fail", "succeed", "link"]),
            st.sampled_from([A, B, D]),
            st.integers(0, 60),
        ),
        max_size=25,
    ),
    st.integers(0, 99),
    st.integers(0, 4),
    st.sampled_from([(), AT_B]),
)
def test_whatever_happens_places_are_kept_tables_end_and_no_deadline_is_past(
    moves: list[tuple[str, PeerId, int]], seed: int, places: int, addresses: tuple[str, ...]
) -> None:
    hub, now = Chased(Random(seed), addresses, places), 0.0
    for move, other, tenths in moves:
        now += tenths / 10
        hub.move(move, other, now)
        hub.tick(now)
        deadline = hub.due_at()
        assert deadline is None or deadline > now, "or it would be asked again at one instant"
        assert hub.channels == sum(isinstance(one, ChannelAttempt) for one in hub.open.values())
    for one in hub.open.values():
        hub.end(one)
    hub.begin_due([], Room(9, 9), now)
    assert hub.due_at() is None
    assert hub.channels == 0


def test_the_end_of_an_older_dial_to_a_hub_leaves_the_newer_one() -> None:
    hunter = Hunter()
    older, newer = hunter.dial("ws://b:1", B, 0.0), hunter.dial("ws://b:2", B, 0.0)
    hunter.end(older)
    assert (hunter.get(older.opening), hunter.get(newer.opening)) == (None, newer)
    assert hunter.want(B, 0.0) == []  # as one is under way
