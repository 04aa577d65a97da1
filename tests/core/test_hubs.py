"""What clients of different hubs are to each other (S5, S20, S22, S24 to S26)."""

from random import Random

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import Dial
from peerpigeon.core.interface.events import (
    BootstrapLeft,
    ChannelCandidate,
    ChannelDescribed,
    DialRequested,
    LinkOpened,
    OpeningFailed,
    Stopping,
    Tick,
)
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Find,
    Found,
    Located,
    Member,
    Refusal,
    Relay,
    Resync,
    Undelivered,
    Verdict,
)
from peerpigeon.core.wire.reasons import Reason
from tests.core.harness import HUB, A, B, C, Desk
from tests.core.hubs import FIRST, LATER, SECOND, THIRD, Hubs, deliver, linked, told_again
from tests.core.mesh.meshes import closings

REFUSED = (1008, "Peer already connected")


def test_clients_of_linked_hubs_discover_each_other_once() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.pass_time(1.0)
    assert hubs.take_types(a) == ["connected", "peer-discovered"]
    news = hubs.take(b)[-1]
    assert (news["data"]["peerId"], news["targetPeerId"], news["networkName"]) == (A, B, "net1")


def test_a_client_is_told_in_the_same_words_whatever_the_hub_of_the_other() -> None:
    """S5: nothing in the client protocol tells whether the other is on the same hub."""
    hubs = linked(FIRST, SECOND)
    near, a, far = hubs.join(0, B), hubs.join(0, A), hubs.join(1, C)
    hubs.pass_time(1.0)
    shown = [m for m in hubs.take(a) if m["type"] == "peer-discovered"]
    assert [m["data"]["peerId"] for m in shown] == [B, C]
    assert shown[0].keys() == shown[1].keys()
    hubs.signal(near, A)
    hubs.signal(far, A)
    hubs.run()
    one, other = hubs.take(a)
    assert one | {"fromPeerId": C} == other


def test_a_signal_crosses_hubs_once_and_in_order() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.take(b)
    for number in range(50):
        hubs.signal(a, B, number)
    hubs.pass_time(5.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == list(range(50))
    counts = [hub.status.snapshot(hubs.now).signals_relayed for hub in hubs.hubs]
    assert counts == [50, 0, 50]


def test_a_signal_lost_on_the_way_is_sent_again() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.take(b)
    hubs.signal(a, B, "lost at first")
    hubs.lose_frames()
    hubs.pass_time(3.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == ["lost at first"]


def test_many_signals_lost_on_the_way_are_all_sent_again_in_order() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.take(b)
    for number in range(100):
        hubs.signal(a, B, number)
    hubs.lose_frames()
    hubs.pass_time(5.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == list(range(100))


def test_a_broken_link_makes_signals_take_another_way_at_once() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    direct = hubs.link(0, 2)
    hubs.run()
    hubs.pass_time(0.5)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.take(b)
    hubs.signal(a, B)
    hubs.lose_frames()
    hubs.cut(direct)
    hubs.run()
    assert hubs.take_types(b) == ["offer"]


def test_a_signal_that_cannot_arrive_is_answered_when_its_life_is_over() -> None:
    """S24."""
    hubs = Hubs(FIRST, SECOND, signal_lifetime=1.5, heartbeat_interval=10.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(2.0)
    a = hubs.join(0, A)
    hubs.join(1, B)
    hubs.take(a)
    hubs.signal(a, B)
    hubs.others.clear()  # the link swallows everything from now on
    hubs.pass_time(1.6)
    (error,) = hubs.take(a)
    assert error["data"] == {"type": "offer", "targetPeerId": B, "reason": "expired"}


def test_namespaces_are_strict_between_hubs_too() -> None:
    """S25."""
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B, "net2")
    hubs.take(a)
    hubs.signal(a, B)
    hubs.pass_time(1.0)
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["not-found"]
    assert hubs.take_types(b) == ["connected"]


def test_who_leaves_or_says_goodbye_is_told_of_on_other_hubs_once() -> None:
    hubs = linked(FIRST, SECOND)
    a, b, c = hubs.join(0, A), hubs.join(1, B), hubs.join(1, C)
    for client in (a, b, c):
        hubs.take(client)
    hubs.say(b, {"type": "goodbye"})
    hubs.lose(b)
    hubs.lose(c)
    hubs.pass_time(1.0)
    assert hubs.take_types(a) == ["goodbye", "peer-disconnected", "peer-disconnected"]


def test_the_clients_of_a_hub_that_is_gone_are_told_of_once() -> None:
    hubs = linked(FIRST, SECOND)
    a, _ = hubs.join(0, A), hubs.join(1, B)
    hubs.take(a)
    (link,) = [end for end in hubs.others if end[0] == 0]
    hubs.cut(link)
    hubs.pass_time(5.0)
    assert hubs.take_types(a) == ["peer-disconnected"]
    assert [record.peer_id for record in hubs.hubs[0].status.snapshot(9.0).hubs] == [FIRST]


def test_two_halves_that_find_each_other_again_introduce_their_clients_again() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    (link,) = [end for end in hubs.others if end[0] == 0]
    hubs.cut(link)
    hubs.pass_time(5.0)
    hubs.take(a)
    hubs.take(b)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    assert (hubs.take_types(a), hubs.take_types(b)) == (["peer-discovered"], ["peer-discovered"])


def test_a_target_that_nobody_told_of_is_asked_for_and_nothing_overtakes() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.open(1, B)
    hubs.announce(b)
    hubs.signal(a, B, 1)  # the first hub has not heard of B yet
    hubs.signal(a, B, 2)
    hubs.run()
    hubs.signal(a, B, 3)
    hubs.pass_time(3.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == [1, 2, 3]


def test_a_signal_for_nobody_is_answered_by_the_rendezvous_hub() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    for client in (a, b):
        hubs.take(client)
        hubs.signal(client, C)
    hubs.pass_time(1.0)
    for client in (a, b):
        assert [m["data"]["reason"] for m in hubs.take(client)] == ["not-found"]


@pytest.mark.parametrize("number", [0, 1])
def test_an_id_that_is_in_use_at_another_hub_is_refused(number: int) -> None:
    """The rendezvous hub asks the first hub whether its client lives, and a live one stays."""
    hubs = linked(FIRST, SECOND)
    first = hubs.join(number, A)
    second = hubs.join(1 - number, A)
    assert first in hubs.pinged
    hubs.pong(first)
    hubs.run()
    assert hubs.closed == {second: REFUSED}


@pytest.mark.parametrize("number", [0, 1])
def test_a_client_that_comes_back_at_another_hub_gets_its_id_from_its_dead_socket(
    number: int,
) -> None:
    hubs = linked(FIRST, SECOND)
    dead, b = hubs.join(number, A), hubs.join(number, B)
    hubs.take(b)
    alive = hubs.join(1 - number, A)
    hubs.pass_time(4.0)
    assert hubs.closed.keys() == {dead}
    assert hubs.take_types(b) == ["peer-disconnected", "peer-discovered"]
    hubs.signal(b, A)
    hubs.pass_time(1.0)
    assert hubs.take_types(alive)[-1] == "offer"


def test_a_claim_from_elsewhere_waits_for_nobody_who_has_left() -> None:
    hubs = linked(FIRST, SECOND)
    first = hubs.join(0, A)
    second = hubs.join(1, A)
    hubs.lose(first)
    hubs.pass_time(1.0)
    assert hubs.closed == {}
    assert hubs.take_types(second) == ["connected"]


@pytest.mark.parametrize("lives", [True, False])
def test_who_comes_here_and_who_comes_elsewhere_wait_for_one_answer(lives: bool) -> None:
    hubs = linked(FIRST, SECOND)
    first = hubs.join(0, A)
    waiting = hubs.join(0, A)
    elsewhere = hubs.join(1, A)
    assert hubs.closed == {}
    assert hubs.pinged == [first]
    if lives:
        hubs.pong(first)
        hubs.run()
        assert hubs.closed == {waiting: REFUSED, elsewhere: REFUSED}
        return
    hubs.lose(first)
    hubs.run()
    alive = hubs.pinged[-1]
    assert hubs.closed == {}, "one of the two is asked now"
    hubs.pong(alive)
    hubs.run()
    loser = elsewhere if alive == waiting else waiting
    assert hubs.closed == {loser: REFUSED}


def test_a_hub_that_is_asked_to_tells_the_rendezvous_hubs_again_whom_it_serves() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A)
    hubs.pass_time(1.0)
    assert deliver(hubs, 0, Resync()) == []
    assert told_again(hubs, 0) == [[A]]


def test_a_question_about_a_client_that_is_not_here_is_answered_with_no() -> None:
    hubs = linked(FIRST, SECOND)
    (verdict,) = deliver(hubs, 0, Challenge("net1", A, 5))
    assert verdict == Verdict("net1", A, 5, stays=False)


def test_a_signal_for_a_stay_that_is_over_comes_back() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A)
    hubs.pass_time(1.0)
    (lost,) = deliver(hubs, 0, Relay("net1", B, A, 12345, "offer", b"1", LATER))
    assert lost == Undelivered("net1", B, A, "offer", Reason.NOT_FOUND, LATER)


def test_what_was_meant_for_a_missing_hub_is_sent_again_as_soon_as_it_is_back() -> None:
    hubs = linked(FIRST, THIRD, SECOND)
    b = hubs.join(2, B)
    hubs.cut(next(end for end in hubs.others if end[0] == 2))
    hubs.pass_time(5.0)
    hubs.take(b)
    member = hubs.hubs[2]._namespaces.presence.find("net1", B)
    assert member is not None
    deliver(hubs, 0, Relay("net1", B, A, 12345, "offer", b"1", member.session))
    hubs.run()
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(0.5)
    assert hubs.take_types(b) == ["error"], "before it would be repeated anyway"


def kept_for_others(hubs: Hubs, number: int) -> int:
    figures = hubs.hubs[number].status.figures().mesh
    assert figures is not None
    return sum(lane.unacknowledged for lane in figures.streams.values())


def test_nothing_new_is_told_to_a_hub_that_is_gone() -> None:
    hubs = linked(FIRST, THIRD, SECOND)
    hubs.cut(next(end for end in hubs.others if end[0] == 2))
    hubs.pass_time(5.0)
    assert deliver(hubs, 0, Find("net1", A)) == []
    assert kept_for_others(hubs, 0) == 0


def test_nothing_is_kept_for_a_hub_that_is_forgotten() -> None:
    hubs = linked(FIRST, THIRD, SECOND)
    hubs.cut(next(end for end in hubs.others if end[0] == 2))
    hubs.pass_time(5.0)
    deliver(hubs, 0, Relay("net1", B, A, 12345, "offer", b"1", LATER))
    assert kept_for_others(hubs, 0) == 1
    hubs.pass_time(3600.0)
    assert kept_for_others(hubs, 0) == 0


def test_what_comes_back_for_a_sender_that_has_left_is_nothing() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A, "net2")
    hubs.take(a)
    deliver(hubs, 0, Undelivered("net1", A, B, "offer", Reason.NOT_FOUND))
    deliver(hubs, 0, Undelivered("net1", C, B, "offer", Reason.NOT_FOUND))
    assert hubs.take(a) == []


def test_an_answer_that_nobody_waits_for_is_kept_and_no_more() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A)
    hubs.pass_time(1.0)
    located = Located(SECOND, Member(B, 7, b"{}"))
    assert deliver(hubs, 0, Found("net1", B, located)) == []


def test_a_plain_server_has_no_part_in_a_mesh() -> None:
    desk = Desk()
    for event in (
        OpeningFailed(1, "refused"),
        ChannelDescribed(1, "v=0"),
        ChannelCandidate(1, "candidate"),
    ):
        assert desk.feed(event) == []
    assert desk.hub.id == HUB
    assert desk.hub.advert is None
    assert desk.hub.status.adverts() == []
    for asked in (Stopping(), DialRequested("ws://x:1"), BootstrapLeft()):
        assert desk.feed(asked) == []


def test_a_hub_that_stops_says_so() -> None:
    hubs = linked(FIRST, SECOND)
    assert hubs.hubs[0].handle(Stopping(), hubs.now)
    assert hubs.hubs[0].advert is not None
    assert hubs.hubs[0].advert.is_draining


def test_a_hub_can_be_told_to_dial_another() -> None:
    hubs = linked(FIRST, SECOND)
    asked = DialRequested("ws://elsewhere:3000")
    (dial,) = hubs.hubs[0].handle(asked, hubs.now)
    assert getattr(dial, "uri", "") == "ws://elsewhere:3000"
    assert hubs.hubs[0].handle(asked, hubs.now) == []


def test_a_restarted_hub_begins_anew() -> None:
    hubs = linked(FIRST, SECOND)
    a, _ = hubs.join(0, A), hubs.join(1, B)
    hubs.take(a)
    for end in [end for end in hubs.others if end[0] == 1]:
        hubs.others.pop(hubs.others.pop(end))
    hubs.signal(a, B)
    hubs.hubs[1] = Hub(SECOND, ServerConfig(is_hub=True), Random(5), epoch=2000.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(1.0)
    told = hubs.take(a)
    assert [m["type"] for m in told] == ["error", "peer-disconnected"]
    assert told[0]["data"]["reason"] == "hub restarted"
    b = hubs.join(1, B)
    hubs.pass_time(2.0)
    assert hubs.take_types(b) == ["connected", "peer-discovered"]


def test_what_a_hub_has_delivered_before_it_stopped_is_not_refused_afterwards() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    for _ in range(3):  # not each is acknowledged by itself
        hubs.signal(a, B)
        hubs.run()
    assert hubs.take_types(b)[-3:] == ["offer"] * 3
    hubs.take(a)
    hubs.feed(1, Stopping())
    for end in [end for end in hubs.others if end[0] == 0]:
        del hubs.others[end]  # it hears no more, and what it has said arrives
    hubs.run()
    hubs.hubs[1] = Hub(SECOND, ServerConfig(is_hub=True), Random(5), epoch=2000.0)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(60.0)
    assert "error" not in hubs.take_types(a)


def test_a_target_that_comes_to_the_senders_own_hub_meanwhile_gets_what_waited() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.pass_time(1.0)
    hubs.signal(a, B, "early")
    hubs.lose_frames()  # the rendezvous hub's answer is late
    b = hubs.join(0, B)
    hubs.signal(a, B, "late")
    hubs.pass_time(4.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == ["early", "late"]


def test_signals_that_wait_for_an_answer_may_not_fill_the_memory() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.pass_time(1.0)
    hubs.take(a)
    for _ in range(6):  # five are a third of 16 MiB
        hubs.signal(a, B, "x" * 1_000_000)
        hubs.lose_frames()
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["overloaded"]


def test_a_question_that_nobody_answers_ends() -> None:
    hubs = linked(FIRST, SECOND, signal_lifetime=1.0)
    a = hubs.join(0, A)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.signal(a, B)
    hubs.lose_frames()
    hubs.others.clear()
    hubs.pass_time(1.5)
    assert [m["data"]["reason"] for m in hubs.take(a)] == ["expired"]


def test_a_refusal_for_a_client_that_has_left_is_nothing() -> None:
    hubs = linked(FIRST, SECOND)
    deliver(hubs, 0, Refusal("net1", A, 1))
    assert hubs.closed == {}


def test_events_of_channels_reach_the_mesh() -> None:
    hubs = linked(FIRST, SECOND)
    asked = DialRequested("ws://elsewhere:3000")
    (dial,) = hubs.hubs[0].handle(asked, hubs.now)
    opening = getattr(dial, "opening", 0)
    hubs.feed(0, OpeningFailed(opening, "refused"))
    assert hubs.hubs[0].handle(asked, hubs.now) != []
    hubs.feed(0, ChannelDescribed(99, "v=0"))
    hubs.feed(0, ChannelCandidate(99, "candidate"))
    assert not hubs.frames


def test_a_hub_can_be_told_to_leave_its_bootstrap_hubs() -> None:
    desk = Desk(ServerConfig(is_hub=True, bootstrap_hubs=("ws://there:1",)))
    (dial,) = (action for action in desk.feed(Tick()) if isinstance(action, Dial))
    desk.feed(LinkOpened(LinkId(1), Carrier.WEBSOCKET, dial.opening))
    desk.feed(LinkOpened(LinkId(2), Carrier.WEBSOCKET, 0))  # they have dialled us
    assert closings(desk.feed(BootstrapLeft())) == {1: (1000, "disconnected")}
    assert not any(isinstance(action, Dial) for action in desk.feed(Tick(), 100.0))


def test_a_circle_of_pieces_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peerpigeon.core.hub.MOST_PIECES", 1)
    with pytest.raises(AssertionError, match="a circle"):
        linked(FIRST, SECOND).join(0, A)


def test_who_is_there_is_heard_of_though_signals_from_there_were_lost() -> None:
    """What hubs say about namespaces has a stream of its own, and does not wait for signals."""
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.take(b)
    hubs.signal(a, B, "lost at first")
    hubs.lose_frames()
    hubs.join(0, C)
    assert hubs.take_types(b) == ["peer-discovered"], "without any time passing"
    hubs.pass_time(2.0)
    assert hubs.take_types(b) == ["offer"]
