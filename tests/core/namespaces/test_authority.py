"""A hub speaks for the clients that it serves, and as a rendezvous hub for none but its namespaces.

Of the three hubs the second is none of the rendezvous hubs of the namespace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.namespaces.placement import closest_hubs
from peerpigeon.core.wire.client_messages import plain_introduction
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Find,
    Found,
    Gone,
    Granted,
    Located,
    Meet,
    Member,
    News,
    Refusal,
    Relay,
    Undelivered,
    Verdict,
)
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, LATER, SECOND, THIRD, Hubs, deliver, linked, news_under_way

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

Client = tuple[int, int]

NAMESPACE = next(
    name
    for name in (f"net{number}" for number in range(100))
    if FIRST not in closest_hubs(name, (FIRST, SECOND, THIRD))
    and closest_hubs(name, (FIRST, SECOND, THIRD))[0] == THIRD
)


def meeting() -> tuple[Hubs, Client, Client, int, int]:
    """Return hubs with a client at the first and one at the third, and their sessions."""
    hubs = linked(SECOND, FIRST, THIRD)
    a, c = hubs.join(0, A, NAMESPACE), hubs.join(2, C, NAMESPACE)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.take(c)
    return hubs, a, c, session_of(hubs, 0, A), session_of(hubs, 2, C)


def session_of(hubs: Hubs, number: int, peer: PeerId) -> int:
    member = hubs.hubs[number]._namespaces.presence.find(NAMESPACE, peer)
    assert member is not None
    return member.session


def refused(hubs: Hubs) -> int:
    return hubs.hubs[0].status.snapshot(hubs.now).news_unusable


def said(own: int, other: int) -> list[News]:
    """Return what a rendezvous hub may say to the first hub."""
    stranger = Located(FIRST, Member(B, LATER, plain_introduction(B)))
    return [
        Meet(NAMESPACE, ((A, own),), (stranger,)),
        Gone(NAMESPACE, ((THIRD, C, other),)),
        Refusal(NAMESPACE, A, own),
        Challenge(NAMESPACE, A, own),
        Found(NAMESPACE, C, Located(FIRST, Member(C, LATER, plain_introduction(C)))),
        Granted(NAMESPACE, (own,)),
    ]


@pytest.mark.parametrize("which", range(6))
def test_only_a_rendezvous_hub_of_a_namespace_is_believed_about_the_clients_of_others(
    which: int,
) -> None:
    for source, is_believed in ((FIRST, False), (THIRD, True)):
        hubs, a, _, own, other = meeting()
        hubs.inject(0, said(own, other)[which], source)
        assert refused(hubs) == (not is_believed)
        if not is_believed:
            assert news_under_way(hubs) == []
            assert hubs.take(a) == []
            assert hubs.closed == {}
            assert hubs.pinged == []


def test_a_refusal_of_a_registration_that_is_over_concerns_nobody() -> None:
    hubs, _, _, own, _ = meeting()
    hubs.inject(0, Refusal(NAMESPACE, A, own + 1), THIRD)
    assert (refused(hubs), hubs.closed) == (0, {})


def test_a_grant_where_we_have_nobody_concerns_nobody() -> None:
    hubs, _, _, own, _ = meeting()
    ids = hubs.hubs[0]._namespaces.presence.ids
    assert ids.grant(Granted("elsewhere", (own,))) == ([], [])


def test_what_was_made_up_of_a_departure_is_not_remembered_either() -> None:
    hubs, a, c, _, other = meeting()
    hubs.inject(0, Gone("elsewhere", ((THIRD, C, other),)), FIRST)
    hubs.inject(0, Gone(NAMESPACE, ((THIRD, C, other),)), FIRST)
    assert refused(hubs) == 2
    hubs.say(c, {"type": "offer", "data": "x", "targetPeerId": A, "networkName": NAMESPACE})
    hubs.pass_time(1.0)
    assert hubs.take_types(a) == ["offer"]


def test_who_was_asked_may_answer_though_we_have_nobody_there_any_more() -> None:
    hubs = linked(SECOND, FIRST, THIRD)
    nobody = Found(NAMESPACE, C, None)
    hubs.inject(0, nobody, FIRST)
    assert refused(hubs) == 1
    hubs.inject(0, nobody, THIRD)
    assert refused(hubs) == 1
    assert deliver(hubs, 0, Challenge(NAMESPACE, A, 5), FIRST) == [
        Verdict(NAMESPACE, A, 5, stays=False)
    ]


def forged(sender: PeerId, session: int) -> Relay:
    return Relay(NAMESPACE, sender, A, 0, "offer", b'"forged"', session)


def test_a_client_of_another_hub_that_is_known_here_has_no_other_voice() -> None:
    hubs, a, _, _, other = meeting()
    for session in (other, other + 1, LATER):
        hubs.inject(0, forged(C, session), FIRST)
        hubs.pass_time(2.0)
    assert hubs.take(a) == []


def test_nor_has_one_that_is_not_known_here() -> None:
    """The primary is asked who it is."""
    hubs, a, _, _, other = meeting()
    local = hubs.hubs[0]._namespaces.presence._locals[NAMESPACE]
    local.end(local.registrations[THIRD][other])
    assert deliver(hubs, 0, forged(C, LATER), FIRST) == [Find(NAMESPACE, C)]
    hubs.pass_time(2.0)
    assert hubs.take(a) == []


def test_a_signal_that_is_for_nobody_here_goes_back_unasked() -> None:
    hubs, _, _, _, _ = meeting()
    lost = Relay(NAMESPACE, B, A, 12345, "offer", b"1", LATER)
    assert deliver(hubs, 0, lost, FIRST) == [
        Undelivered(NAMESPACE, B, A, "offer", Reason.NOT_FOUND, LATER)
    ]
