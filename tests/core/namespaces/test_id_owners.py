"""Owners of ids at other hubs: who shows its key has its id at once, wherever it comes.

Of the three hubs the third is the primary rendezvous hub of the namespace.
"""

from __future__ import annotations

import pytest

from peerpigeon.core.owners import OWNER_BYTES, owner_of_key
from peerpigeon.core.wire.client_messages import plain_introduction
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import Routed, Sealed, Segment
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Claim,
    Granted,
    Join,
    Member,
    Owned,
    Refusal,
    Relay,
    Undelivered,
    Unknown,
)
from peerpigeon.core.wire.hub_validation import opened
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, deliver, linked, news_under_way

MINE, ANOTHER = "m" * 22, "o" * 22
REFUSED = (1008, "Peer already connected")
RESUMED = (1008, "resumed by another connection")

Client = tuple[int, int]


def heard_by(hubs: Hubs, sender: Client, *clients: Client) -> list[Client]:
    """Return which of some clients hear what is sent to their common id."""
    for client in clients:
        hubs.take(client)
    hubs.signal(sender, A)
    hubs.run()
    return [client for client in clients if "offer" in hubs.take_types(client)]


@pytest.mark.parametrize("back", [0, 1, 2])
def test_the_owner_has_its_id_at_once_at_any_hub_and_nobody_is_asked(back: int) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(1, B)
    old = hubs.join(0, A, resume_key=MINE)
    hubs.pass_time(1.0)
    new = hubs.join(back, A, resume_key=MINE)
    assert hubs.pinged == []
    assert hubs.closed == {old: RESUMED if back == 0 else REFUSED}
    assert heard_by(hubs, b, old, new) == [new]


@pytest.mark.parametrize("squatted", [1, 2])
@pytest.mark.parametrize("back", [0, 1, 2])
def test_a_stranger_that_waits_at_another_hub_keeps_no_owner_out(squatted: int, back: int) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(1, B)
    old = hubs.join(0, A, resume_key=MINE)
    squatter = hubs.join(squatted, A)
    new = hubs.join(back, A, resume_key=MINE)
    assert hubs.closed.keys() == {old, squatter}
    assert heard_by(hubs, b, old, squatter, new) == [new]


@pytest.mark.parametrize("back", [0, 1, 2])
def test_who_has_taken_an_id_at_another_hub_while_its_owner_was_away_gives_it_back(
    back: int,
) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(1, B)
    old = hubs.join(0, A, resume_key=MINE)
    hubs.pass_time(10.0)
    hubs.lose(old)
    squatter = hubs.join(1, A)
    hubs.pass_time(5.0)
    assert heard_by(hubs, b, squatter) == [squatter]
    new = hubs.join(back, A, resume_key=MINE)
    assert hubs.closed == {squatter: RESUMED if back == 1 else REFUSED}
    assert heard_by(hubs, b, squatter, new) == [new]


def test_who_holds_an_id_in_another_namespace_gives_it_back_at_the_hub_of_its_owner() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(1, B)
    hubs.join(0, A, resume_key=MINE)
    squatter = hubs.join(1, A, "elsewhere")
    new = hubs.join(1, A, resume_key=MINE)
    assert hubs.closed[squatter] == RESUMED
    assert heard_by(hubs, b, squatter, new) == [new]


def test_only_the_primary_says_whose_an_id_is_and_only_of_who_waits() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(1, A, "elsewhere")
    waiting = hubs.join(1, A, resume_key=MINE)
    hubs.inject(1, Owned("net1", A, owner_of_key(MINE)), FIRST)
    hubs.inject(1, Owned("net1", A, owner_of_key(ANOTHER)), THIRD)
    hubs.inject(1, Owned("net1", B, owner_of_key(MINE)), THIRD)
    hubs.inject(1, Owned("net1", C, owner_of_key(MINE)), THIRD)
    assert hubs.closed == {}
    hubs.inject(1, Owned("net1", A, owner_of_key(MINE)), THIRD)
    assert len(hubs.closed) == 1
    assert waiting not in hubs.closed


def test_an_owner_that_was_refused_before_the_primary_answered_has_its_id_the_next_time() -> None:
    """The holder's way to the hub may be shorter than the primary's."""
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(0, A, resume_key=MINE)
    squatter = hubs.join(1, A, "elsewhere")
    hubs.announce(back := hubs.open(1, A, MINE))
    hubs.pong(squatter)
    assert hubs.closed == {back: REFUSED}
    hubs.run()
    again = hubs.open(1, A, MINE)
    assert hubs.closed == {back: REFUSED, squatter: RESUMED}
    assert again not in hubs.closed


def test_a_claim_in_a_namespace_of_which_nothing_is_known_is_not_answered() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    assert deliver(hubs, 2, Claim("unknown", A, owner_of_key(MINE)), FIRST) == []


def test_an_owner_that_waits_for_a_place_at_a_full_hub_gets_its_id_there() -> None:
    hubs = linked(FIRST, SECOND, THIRD, max_connections=1)
    hubs.join(0, A, resume_key=MINE)
    squatter = hubs.join(1, A)
    new = hubs.join(1, A, resume_key=MINE)
    assert hubs.closed[squatter] == RESUMED
    assert new not in hubs.closed


def test_an_owner_whose_hub_has_died_gets_its_id_back_from_who_has_taken_it() -> None:
    hubs = linked(FIRST, THIRD, SECOND)
    b = hubs.join(1, B)
    hubs.join(0, A, resume_key=MINE)
    hubs.pass_time(30.0)
    hubs.cut(next(end for end in hubs.others if end[0] == 0))
    hubs.pass_time(10.0)
    squatter = hubs.join(2, A)
    hubs.pass_time(5.0)
    assert heard_by(hubs, b, squatter) == [squatter]
    new = hubs.join(1, A, resume_key=MINE)
    assert hubs.closed == {squatter: REFUSED}
    assert heard_by(hubs, b, squatter, new) == [new]


def test_another_key_at_another_hub_is_a_strangers() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    first = hubs.join(0, A, resume_key=MINE)
    other = hubs.join(1, A, resume_key=ANOTHER)
    assert hubs.pinged == [first]
    hubs.pong(first)
    hubs.run()
    assert hubs.closed == {other: REFUSED}


def test_an_old_registration_of_the_owner_does_not_push_out_the_new_one() -> None:
    """Its hub was out of reach, and says again whose ids it was granted."""
    hubs = linked(FIRST, THIRD, SECOND)
    b = hubs.join(1, B)
    hubs.cut(next(end for end in hubs.others if end[0] == 0))
    old = hubs.join(0, A, resume_key=MINE)
    hubs.pass_time(10.0)
    new = hubs.join(2, A, resume_key=MINE)
    hubs.pass_time(40.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(1.0)
    assert new in hubs.pinged, "it was there first, as far as the primary knows, and is asked"
    hubs.pong(new)
    hubs.pass_time(20.0)
    assert old in hubs.closed
    assert heard_by(hubs, b, old, new) == [new]


def test_a_hub_that_has_just_become_the_primary_hears_of_others_before_an_owner_has_its_id() -> (
    None
):
    hubs = linked(FIRST, SECOND, THIRD)
    old = hubs.join(0, A, resume_key=MINE)
    hubs.hubs[2]._namespaces.rendezvous.handover.note_arrival(hubs.now)
    new = hubs.join(1, A, resume_key=MINE)
    assert hubs.closed == {}
    hubs.pass_time(3.0)
    assert hubs.closed == {old: REFUSED}
    assert new not in hubs.closed


def test_owner_marks_are_published_again_and_told_to_nobody_else() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(0, A, resume_key=MINE)
    hubs.hubs[0]._namespaces.presence.resync(hubs.now)
    hubs.pass_time(1.0)
    seen: list[bytes] = []
    for _ in range(2):
        hubs.announce((0, _session_of(hubs)), name="new")
        seen += [
            mark
            for news in news_under_way(hubs)
            if isinstance(news, Join)
            for _, mark in news.owners
        ]
        hubs.run()
    assert set(seen) == {owner_of_key(MINE)}
    assert not any(isinstance(news, Challenge) for news in news_under_way(hubs))


def _session_of(hubs: Hubs) -> int:
    party = hubs.hubs[0]._clients.registry.find(A)
    assert party is not None
    return party.session


@pytest.mark.parametrize("size", [OWNER_BYTES, OWNER_BYTES + 1])
def test_an_owner_mark_that_is_too_long_is_not_understood(size: int) -> None:
    join = Join(
        "net1", (Member(A, 5, plain_introduction(A)),), is_primary=True, owners=((5, b"x" * size),)
    )
    (frame,) = decode(batch([encode(Routed(FIRST, 1, SECOND, 0, 1, Segment(1, 0, 0, join)))]))
    assert isinstance(frame, Routed | Sealed)
    segment = opened(frame.body)
    assert isinstance(segment, Segment)
    assert isinstance(segment.news, Unknown) == (size > OWNER_BYTES)


# What is said of nobody


def test_what_the_primary_says_of_somebody_who_is_not_here_is_nothing() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(0, A)
    assert deliver(hubs, 0, Refusal("net1", B, 5), THIRD) == []
    primary = hubs.hubs[0]._namespaces.placement.primary
    unknown = next(name for name in map(str, range(100)) if primary(name) == THIRD)
    assert deliver(hubs, 0, Granted(unknown, (5,)), THIRD) == []
    assert hubs.closed == {}


def test_a_signal_for_somebody_who_is_not_here_comes_back() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(1, B)
    member = hubs.hubs[1]._namespaces.presence.find("net1", B)
    assert member is not None
    relay = Relay("net1", B, A, 0, "offer", b"1", member.session)
    (lost,) = deliver(hubs, 0, relay, SECOND)
    assert lost == Undelivered("net1", B, A, "offer", Reason.NOT_FOUND, member.session)
