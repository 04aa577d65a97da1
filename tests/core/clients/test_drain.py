"""A hub that is to stop lets its clients go, evenly, and loses nothing that they say."""

from __future__ import annotations

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.actions import Action, DismissPeer, Drained
from peerpigeon.core.interface.events import DrainRequested, PeerBehind, Tick
from peerpigeon.core.interface.notices import Draining
from peerpigeon.core.interface.serving import Serving
from tests.core.harness import A, B, C, D, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked
from tests.core.reference.messages import announce, discovered, itself

RESTART = (1012, "server is draining, connect again")
R = "e" * 40


def dismissed(actions: list[Action]) -> list[int]:
    return [action.session for action in actions if isinstance(action, DismissPeer)]


def reasons(hub: Hubs, client: tuple[int, int]) -> list[str]:
    return [said["data"]["reason"] for said in hub.take(client) if said["type"] == "error"]


def test_clients_are_let_go_one_after_the_other_evenly() -> None:
    desk = Desk()
    for peer in (A, B, C, D):
        desk.join(peer)
    assert dismissed(desk.feed(DrainRequested(4.0), 10.0)) == [1]
    assert Draining(4, 4.0) in desk.notices
    gone: dict[int, float] = {}
    for quarter in range(20):
        now = 10.0 + quarter / 4
        desk.tick(now)
        for session in desk.closed:
            gone.setdefault(session, now)
    assert gone == {1: 10.0, 2: 11.0, 3: 12.0, 4: 13.0}
    assert set(desk.closed.values()) == {RESTART}


def test_clients_of_trackers_are_let_go_last() -> None:
    """The others are elsewhere within seconds, while those come again after minutes."""
    desk = Desk()
    trackers = [desk.visit("/announce", dialect="tracker") for _ in range(2)]
    others = [desk.visit("/y-webrtc"), desk.join(A)]
    trackers.append(desk.visit("/announce", dialect="tracker"))
    others.append(desk.visit("/peerjs?key=peerjs&id=ann&token=x", dialect="peerjs"))
    gone = dismissed(desk.feed(DrainRequested(6.0), 10.0))
    for second in range(1, 6):
        gone += dismissed(desk.feed(Tick(), 10.0 + second))
    assert gone == others + trackers


def test_the_hub_is_woken_for_the_next_one_and_when_the_last_is_gone() -> None:
    desk = Desk()
    one, other = desk.join(A), desk.join(B)
    desk.feed(DrainRequested(4.0), 10.0)
    assert desk.hub.deadline() == 12.0
    desk.lose(one, 10.1)
    assert dismissed(desk.feed(Tick(), 12.0)) == [other]
    desk.lose(other, 12.1)
    assert desk.hub.deadline() == 0.0
    assert Drained() in desk.feed(Tick(), 12.1)
    assert Drained() not in desk.feed(Tick(), 12.2)
    assert desk.hub.deadline() != 0.0


def test_a_hub_without_clients_is_drained_at_once() -> None:
    desk = Desk()
    assert Drained() in desk.feed(DrainRequested(60.0))


def test_all_may_be_let_go_at_once() -> None:
    desk = Desk()
    clients = [desk.join(peer) for peer in (A, B, C)]
    assert dismissed(desk.feed(DrainRequested(0.0), 5.0)) == clients


def test_a_hub_that_stood_still_makes_up_for_it() -> None:
    desk = Desk()
    clients = [desk.join(peer) for peer in (A, B, C, D)]
    desk.feed(DrainRequested(4.0), 10.0)
    assert dismissed(desk.feed(Tick(), 12.5)) == clients[1:3]


def test_the_time_of_clients_that_go_by_themselves_is_saved() -> None:
    desk = Desk()
    _, second, third, fourth = (desk.join(peer) for peer in (A, B, C, D))
    desk.feed(DrainRequested(4.0), 10.0)
    desk.lose(second, 10.5)
    desk.lose(third, 10.5)
    assert dismissed(desk.feed(Tick(), 11.0)) == [fourth]


def test_asking_again_changes_nothing() -> None:
    desk = Desk()
    for peer in (A, B):
        desk.join(peer)
    desk.feed(DrainRequested(4.0), 10.0)
    assert dismissed(desk.feed(DrainRequested(0.0), 10.5)) == []
    assert desk.hub.deadline() == 12.0


def test_newcomers_are_sent_away_so_that_they_come_again() -> None:
    desk = Desk()
    desk.join(A)
    assert desk.hub.status.serving is Serving.READY
    desk.feed(DrainRequested(4.0))
    newcomer = desk.open(B)
    assert desk.closed[newcomer] == RESTART
    assert desk.hub.status.is_draining
    assert desk.hub.status.snapshot(0.0).serving is Serving.DRAINING


def test_who_waits_for_a_place_is_sent_away_too() -> None:
    desk = Desk(ServerConfig(max_connections=1))
    one = desk.join(A)
    applicant = desk.open(B, 1.0)
    desk.feed(DrainRequested(4.0), 1.5)
    assert desk.closed == {one: RESTART, applicant: RESTART}
    desk.lose(one, 1.6)
    assert desk.take_types(applicant) == []


def test_who_has_got_an_id_meanwhile_is_let_go_at_last() -> None:
    desk = Desk()
    holder = desk.join(A)
    contender = desk.join(A, now=1.0)
    desk.feed(DrainRequested(0.0), 1.5)
    desk.lose(holder, 1.6)
    assert Drained() not in desk.feed(Tick(), 1.6)
    assert desk.closed == {holder: RESTART, contender: RESTART}
    desk.lose(contender, 1.7)
    assert Drained() in desk.feed(Tick(), 1.7)


def test_a_hub_of_the_npm_package_is_closed_when_the_clients_are_gone() -> None:
    desk = Desk(ServerConfig(is_hub=True, open_mesh=True))
    hub, client = desk.open(R), desk.join(A)
    for said in (announce(), itself(R), discovered(B)):
        desk.say(hub, said)
    desk.feed(DrainRequested(0.0), 3.0)
    assert hub not in desk.closed
    desk.lose(client, 3.1)
    assert Drained() in desk.feed(Tick(), 3.1)
    assert desk.closed[hub] == RESTART
    assert desk.hub.status.snapshot(3.1).connections == 0


# What is under way


def test_a_client_is_heard_until_it_has_answered_the_close_frame() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.feed(DrainRequested(60.0), 1.0)
    assert a in desk.closed
    desk.signal(a, B, now=1.1)
    assert desk.take_types(b) == ["offer"]
    desk.lose(a, 1.2)
    assert desk.take_types(b) == ["peer-disconnected"]


def test_what_is_for_a_client_that_is_let_go_comes_back() -> None:
    desk = Desk()
    _, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.feed(DrainRequested(60.0), 1.0)
    desk.signal(b, A, now=1.1)
    (said,) = desk.take(b)
    assert (said["type"], said["data"]["reason"]) == ("error", "not-found")


def test_that_it_reads_slowly_changes_nothing_in_it() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.feed(PeerBehind(a, is_behind=True))
    desk.feed(DrainRequested(60.0), 1.0)
    desk.feed(PeerBehind(a, is_behind=False), 1.1)
    desk.clear()
    desk.signal(b, A, now=1.2)
    assert desk.take_types(b) == ["error"]


def test_signals_of_other_hubs_for_it_come_back_and_its_own_go_out() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.feed(0, DrainRequested(60.0))
    hubs.take(a), hubs.take(b)
    hubs.signal(a, B)
    hubs.run()
    assert hubs.take_types(b) == ["offer"]
    hubs.signal(b, A)
    hubs.run()
    assert reasons(hubs, b) == ["not-found"]


# What other hubs do


def test_other_hubs_know_and_keep_their_links() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.join(1, A), hubs.join(1, B)
    hubs.feed(1, DrainRequested(60.0))
    hubs.pass_time(5.0)
    for hub in hubs.hubs:
        draining = [advert.hub for advert in hub.status.adverts() if advert.is_draining]
        assert draining == [SECOND]
    assert len(hubs.others) == 4


def test_namespaces_move_from_a_hub_that_drains_while_it_still_serves() -> None:
    """There are many, so that each hub was the primary of some."""
    hubs = linked(FIRST, SECOND)
    names = [f"room {number}" for number in range(20)]
    for number, name in enumerate(names):
        hubs.join(0, f"{number:040x}", name)
    others = [hubs.join(1, f"{number + 100:040x}", name) for number, name in enumerate(names)]
    hubs.pass_time(5.0)
    hubs.feed(0, DrainRequested(60.0))
    hubs.pass_time(5.0)
    for number in (0, 1):
        primaries = {hubs.hubs[number]._namespaces.placement.primary(name) for name in names}
        assert primaries == {SECOND}
    hubs.sent.clear()
    newcomers = [hubs.join(1, f"{number + 200:040x}", name) for number, name in enumerate(names)]
    hubs.pass_time(3.0)
    for other, new in zip(others, newcomers, strict=True):
        assert hubs.take_types(new).count("peer-discovered") == 2
        assert hubs.take_types(other) == ["peer-discovered"]


def test_when_all_hubs_drain_namespaces_stay_where_they_were() -> None:
    hubs = linked(FIRST, SECOND)
    before = [hub._namespaces.placement.rendezvous_hubs("net1") for hub in hubs.hubs]
    for number in (0, 1):
        hubs.join(number, f"{number:040x}")
        hubs.join(number, f"{number + 10:040x}")
        hubs.feed(number, DrainRequested(60.0))
        hubs.pass_time(1.0)
    assert [hub._namespaces.placement.rendezvous_hubs("net1") for hub in hubs.hubs] == before


def test_a_hub_that_has_started_again_is_a_rendezvous_hub_again() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A), hubs.join(0, B)
    hubs.feed(0, DrainRequested(60.0))
    hubs.pass_time(1.0)
    assert hubs.hubs[1]._namespaces.placement.rendezvous_hubs("net1") == (SECOND,)
    hubs.restart(0)
    hubs.pass_time(3.0)
    assert len(hubs.hubs[1]._namespaces.placement.rendezvous_hubs("net1")) == 2
