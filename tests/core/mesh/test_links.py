"""The table of open links: one neighbour a hub, whatever and however much carries it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.links import Link, Links, NeighbourLink, Parting
from peerpigeon.core.wire.hub_frames import Carrier

A, B, C = (PeerId(digit * 40) for digit in "abc")
P2P, WEBSOCKET = Carrier.P2P, Carrier.WEBSOCKET


class Table(Links):
    """Links that are numbered as they come."""

    last = 0

    def __init__(self) -> None:
        super().__init__(MeshLimits())

    def add(self, hub: PeerId, carrier: Carrier, now: float = 0.0) -> NeighbourLink:
        return self.identify(self.add_nameless(carrier, now), hub, 7)

    def add_nameless(self, carrier: Carrier, now: float = 0.0) -> Link:
        self.last += 1
        return self.open(LinkId(self.last), carrier, 0, now)


def test_a_new_connection_is_nobodys_until_it_says_hello() -> None:
    links = Table()
    link = links.open(LinkId(5), P2P, 3, now=2.5)
    assert link == links.get(LinkId(5)) == Link(LinkId(5), P2P, 3, 2.5, "")
    assert list(links) == [link]
    assert links.to_neighbours() == []
    assert len(links) == 1
    assert not links.neighbours
    assert links.version == 0
    assert links.count(P2P) == 0


def test_a_hub_is_a_neighbour_once_it_has_said_who_it_is() -> None:
    links = Table()
    link = links.add(B, P2P)
    assert link == links.get(link.id) == NeighbourLink(LinkId(1), P2P, 0, 0.0, "", B, 7)
    assert list(links.neighbours) == [B]
    assert links.to_neighbours() == [link]
    assert links.version == 1
    assert links.to(B) is link
    assert links.over(P2P, B) is link
    assert links.over(WEBSOCKET, B) is None
    assert links.to(C) is None
    assert links.over(P2P, C) is None
    assert links.get(LinkId(99)) is None


def test_the_data_channel_is_sent_by_if_there_is_one_whichever_came_first() -> None:
    for first, second in ((P2P, WEBSOCKET), (WEBSOCKET, P2P)):
        links = Table()
        links.add(B, first)
        links.add(B, second)
        assert links.to(B) is links.over(P2P, B)
        assert list(links.neighbours) == [B]
        assert links.version == 1, "a second carrier is no second neighbour"
        assert (links.count(P2P), links.count(WEBSOCKET)) == (1, 1)


def test_when_the_channel_goes_the_socket_takes_over_and_the_neighbour_stays() -> None:
    links = Table()
    socket, channel = links.add(B, WEBSOCKET), links.add(B, P2P)
    assert links.close(channel) == Parting(B, was_last=False, was_last_channel=True)
    assert links.to(B) is socket
    assert links.version == 1
    assert links.count(P2P) == 0
    assert links.close(socket) == Parting(B, was_last=True, was_last_channel=False)
    assert links.to(B) is None
    assert not links.neighbours
    assert links.version == 2
    assert links.count(WEBSOCKET) == 0
    assert len(links) == 0


def test_a_link_that_another_has_replaced_closes_without_effect() -> None:
    links = Table()
    old = links.add(B, P2P)
    new = links.add(B, P2P)
    assert links.to(B) is new
    assert links.count(P2P) == 1
    assert links.close(old) == Parting(B, was_last=False, was_last_channel=False)
    assert links.to(B) is new
    assert links.count(P2P) == 1
    assert links.close(new) == Parting(B, was_last=True, was_last_channel=True)


def test_a_link_that_another_has_replaced_may_be_the_last_to_close() -> None:
    links = Table()
    old, new = links.add(B, P2P), links.add(B, P2P)
    assert links.close(new) == Parting(B, was_last=True, was_last_channel=True)
    parting = links.close(old)
    assert parting is not None
    assert not parting.was_last
    assert not links.neighbours
    assert links.count(P2P) == 0


def test_who_never_said_hello_leaves_no_gap() -> None:
    links = Table()
    links.add(B, P2P)
    assert links.close(links.add_nameless(P2P)) is None
    assert len(links) == 1
    assert links.version == 1


def test_connections_are_counted_by_carrier_until_they_say_whose_they_are() -> None:
    links = Table()
    link = links.add_nameless(P2P)
    links.add_nameless(P2P)
    links.add_nameless(WEBSOCKET)
    links.add(C, P2P)
    assert (links.nameless(P2P), links.nameless(WEBSOCKET)) == (2, 1)
    links.identify(link, B, 7)
    assert (links.nameless(P2P), links.nameless(WEBSOCKET)) == (1, 1)


def test_links_may_be_closed_while_one_goes_over_them_oldest_first() -> None:
    links = Table()
    added = [links.add(hub, P2P) for hub in (C, A, B)]
    seen = []
    for link in links:
        seen.append(link)
        links.close(link)
    assert seen == added
    assert len(links) == 0


def test_a_link_is_dead_when_three_heartbeats_are_missed_and_a_fourth_is_late() -> None:
    links = Table()
    quiet, nameless, loud = links.add(B, P2P, 1.0), links.add_nameless(P2P, 2.0), links.add(C, P2P)
    links.heard(loud, 30.0)
    assert links.silent(1.0, 4.4) == []
    assert links.silent_at(1.0, 4.4) == 4.5
    assert links.silent(1.0, 4.5) == [quiet]
    assert links.silent(1.0, 5.5) == [quiet, nameless]
    assert links.silent(5.0, 18.4) == []
    assert links.silent_at(5.0, 18.4) == 18.5
    assert links.silent(5.0, 18.5) == [quiet]


def test_where_there_is_no_link_none_can_fall_silent_before_one_that_opens_now() -> None:
    assert Table().silent_at(1.0, 7.0) == 10.5


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "close"]), st.sampled_from([None, A, B, C]), st.integers(0)),
    max_size=30,
)


@given(STEPS)
def test_counts_and_neighbours_are_those_of_a_plain_list(
    steps: list[tuple[str, PeerId | None, int]],
) -> None:
    links, plain = Table(), list[Link]()
    for step, hub, number in steps:
        version, before = links.version, list(links.neighbours)
        if step == "add":
            carrier = Carrier(1 + number % 2)
            plain.append(links.add_nameless(carrier) if hub is None else links.add(hub, carrier))
        elif plain:
            links.close(plain.pop(number % len(plain)))
        # Of two links to one hub over one carrier the later one counts.
        named = [link for link in plain if isinstance(link, NeighbourLink)]
        ways = {
            (link.hub, link.carrier) for link in named if link is links.over(link.carrier, link.hub)
        }
        for carrier in Carrier:
            assert links.count(carrier) == sum(way[1] is carrier for way in ways)
        assert set(links.neighbours) == {hub for hub, _ in ways}
        assert (links.version != version) == (set(before) != set(links.neighbours))
        assert len(links) == len(plain)
