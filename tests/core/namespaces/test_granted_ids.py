"""Who may speak under an id, and who is spoken to: whom the mesh has granted it, and nobody else.

Of the three hubs the third is the primary rendezvous hub of the namespace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.clients import signaling
from peerpigeon.core.clients.relays import ASK_AGAIN
from peerpigeon.core.interface.events import Tick
from peerpigeon.core.namespaces.retention import RETENTION
from peerpigeon.core.wire.client_messages import plain_introduction
from peerpigeon.core.wire.hub_frames import Routed, Segment
from peerpigeon.core.wire.hub_news import (
    Find,
    Found,
    Gone,
    Granted,
    Join,
    Located,
    Meet,
    Member,
    Refusal,
    Relay,
    Undelivered,
)
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, LATER, SECOND, THIRD, Hubs, deliver, linked, news_under_way

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

Client = tuple[int, int]

ELSEWHERE = 5
"""A session of nobody."""


def session_of(hubs: Hubs, number: int, peer: PeerId) -> int:
    member = hubs.hubs[number]._namespaces.presence.find("net1", peer)
    assert member is not None
    return member.session


def data_of(hubs: Hubs, client: Client) -> list[object]:
    return [message["data"] for message in hubs.take(client) if message["type"] == "offer"]


def reasons(hubs: Hubs, client: Client) -> list[str]:
    return [message["data"]["reason"] for message in hubs.take(client) if "error" in message]


def contested(**options: float) -> tuple[Hubs, Client, Client, Client, Client]:
    """Return hubs with an owner at the first, a newcomer at the second, and two others."""
    hubs = linked(FIRST, SECOND, THIRD, **options)
    owner, sender, other = hubs.join(0, A), hubs.join(1, B), hubs.join(2, C)
    newcomer = hubs.join(1, A)
    for client in (owner, sender, other):
        hubs.take(client)
    assert hubs.take_types(newcomer) == ["connected"], "it hears of nobody"
    return hubs, owner, newcomer, sender, other


# Before the mesh has decided


def test_what_is_for_an_id_goes_to_its_owner_while_another_wants_it() -> None:
    hubs, owner, newcomer, sender, other = contested()
    hubs.signal(sender, A, "from its own hub")
    hubs.signal(other, A, "from another hub")
    hubs.run()
    assert data_of(hubs, owner) == ["from its own hub", "from another hub"]
    assert hubs.take(newcomer) == []


def test_nobody_speaks_for_an_id_that_another_has() -> None:
    hubs, owner, newcomer, sender, other = contested()
    hubs.signal(newcomer, B)
    hubs.signal(newcomer, C)
    hubs.run()
    hubs.pong(owner)
    hubs.run()
    assert hubs.closed[newcomer] == (1008, "Peer already connected")
    assert hubs.take(sender) == hubs.take(other) == []


def test_who_gets_an_id_is_heard_from_its_first_word_on_and_in_order() -> None:
    hubs, _, newcomer, sender, other = contested(takeover_timeout=2.0)
    hubs.signal(newcomer, B, "first")
    hubs.signal(newcomer, C, "second")
    hubs.signal(newcomer, B, "third")
    hubs.pass_time(3.0)
    assert data_of(hubs, sender) == ["first", "third"]
    assert data_of(hubs, other) == ["second"]
    hubs.signal(sender, A, "answer")
    assert data_of(hubs, newcomer) == ["answer"]


def test_what_waits_too_long_for_the_decision_has_expired() -> None:
    hubs, _, newcomer, _, _ = contested(signal_lifetime=1.0)
    hubs.signal(newcomer, C)
    hubs.pass_time(1.5)
    assert reasons(hubs, newcomer) == ["expired"]


def test_who_leaves_before_the_decision_is_told_what_has_become_of_its_signals() -> None:
    hubs, owner, newcomer, _, other = contested()
    hubs.signal(newcomer, C)
    hubs.say(newcomer, {"type": "goodbye"})
    assert reasons(hubs, newcomer) == ["not-announced"]
    hubs.pong(owner)
    hubs.run()
    assert hubs.take(other) == []
    assert newcomer not in hubs.closed


def test_a_signal_into_another_namespace_does_not_wait_for_a_decision() -> None:
    hubs, _, newcomer, _, _ = contested()
    message = {"type": "offer", "data": "x", "targetPeerId": C, "networkName": "net2"}
    hubs.say(newcomer, message)
    assert reasons(hubs, newcomer) == ["not-announced"]


def test_signals_that_wait_for_the_decision_may_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signaling, "WAITING_SIZE", 2000)
    hubs, _, newcomer, _, _ = contested()
    for _ in range(3):
        hubs.signal(newcomer, C)
    session, of_other = session_of(hubs, 1, A), session_of(hubs, 2, C)
    (lost,) = deliver(hubs, 1, Relay("net1", C, A, session, "offer", b"1", of_other), THIRD)
    assert isinstance(lost, Undelivered)
    assert lost.reason is Reason.OVERLOADED
    assert reasons(hubs, newcomer) == ["overloaded"] * 2


@pytest.mark.parametrize("end", ["granted", "refused", "expired"])
def test_a_signal_that_is_faster_than_the_grant_waits_for_it(end: str) -> None:
    """Its sender has been told of the client by the primary already."""
    hubs, _, newcomer, _, other = contested(signal_lifetime=1.0)
    session, of_other = session_of(hubs, 1, A), session_of(hubs, 2, C)
    early = Relay("net1", C, A, session, "offer", b'"early"', of_other)
    assert deliver(hubs, 1, early, THIRD) == []
    assert hubs.take(newcomer) == []
    if end == "granted":
        hubs.inject(1, Granted("net1", (session,)), THIRD)
        assert data_of(hubs, newcomer) == ["early"]
        assert deliver(hubs, 1, Granted("net1", (session,)), THIRD) == []
        return
    if end == "refused":
        hubs.inject(1, Refusal("net1", A, session), THIRD)
        hubs.run()
    else:
        hubs.pass_time(1.5)
    assert reasons(hubs, other) == ["not-found" if end == "refused" else "expired"]
    assert data_of(hubs, newcomer) == []


def test_a_grant_for_nobody_is_nothing() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(0, A)
    assert deliver(hubs, 0, Granted("net1", (ELSEWHERE,)), THIRD) == []
    assert deliver(hubs, 0, Granted("net2", (ELSEWHERE,)), THIRD) == []


def test_a_republication_says_who_has_its_id() -> None:
    hubs, _, _, sender, _ = contested()
    hubs.announce(sender, name="new")
    granted = (session_of(hubs, 1, B),)
    joins = [news for news in news_under_way(hubs) if isinstance(news, Join)]
    assert [join.granted for join in joins] == [granted]
    hubs.lose_frames()
    hubs.hubs[1]._namespaces.presence.resync(hubs.now)
    hubs.now += 1.0
    hubs.perform(1, hubs.hubs[1].handle(Tick(), hubs.now))
    (join,) = [news for news in news_under_way(hubs) if isinstance(news, Join) and news.again]
    assert [member.peer for member in join.members] == [B, A]
    assert join.granted == granted


# In the name of somebody who was elsewhere before


def moved(**options: float) -> tuple[Hubs, Client, Client, int, int]:
    """Return hubs with a client that was at the first and is at the second, and one at each end.

    Also its sessions at both.
    """
    hubs = linked(FIRST, SECOND, THIRD, takeover_timeout=2.0, **options)
    near, far = hubs.join(0, B), hubs.join(2, C)
    hubs.join(0, A)
    before = session_of(hubs, 0, A)
    hubs.join(1, A)
    hubs.pass_time(3.0)
    hubs.take(near)
    hubs.take(far)
    return hubs, near, far, before, session_of(hubs, 1, A)


def test_signals_of_a_socket_that_is_over_are_refused() -> None:
    """Its hub stood still, and goes on with signals that the client has sent before it moved."""
    hubs, _, far, before, now = moved()
    (lost,) = deliver(hubs, 2, Relay("net1", A, C, 0, "offer", b'"old"', before), FIRST)
    assert lost == Undelivered("net1", A, C, "offer", Reason.REPLACED, before)
    hubs.run()
    assert deliver(hubs, 2, Relay("net1", A, C, 0, "offer", b'"new"', now), SECOND) == []
    assert data_of(hubs, far) == ["new"]


def doubted(**options: float) -> tuple[Hubs, Client, Relay, int]:
    """Return hubs of which the first has been sent a signal of somebody in a session unknown to it.

    Also the session that it knows.
    """
    hubs, near, _, _, known = moved(**options)
    doubtful = Relay("net1", A, B, 0, "offer", b'"doubtful"', LATER)
    assert deliver(hubs, 0, doubtful, SECOND) == [Find("net1", A)]
    assert deliver(hubs, 0, doubtful, SECOND) == [Find("net1", A)], "one question is enough"
    assert hubs.take(near) == []
    hubs.lose_frames()
    return hubs, near, doubtful, known


def test_a_signal_in_a_name_that_belongs_to_another_comes_back() -> None:
    hubs, near, _, known = doubted()
    found = Found("net1", A, Located(SECOND, Member(A, known, plain_introduction(A))))
    lost = Undelivered("net1", A, B, "offer", Reason.REPLACED, LATER)
    assert deliver(hubs, 0, found, THIRD) == [lost, lost]
    assert hubs.take(near) == []


def test_a_signal_of_somebody_who_has_moved_is_delivered_when_the_primary_says_so() -> None:
    hubs, near, doubtful, _ = doubted()
    found = Found("net1", A, Located(SECOND, Member(A, LATER, plain_introduction(A))))
    assert deliver(hubs, 0, found, THIRD) == []
    assert data_of(hubs, near) == ["doubtful", "doubtful"]
    assert deliver(hubs, 0, doubtful, SECOND) == [], "it is known now"
    assert data_of(hubs, near) == ["doubtful"]


def test_a_signal_of_somebody_whom_the_primary_does_not_know_waits_and_it_is_asked_again() -> None:
    """Nobody speaks without a grant, but a new primary may have to hear of it."""
    hubs, near, _, _ = doubted()
    hubs.lose_frames()
    for _ in range(2):
        hubs.inject(0, Found("net1", A, None), THIRD)
        assert hubs.take(near) == []
        assert news_under_way(hubs) == []
        hubs.now += ASK_AGAIN
        hubs.feed(0, Tick())
        assert Find("net1", A) in news_under_way(hubs)
        hubs.lose_frames()
    hubs.inject(0, Found("net1", A, None), THIRD)
    found = Located(SECOND, Member(A, LATER, plain_introduction(A)))
    hubs.inject(0, Found("net1", A, found), THIRD)
    assert data_of(hubs, near) == ["doubtful", "doubtful"]
    hubs.lose_frames()
    hubs.now += ASK_AGAIN
    hubs.feed(0, Tick())
    assert Find("net1", A) not in news_under_way(hubs)


def test_the_next_primary_is_asked_if_the_one_that_was_asked_is_gone() -> None:
    """Else it would wait for as long as it lives here, though it may have waited before."""
    hubs, near, _, _ = doubted()
    hubs.cut(next(end for end in hubs.others if end[0] == 2))
    hubs.pass_time(5.0)
    assert hubs.hubs[0]._signaling.waiting()["sender"] == 0
    assert "offer" not in hubs.take_types(near), "the sender is another one"


def test_nobody_is_asked_twice_who_may_yet_answer() -> None:
    hubs, _, _, _ = doubted()
    for _ in range(3):
        hubs.now += ASK_AGAIN
        hubs.feed(0, Tick())
    segments = [frame.body for frame in hubs.frames if isinstance(frame, Routed)]
    finds = {
        one.sequence for one in segments if isinstance(one, Segment) and one.news == Find("net1", A)
    }
    assert len(finds) == 1, "which is sent again, but not said again"


def test_a_signal_that_has_waited_for_so_long_that_its_target_has_left_goes_back() -> None:
    hubs, near, _, _ = doubted()
    hubs.lose(near)
    hubs.lose_frames()
    found = Located(SECOND, Member(A, LATER, plain_introduction(A)))
    lost = Undelivered("net1", A, B, "offer", Reason.NOT_FOUND, LATER)
    assert deliver(hubs, 0, Found("net1", A, found), THIRD).count(lost) == 2


def test_of_the_signals_that_wait_only_those_go_back_that_may_be_over() -> None:
    hubs, near, _, _ = doubted()
    hubs.inject(0, Relay("net1", A, B, 0, "offer", b'"later"', LATER + 1), SECOND)
    hubs.inject(0, Gone("net1", ((SECOND, A, LATER),)), THIRD)
    lost = Undelivered("net1", A, B, "offer", Reason.REPLACED, LATER)
    assert deliver(hubs, 0, Found("net1", A, None), THIRD).count(lost) == 2
    found = Located(SECOND, Member(A, LATER + 1, plain_introduction(A)))
    hubs.inject(0, Found("net1", A, found), THIRD)
    assert data_of(hubs, near) == ["later"]


def test_a_signal_that_waits_in_vain_for_a_decision_comes_back() -> None:
    hubs, near, _, _ = doubted(signal_lifetime=1.0)
    hubs.now += 1.0
    hubs.feed(0, Tick())
    lost = Undelivered("net1", A, B, "offer", Reason.EXPIRED, LATER)
    assert news_under_way(hubs).count(lost) == 2
    assert hubs.take(near) == []


@pytest.mark.parametrize("size", [0, 100])
def test_doubtful_signals_may_not_fill_the_memory(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hubs, _, _, _, _ = moved()
    monkeypatch.setattr(hubs.hubs[0]._signaling.relays._doubtful._of_hubs, "most", size)
    relay = Relay("net1", A, B, 0, "offer", b"1", LATER)
    news = [deliver(hubs, 0, relay, SECOND) for _ in range(2)][-1]
    assert Undelivered("net1", A, B, "offer", Reason.OVERLOADED, LATER) in news


def test_our_own_client_asks_anew_for_an_id_under_which_another_speaks() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    ours, b, c = hubs.join(0, A), hubs.join(0, B), hubs.join(2, C)
    session = session_of(hubs, 0, A)
    relay = Relay("net1", A, B, 0, "offer", b'"from elsewhere"', LATER)
    hubs.take(b)
    hubs.take(c)
    assert deliver(hubs, 0, relay, SECOND) == [Find("net1", A)]
    hubs.lose_frames()
    news = deliver(
        hubs, 0, Found("net1", A, Located(SECOND, Member(A, LATER, plain_introduction(A)))), THIRD
    )
    assert [piece.granted for piece in news if isinstance(piece, Join)] == [(), ()]
    assert data_of(hubs, b) == ["from elsewhere"]
    hubs.signal(ours, B, "mine")
    assert hubs.take(b) == [], "it waits"
    hubs.inject(0, Granted("net1", (session,)), THIRD)
    assert data_of(hubs, b) == ["mine"]


def test_who_is_not_known_here_is_remembered_from_its_first_signal_on() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.take(b)
    hubs.inject(0, Relay("net1", A, B, 0, "offer", b'"new"', LATER), THIRD)
    found = Located(THIRD, Member(A, LATER, plain_introduction(A)))
    hubs.inject(0, Found("net1", A, found), THIRD)
    assert data_of(hubs, b) == ["new"]
    hubs.lose_frames()
    older = Relay("net1", A, B, 0, "offer", b'"old"', LATER - 1)
    assert deliver(hubs, 0, older, SECOND) == [Find("net1", A)]


def test_a_registration_elsewhere_is_over_as_soon_as_ours_has_the_id() -> None:
    """The news that it is over may be later than what it has left behind."""
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.join(1, A)
    hubs.pass_time(1.0)
    before = session_of(hubs, 1, A)
    hubs.announce(hubs.open(0, A))
    hubs.lose_frames()
    hubs.take(b)
    hubs.inject(0, Granted("net1", (session_of(hubs, 0, A),)), THIRD)
    assert hubs.take_types(b) == ["peer-disconnected"]
    old = Relay("net1", A, B, 0, "offer", b'"old"', before)
    assert deliver(hubs, 0, old, SECOND) == [Find("net1", A)]
    ours = Located(FIRST, Member(A, session_of(hubs, 0, A), plain_introduction(A)))
    hubs.lose_frames()
    (lost,) = deliver(hubs, 0, Found("net1", A, ours), THIRD)
    assert lost == Undelivered("net1", A, B, "offer", Reason.REPLACED, before)


def test_where_one_was_whose_id_ours_has_got_nothing_is_sent_any_more() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.join(1, A)
    hubs.pass_time(1.0)
    ours = hubs.open(0, A)
    hubs.announce(ours)
    hubs.lose_frames()
    owner = Located(SECOND, Member(A, session_of(hubs, 1, A), plain_introduction(A)))
    hubs.inject(0, Found("net1", A, owner), THIRD)
    hubs.inject(0, Granted("net1", (session_of(hubs, 0, A),)), THIRD)
    hubs.lose(ours)
    hubs.lose_frames()
    hubs.signal(b, A, "for whoever has it now")
    assert news_under_way(hubs) == [Find("net1", A)]


def test_it_is_not_over_if_we_hear_of_it_again() -> None:
    """The id may have been given away only because others did not reach the hub of its owner."""
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.join(1, A)
    hubs.pass_time(1.0)
    owner = Located(SECOND, Member(A, session_of(hubs, 1, A), plain_introduction(A)))
    newcomer = hubs.open(0, A)
    hubs.announce(newcomer)
    hubs.lose_frames()
    ours = session_of(hubs, 0, A)
    hubs.inject(0, Granted("net1", (ours,)), THIRD)
    hubs.take(b)
    listener = B, session_of(hubs, 0, B)
    us = Located(FIRST, Member(A, ours, plain_introduction(A)))
    hubs.inject(0, Meet("net1", (listener,), (us,)), THIRD)
    hubs.inject(0, Meet("net1", (listener,), (owner,)), THIRD)
    assert hubs.take_types(b) == ["peer-discovered"], "of each id there is one at a time"
    hubs.inject(0, Refusal("net1", A, ours), THIRD)
    assert hubs.closed[newcomer] == (1008, "Peer already connected")
    assert hubs.take_types(b) == ["peer-disconnected", "peer-discovered"]
    hubs.signal(b, A, "to the owner")
    (relay,) = [news for news in news_under_way(hubs) if isinstance(news, Relay)]
    assert relay.session == owner.member.session


def test_a_registration_that_was_over_for_ours_is_heard_of_again_when_its_hub_is_back() -> None:
    """The id may have been given away only because that hub was out of reach."""
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.join(1, A)
    hubs.pass_time(1.0)
    newcomer = hubs.open(0, A)
    hubs.announce(newcomer)
    hubs.lose_frames()
    hubs.take(b)
    hubs.inject(0, Granted("net1", (session_of(hubs, 0, A),)), THIRD)
    assert hubs.take_types(b) == ["peer-disconnected"]
    hubs.lose(newcomer)
    hubs.take(b)
    hubs.cut(next(end for end in hubs.others if end[0] == 0))
    hubs.pass_time(5.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    assert hubs.take_types(b) == ["peer-discovered"]


def test_a_client_of_ours_that_is_granted_its_id_again_is_not_over() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A)
    b = hubs.join(0, B)
    session = session_of(hubs, 0, A)
    hubs.hubs[0]._namespaces.presence.renounce("net1", A)
    hubs.take(b)
    hubs.inject(0, Granted("net1", (session,)), SECOND)
    assert hubs.take(b) == []


def returned() -> tuple[Hubs, Client]:
    """Return hubs of which the first was cut off from the others for a while, and its client."""
    hubs = linked(FIRST, SECOND, THIRD)
    b = hubs.join(0, B)
    hubs.cut(next(end for end in hubs.others if end[0] == 0))
    hubs.pass_time(5.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    hubs.take(b)
    return hubs, b


def test_who_speaks_at_a_hub_that_was_out_of_reach_may_have_left_it_and_be_elsewhere() -> None:
    hubs, b = returned()
    relay = Relay("net1", A, B, 0, "offer", b'"doubtful"', LATER)
    assert deliver(hubs, 0, relay, SECOND) == [Find("net1", A)]
    hubs.lose_frames()
    lost = Undelivered("net1", A, B, "offer", Reason.REPLACED, LATER)
    assert deliver(hubs, 0, Found("net1", A, None), THIRD) == [lost], "nobody has the id"
    assert hubs.take(b) == []
    hubs.pass_time(RETENTION)
    hubs.inject(0, relay, SECOND)
    found = Located(SECOND, Member(A, LATER, plain_introduction(A)))
    hubs.inject(0, Found("net1", A, found), THIRD)
    assert data_of(hubs, b) == ["doubtful"]


def test_what_is_known_to_be_over_when_the_answer_comes_is_refused_whatever_it_says() -> None:
    hubs, near, _, _ = doubted()
    hubs.inject(0, Gone("net1", ((SECOND, A, LATER),)), THIRD)
    lost = Undelivered("net1", A, B, "offer", Reason.REPLACED, LATER)
    assert deliver(hubs, 0, Found("net1", A, None), THIRD) == [lost, lost]
    assert data_of(hubs, near) == []


def test_what_comes_back_reaches_only_the_socket_that_has_sent_it() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a = hubs.join(0, A)
    session = session_of(hubs, 0, A)
    hubs.take(a)
    for sender_session in (session - 1, session):
        lost = Undelivered("net1", A, B, "offer", Reason.NOT_FOUND, sender_session)
        hubs.inject(0, lost, SECOND)
    assert reasons(hubs, a) == ["not-found"]


@pytest.mark.parametrize("is_there", [True, False])
def test_somebody_who_is_being_searched_for_may_come_here_and_the_sender_may_leave(
    is_there: bool,
) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    sender = hubs.join(0, A)
    hubs.signal(sender, B)
    hubs.lose_frames()
    target = hubs.open(0, B)
    hubs.announce(target)
    hubs.take(target)
    if is_there:
        hubs.inject(0, Granted("net1", (session_of(hubs, 0, B),)), THIRD)
    else:
        hubs.lose(target)
        hubs.lose(sender)
    hubs.inject(0, Found("net1", B, None), THIRD)
    assert data_of(hubs, target) == (["x"] if is_there else [])
    assert reasons(hubs, sender) == []


def test_a_signal_for_somebody_who_is_known_to_be_gone_is_refused_whatever_the_records_say() -> (
    None
):
    """The primary, here the sender's own hub, may not have heard yet what another hub has told."""
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(0, A)
    sender = hubs.join(2, C)
    hubs.inject(2, Gone("net1", ((FIRST, A, session_of(hubs, 0, A)),)), SECOND)
    hubs.take(sender)
    hubs.signal(sender, A)
    assert reasons(hubs, sender) == ["not-found"]
