"""The graph of links: both ends must advertise one, and hubs can be cut out and put back."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from peerpigeon.core.mesh.link_graph import LinkGraph
from tests.core.mesh.tables import A, B, C, D, advert

if TYPE_CHECKING:
    import pytest

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert


class Graph(LinkGraph):
    """The graph of hub a, and the adverts that it is made from."""

    def __init__(self, *adverts: Advert) -> None:
        self.adverts = {A: advert(A)}
        super().__init__(A, self.adverts)
        for each in adverts:
            self.take(each)

    def take(self, each: Advert) -> tuple[list[str], list[str]]:
        self.adverts[each.hub] = each
        lost, gained = self.update(each.hub)
        return [*lost], [*gained]


def line() -> Graph:
    """Return the graph of four hubs in a line."""
    return Graph(advert(A, B), advert(B, A, C), advert(C, B, D), advert(D, C))


def test_a_link_is_gained_with_the_advert_of_its_second_end_and_lost_with_either() -> None:
    graph = Graph()
    assert graph.take(advert(A, B)) == ([], [])
    assert graph.take(advert(B, A)) == ([], [A])
    assert graph.reached() == {A, B}
    assert graph.take(advert(A)) == ([B], [])
    assert graph.reached() == {A}
    assert graph.version == 2


def test_who_is_reached_by_others_is_reached() -> None:
    graph = line()
    assert graph.reached() == {A, B, C, D}
    graph.take(advert(C, D))
    assert graph.reached() == {A, B}


def test_an_isolated_hub_has_no_links_whatever_is_advertised() -> None:
    graph = line()
    graph.isolate(C)
    assert graph.reached() == {A, B}
    assert {hub: [*near] for hub, near in graph.neighbours.items()} == {
        A: [B],
        B: [A],
        C: [],
        D: [],
    }


def test_the_links_of_an_isolated_hub_can_be_put_back_to_some_hubs_only() -> None:
    graph = line()
    graph.isolate(C)
    graph.connect_all(C, {B})
    assert graph.reached() == {A, B, C}
    graph.connect_all(C, {B, D})
    assert graph.reached() == {A, B, C, D}


def test_a_removed_hub_is_nobodys_neighbour() -> None:
    graph = line()
    graph.remove(B)
    assert B not in graph.neighbours
    assert graph.reached() == {A}


def test_the_version_changes_with_links_that_count_and_with_nothing_else() -> None:
    graph = line()
    version = graph.version
    graph.take(advert(D, A, C))
    assert graph.version == version, "only d says so"
    graph.take(advert(A, B, D))
    assert graph.version == version + 1


def test_to_know_the_advert_before_changes_nothing() -> None:
    rng = Random(1)
    hubs = A, B, C, D
    for _ in range(50):
        graph, other = Graph(), Graph()
        for sequence in range(30):
            hub = rng.choice(hubs)
            each = advert(hub, *rng.sample(hubs, rng.randrange(4)), sequence=sequence)
            former = other.adverts.get(hub)
            other.adverts[hub] = each
            lost, gained = other.update(hub, former)
            assert ([*lost], [*gained]) == graph.take(each)
            assert other.neighbours == graph.neighbours


def test_links_of_before_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = line()
    looked: list[PeerId] = []
    monkeypatch.setattr(graph, "_connect", lambda _, other: looked.append(other))
    former = graph.adverts[B]
    graph.adverts[B] = advert(B, A, C, D)
    graph.isolate(B)
    graph.update(B, former)
    assert looked == [D]
