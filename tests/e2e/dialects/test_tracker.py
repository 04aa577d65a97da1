"""Clients of the packages webtorrent, bittorrent-tracker and trystero, unmodified.

At the tracker of the second one, and at ours.
"""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.clients import Announcer, Torrents, Trystero
from tests.e2e.dialects.servers import HUB, MESH, REFERENCE, WORKERS, three_ports
from tests.e2e.hubs import migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

NewPage = Callable[[], Page]

WORDS = "words of a file. " * 5000
GARDEN, KITCHEN, NOWHERE = (digit * 40 for digit in "a1f")
ANN, BEN, CAT = (digits * 20 for digits in ("61", "62", "63"))


@pytest.fixture(scope="module", params=[REFERENCE, HUB, MESH, WORKERS])
def ports(request: pytest.FixtureRequest, dialect_packages: None) -> Iterator[list[int]]:
    """Where three clients go."""
    with three_ports(request.param, "tracker") as ports:
        yield ports


def test_a_file_that_is_seeded_is_downloaded(ports: list[int], new_page: NewPage) -> None:
    seeder, leecher = Torrents(new_page()), Torrents(new_page())
    seeder.call("start")
    leecher.call("start")
    info_hash = seeder.seed(ports[0], WORDS)
    assert leecher.download(ports[1], info_hash) == WORDS
    assert seeder.read("warnings") == leecher.read("warnings") == []
    leecher.call("stop")
    seeder.call("stop")


@pytest.mark.thorough
def test_who_has_downloaded_a_file_seeds_it(ports: list[int], new_page: NewPage) -> None:
    first, second, third = (Torrents(new_page()) for _ in ports)
    for each in (first, second, third):
        each.call("start")
    info_hash = first.seed(ports[0], WORDS)
    assert second.download(ports[1], info_hash) == WORDS
    first.call("stop")
    assert third.download(ports[2], info_hash) == WORDS
    third.call("stop")
    second.call("stop")


@pytest.mark.thorough
def test_clients_may_have_several_hubs_for_their_trackers(
    dialect_packages: None, new_page: NewPage
) -> None:
    with migrated_mesh(3) as place:
        first, second, third = (hub.port for hub in place.hubs)
        seeder, leecher = Torrents(new_page()), Torrents(new_page())
        seeder.call("start")
        leecher.call("start")
        info_hash = seeder.seed(first, WORDS, second)
        assert leecher.download(second, info_hash, third) == WORDS
        assert seeder.read("warnings") == leecher.read("warnings") == []
        leecher.call("stop")
        seeder.call("stop")


@pytest.mark.thorough
def test_ten_peers_find_each_other_within_three_announces(
    ports: list[int], new_page: NewPage
) -> None:
    """Each is found by others, and none is apart; they make five offers with each announce."""
    ids = [f"{number:02d}" * 20 for number in range(10)]
    peers = dict(zip(ids, (Announcer(new_page()) for _ in ids), strict=True))
    for number, (peer_id, peer) in enumerate(peers.items()):
        peer.start(ports[number % 3], GARDEN, peer_id, 100)

    def have_answers(count: int) -> None:
        for peer in peers.values():
            eventually("answers", peer.counts, lambda told: len(told) == count)

    for count in (1, 2):
        have_answers(count)
        for peer in peers.values():
            peer.call("update")
    have_answers(3)

    def pieces() -> int:
        met = [{one, str(other)} for one, peer in peers.items() for other in peer.read("peers")]
        piece = {ids[0]}
        for _ in ids:
            piece = piece.union(*(pair for pair in met if pair & piece))
        return len(piece)

    eventually("one piece", pieces, lambda count: count == len(ids))
    for peer in peers.values():
        assert peer.read("warnings") == []
        peer.call("stop")


@pytest.mark.thorough
def test_hashes_have_bytes_of_every_value(ports: list[int], new_page: NewPage) -> None:
    ann, ben = Announcer(new_page()), Announcer(new_page())
    for first in range(0, 256, 20):
        info_hash = bytes((first + number) % 256 for number in range(20)).hex()
        ann.start(ports[0], info_hash, ANN, 0)
        eventually("counts", ann.counts, lambda told: told[-1:] == [[1, 0]])
        ben.start(ports[1], info_hash, info_hash, 100)
        eventually("counts", ben.counts, lambda told: told[-1:] == [[1, 1]])
        eventually("peers", partial(ann.read, "peers"), lambda peers: peers != [])
        assert ann.read("peers") == [info_hash]
        ann.call("stop")
        ben.call("stop")
        for each in (ann, ben):
            each.page.evaluate("window.clients.announcer.counts = []")
            each.page.evaluate("window.clients.announcer.peers = []")
            assert each.read("warnings") == []


@pytest.mark.thorough
def test_counts_are_of_the_whole_swarm(ports: list[int], new_page: NewPage) -> None:
    ann, ben, cat = (Announcer(new_page()) for _ in ports)
    ann.start(ports[0], GARDEN, ANN, 0)
    eventually("counts", ann.counts, lambda told: told == [[1, 0]])
    ben.start(ports[1], GARDEN, BEN, 100)
    eventually("counts", ben.counts, lambda told: told == [[1, 1]])
    eventually("peers", partial(ben.read, "peers"), lambda peers: peers == [ANN])
    eventually("peers", partial(ann.read, "peers"), lambda peers: peers == [BEN])
    cat.start(ports[2], KITCHEN, CAT, 100)
    eventually("counts", cat.counts, lambda told: told == [[0, 1]])

    cat.call("scrape", [GARDEN, KITCHEN, NOWHERE])
    wanted = [[KITCHEN, 0, 1], [GARDEN, 1, 1], [NOWHERE, 0, 0]]
    eventually("a scrape", cat.scraped, lambda told: sorted(told, key=str) == wanted)
    ben.call("complete")
    eventually("counts", ben.counts, lambda told: told[1:] == [[2, 0]])
    ann.call("leave")
    eventually("counts", ann.counts, lambda told: told[1:] == [[1, 0]])
    ben.call("update")
    eventually("counts", ben.counts, lambda told: told[2:] == [[1, 0]])
    for each in (ann, ben, cat):
        assert each.read("warnings") == []
        each.call("stop")


@pytest.mark.thorough
def test_who_closes_its_page_is_counted_no_more(ports: list[int], new_page: NewPage) -> None:
    ann, ben = Announcer(new_page()), Announcer(new_page())
    ann.start(ports[0], GARDEN, ANN, 0)
    eventually("counts", ann.counts, lambda told: told == [[1, 0]])
    ben.start(ports[1], GARDEN, BEN, 0)
    eventually("counts", ben.counts, lambda told: told == [[2, 0]])
    ann.page.close()

    def scraped() -> object:
        known = len(ben.scraped())
        ben.call("scrape", GARDEN)
        return eventually("a scrape", ben.scraped, lambda told: len(told) > known)[-1]

    eventually("the end", scraped, lambda counts: counts == [GARDEN, 1, 0])
    ben.call("stop")


@pytest.mark.thorough
def test_three_peers_of_trystero_meet(ports: list[int], new_page: NewPage) -> None:
    peers = [Trystero(new_page()) for _ in ports]
    for peer, port in zip(peers, ports, strict=True):
        peer.start(port, "garden")
    for peer in peers:
        eventually("links", peer.peers, lambda found: len(found) == 2)
    peers[0].call("send", "hello")
    for peer in peers[1:]:
        eventually("words", peer.messages, lambda said: said == ["hello"])
    peers[0].call("stop")
    for peer in peers[1:]:
        eventually("a departure", peer.peers, lambda found: len(found) == 1)
    for peer in peers[1:]:
        peer.call("stop")
