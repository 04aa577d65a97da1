"""Each invariant of the checker: a history that keeps it passes, one that breaks it is caught."""

from __future__ import annotations

from chaos.checks.calm import ARRIVES
from chaos.checks.ends import ANSWERED_ONCE, DELIVERED_ONCE, ONE_END, SOME_END
from chaos.checks.farewells import FAREWELL
from chaos.checks.namespaces import APART
from chaos.checks.order import ORDER
from chaos.checks.ownership import HEARS, KEEPS, OUSTED, REFUSED, SPEAKS, TOLD
from chaos.checks.places import FULL, PLACES
from chaos.history import CutOff, Discovered, Frozen, Heard, Mended, Paused, Stalled, Thawed, Wrong

from tests.chaos.stories import ANN, ANNS, BOB, BOBS, CAT, CATS, Story

RIVAL = 9
"""The socket of somebody else under Ann's id, at hub 3."""


def rival(at: float) -> Story:
    return Story().opened(at, RIVAL, ANN, 3, "rival")


# One end


def test_a_signal_that_arrives_once_is_right() -> None:
    assert Story().sent(30.0, 1).heard(30.1, 1).until(100.0).broken() == []


def test_a_signal_that_arrives_twice_is_caught() -> None:
    story = Story().sent(30.0, 1).heard(30.1, 1).heard(33.0, 1)
    assert story.broken() == [DELIVERED_ONCE]


def test_a_signal_that_is_answered_twice_is_caught() -> None:
    story = Story().down(29.0, 1, "stop").sent(30.0, 1)
    story.answered(31.0, 1, "not-found").answered(40.0, 1, "expired")
    assert story.broken() == [ANSWERED_ONCE]


def test_a_signal_that_arrives_and_is_answered_is_caught() -> None:
    story = Story().down(30.2, 1, "stop").sent(30.0, 1).heard(30.1, 1).answered(40.0, 1, "expired")
    assert story.broken() == [ONE_END]


def test_a_hub_that_is_killed_may_have_delivered_what_is_answered() -> None:
    story = Story().down(30.2, 1, "kill").sent(30.0, 1).heard(30.1, 1).answered(40.0, 1, "expired")
    assert story.broken() == []


def test_a_signal_without_an_end_is_caught() -> None:
    assert Story().sent(30.0, 1).until(100.0).broken() == [SOME_END]


def test_a_sender_who_has_left_cannot_be_told() -> None:
    assert Story().sent(30.0, 1).closed(31.0, ANNS).until(100.0).broken() == []


def test_a_frozen_hub_has_time_after_it_is_thawed() -> None:
    story = Story().add(Frozen(at=29.0, hub=0)).sent(30.0, 1).add(Thawed(at=90.0, hub=0))
    assert story.until(100.0).broken() == []
    assert story.until(120.0).broken() == [SOME_END]


# Order


def test_signals_in_the_order_sent_are_right() -> None:
    story = Story().sent(30.0, 1).sent(30.1, 2).heard(30.2, 1).heard(30.3, 2)
    assert story.broken() == []


def test_an_earlier_signal_after_a_later_one_is_caught() -> None:
    story = Story().sent(30.0, 1).sent(30.1, 2).heard(30.2, 2).heard(30.3, 1)
    assert story.broken() == [ORDER]


def test_an_earlier_socket_of_a_roamer_is_in_one_order_with_the_later() -> None:
    story = Story().sent(30.0, 1).closed(30.1, ANNS).opened(30.2, 4, ANN, 4).sent(31.0, 2, socket=4)
    assert story.heard(31.1, 2).heard(38.0, 1).broken() == [ORDER]


def test_two_senders_are_in_no_order() -> None:
    story = Story().sent(30.0, 1).sent(30.1, 2, socket=CATS).heard(30.2, 2, source=CAT)
    assert story.heard(30.3, 1).broken() == []


# Namespaces


def test_a_signal_from_another_namespace_is_caught() -> None:
    story = Story().sent(30.0, 1)
    story.add(Heard(at=30.1, socket=BOBS, serial=1, source=ANN, namespace="west"))
    assert story.broken() == [APART]


def test_a_signal_that_is_for_another_is_caught() -> None:
    assert Story().sent(30.0, 1, target=CAT).heard(30.1, 1, socket=BOBS).broken() == [APART]


def test_a_signal_in_the_name_of_another_is_caught() -> None:
    assert Story().sent(30.0, 1).heard(30.1, 1, source=CAT).broken() == [APART]


def test_news_of_somebody_in_another_namespace_is_caught() -> None:
    story = Story().add(Discovered(at=30.0, socket=ANNS, peer=BOB, namespace="west"))
    assert story.broken() == [APART]


# Who owns an id


def test_a_rival_that_is_refused_is_right() -> None:
    assert rival(30.0).closed(31.0, RIVAL, REFUSED).broken() == []


def test_what_a_rival_gets_is_caught() -> None:
    story = rival(30.0).sent(30.1, 1, socket=BOBS, target=ANN)
    assert story.heard(30.2, 1, socket=RIVAL, source=BOB).broken() == [HEARS]


def test_what_a_rival_says_is_caught() -> None:
    story = rival(30.0).sent(30.1, 1, socket=RIVAL, target=BOB)
    assert story.heard(30.2, 1, socket=BOBS).broken() == [SPEAKS]


def test_a_rival_that_is_told_of_others_is_caught() -> None:
    story = rival(30.0).add(Discovered(at=30.1, socket=RIVAL, peer=BOB, namespace="east"))
    assert story.broken() == [TOLD]


def test_while_the_hub_of_the_owner_is_frozen_a_rival_is_still_caught() -> None:
    story = rival(30.3).add(Frozen(at=30.0, hub=0), Thawed(at=33.0, hub=0))
    story.sent(31.0, 1, socket=BOBS, target=ANN).heard(31.1, 1, socket=RIVAL, source=BOB)
    assert story.broken() == [HEARS]


def test_a_hub_that_was_frozen_for_long_may_have_been_taken_for_gone() -> None:
    story = rival(30.3).add(Frozen(at=30.0, hub=0), Thawed(at=38.0, hub=0))
    story.sent(36.0, 1, socket=BOBS, target=ANN).heard(36.1, 1, socket=RIVAL, source=BOB)
    assert story.broken() == []


def test_when_the_hub_of_the_owner_is_killed_the_id_is_free() -> None:
    story = rival(30.0).down(30.1, 0).sent(30.2, 1, socket=RIVAL, target=BOB)
    assert story.heard(30.4, 1, socket=BOBS).broken() == []


def test_an_owner_that_is_not_read_may_lose_its_id() -> None:
    story = rival(30.3).add(Paused(at=30.0, socket=ANNS)).closed(33.0, ANNS, OUSTED)
    story.sent(33.1, 1, socket=RIVAL, target=BOB)
    assert story.heard(33.2, 1, socket=BOBS).broken() == []


def test_an_owner_that_is_ousted_is_caught() -> None:
    assert rival(30.0).closed(33.0, ANNS, OUSTED).broken() == [KEEPS]


def test_when_the_driver_stood_still_nobody_is_sure_of_an_id() -> None:
    story = rival(30.0).add(Stalled(at=32.5, seconds=2.4)).closed(33.0, ANNS, OUSTED)
    assert story.broken() == []


# Farewells


def test_a_farewell_of_who_lives_is_caught() -> None:
    assert Story().farewell(60.0, ANNS, BOB).until(100.0).broken() == [FAREWELL]


def test_a_farewell_of_who_has_left_is_right() -> None:
    assert Story().closed(59.0, BOBS).farewell(60.0, ANNS, BOB).until(100.0).broken() == []


def test_who_is_cut_off_may_be_told_farewell() -> None:
    story = Story().add(CutOff(at=50.0, hubs=(1,)), Mended(at=58.0))
    assert story.farewell(56.0, ANNS, BOB).until(100.0).broken() == []


def test_a_short_sleep_is_no_reason_for_a_farewell() -> None:
    story = Story().add(Frozen(at=58.0, hub=1), Thawed(at=59.0, hub=1))
    assert story.farewell(60.0, ANNS, BOB).until(100.0).broken() == [FAREWELL]


def test_the_death_of_a_third_hub_is_no_reason_for_a_farewell() -> None:
    story = Story().down(58.0, 4).farewell(60.0, ANNS, BOB).until(100.0)
    assert story.broken() == [FAREWELL]


# In calm


def test_an_answer_in_calm_is_caught() -> None:
    story = Story().sent(60.0, 1).answered(70.0, 1, "expired").until(100.0)
    assert story.broken() == [ARRIVES]


def test_an_answer_while_hubs_come_and_go_is_allowed() -> None:
    story = Story().down(55.0, 4).sent(60.0, 1).answered(70.0, 1, "expired").until(100.0)
    assert story.broken() == []


# Places


def crowd_of_ghosts() -> Story:
    story = Story()
    for ghost in range(100, 140):
        story.opened(30.0, ghost, f"{ghost:040x}", 0, "ghost")
    return story.opened(31.0, 9, "d" * 40, 0, "newcomer")


def test_a_newcomer_that_ghosts_keep_out_is_caught() -> None:
    assert crowd_of_ghosts().closed(31.1, 9, FULL).broken() == [PLACES]


def test_a_newcomer_that_gets_a_place_is_right() -> None:
    assert crowd_of_ghosts().closed(36.0, 9).broken() == []


def test_a_hub_full_of_the_living_may_refuse() -> None:
    story = Story()
    for other in range(100, 140):
        story.opened(30.0, other, f"{other:040x}", 0)
    story.opened(31.0, 9, "d" * 40, 0, "newcomer")
    assert story.closed(31.1, 9, FULL).broken() == []


# What the driver sees by itself


def test_what_the_driver_finds_is_a_finding() -> None:
    wrong = Wrong(at=60.0, invariant="nothing leaks", what="hub 1 has 400 descriptors open")
    assert Story().add(wrong).broken() == ["nothing leaks"]
