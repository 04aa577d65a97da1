"""Who has not proved itself has little time, and few places apart from those of other hubs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import Action, CloseLink, SendToLink, TrustLink
from peerpigeon.core.interface.events import LinkOpened
from peerpigeon.core.mesh.authentication import NONCE_SIZE, Authenticator
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Bye, Heartbeat, Hello
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, closings, frames, of_kind

WORDS = "a secret of the mesh"
SECRET: dict[str, Any] = {"hub_secret": WORDS}
NONCE = bytes(NONCE_SIZE)


def arrive(bench: Bench, address: str, now: float = 0.0) -> LinkId:
    """Open a link from an address, and say nothing over it."""
    bench.links += 1
    link = LinkId(bench.links)
    bench.opened = bench.handle(LinkOpened(link, SOCKET, 0, address), now)
    return link


def prove(bench: Bench, link: LinkId) -> list[Action]:
    """Say over the link opened last what a hub of the mesh does."""
    (hello,) = of_kind(Hello, frames(bench.opened, link))
    bench.hello(link, HUBS[1], nonce=NONCE)
    proof = Authenticator(HUBS[1], (WORDS,), Random(1)).prove(OWN, NONCE, hello.nonce)
    return bench.receive(link, proof)


def test_the_oldest_of_the_address_with_most_makes_room() -> None:
    bench = Bench(limits=MeshLimits(strangers=4))
    arrive(bench, "192.0.2.1")
    crowd = [arrive(bench, "192.0.2.2") for _ in range(3)]
    arrive(bench, "192.0.2.3")
    assert closings(bench.opened) == {crowd[0]: (1013, "too many links")}
    arrive(bench, "192.0.2.4")
    assert closings(bench.opened) == {crowd[1]: (1013, "too many links")}


def test_all_addresses_of_one_subscriber_count_as_one() -> None:
    bench = Bench(limits=MeshLimits(strangers=4))
    arrive(bench, "2001:db8:0:1::1")
    crowd = [arrive(bench, f"2001:db8:0:2::{n}") for n in range(2)]
    arrive(bench, "192.0.2.3")
    arrive(bench, "192.0.2.4")
    assert closings(bench.opened) == {crowd[0]: (1013, "too many links")}


def test_a_hub_gets_in_however_many_strangers_there_are() -> None:
    bench = Bench(**SECRET)
    for _ in range(5000):
        arrive(bench, "192.0.2.1")
    link = arrive(bench, "192.0.2.1")
    assert link not in closings(bench.opened)
    assert TrustLink(link) in prove(bench, link)
    assert bench.mesh.snapshot().websocket_links == 1


def test_strangers_take_no_place_of_a_hub_that_is_let_in() -> None:
    bench = Bench(limits=MeshLimits(open_links=1, strangers=2))
    strangers = [arrive(bench, "192.0.2.1") for _ in range(2)]
    assert closings(bench.opened) == {}
    for link in strangers:
        bench.receive(link, Bye("as if in good order"))
    known, other = arrive(bench, "192.0.2.2"), arrive(bench, "192.0.2.2")
    bench.hello(known, HUBS[1])
    assert closings(bench.hello(other, HUBS[9])) == {other: (1013, "too many links")}
    assert bench.mesh.snapshot().websocket_links == 1


def test_a_proved_hub_makes_no_room_for_strangers() -> None:
    bench = Bench(limits=MeshLimits(strangers=1))
    known = arrive(bench, "192.0.2.1")
    bench.hello(known, HUBS[1])
    for _ in range(3):
        arrive(bench, "192.0.2.1")
        assert known not in closings(bench.opened)
    bench.lose(known)
    arrive(bench, "192.0.2.1")
    assert len(closings(bench.opened)) == 1


def test_a_link_may_be_opened_by_this_hub_whoever_else_is_there() -> None:
    bench = Bench(limits=MeshLimits(strangers=1))
    stranger = arrive(bench, "192.0.2.1")
    bench.open(SOCKET, opening=1)
    assert closings(bench.opened) == {}
    arrive(bench, "192.0.2.1")
    assert closings(bench.opened) == {stranger: (1013, "too many links")}


@pytest.mark.parametrize("opening", [0, 1])
@pytest.mark.parametrize("options", [{}, SECRET])
def test_who_proves_nothing_in_time_is_closed_however_rarely_hearts_beat(
    opening: int, options: dict[str, Any]
) -> None:
    bench = Bench(heartbeat_interval=60.0, **options)
    link = bench.open(SOCKET, opening)
    if options:
        bench.hello(link, HUBS[1], nonce=bytes(16))
    assert closings(bench.pass_time(0.0, 4.9)) == {}
    assert of_kind(CloseLink, bench.pass_time(5.0, 5.1)) == [
        CloseLink(link, 1008, "no proof in time")
    ]


def test_a_hub_that_is_let_in_needs_no_more_proof() -> None:
    bench = Bench(heartbeat_interval=60.0)
    link = bench.open(SOCKET)
    assert TrustLink(link) in bench.hello(link, HUBS[1])
    assert closings(bench.pass_time(0.0, 10.0)) == {}


def test_who_is_refused_is_not_trusted() -> None:
    bench = Bench(**SECRET)
    link = bench.open(SOCKET)
    said = bench.hello(link, HUBS[1], nonce=bytes(16)) + bench.receive(link, Heartbeat(1))
    assert of_kind(TrustLink, said) == []
    assert closings(said) == {link: (1008, "a link begins with one hello")}


def test_of_a_second_link_large_messages_are_taken_too() -> None:
    """Its other end may have let us in, and speak already."""
    bench = Bench()
    bench.hello(bench.open(SOCKET, opening=0), HUBS[9])
    second = bench.open(SOCKET, opening=1)
    assert bench.hello(second, HUBS[9]) == [
        TrustLink(second),
        SendToLink(second, Bye("second link")),
    ]


def test_a_stranger_that_says_goodbye_is_not_waited_for() -> None:
    bench = Bench()
    link = bench.open(SOCKET)
    assert bench.receive(link, Bye("soon"), 1.0) == [CloseLink(link, 1000, "soon")]
    assert bench.receive(link, Bye("soon"), 1.5) == []
