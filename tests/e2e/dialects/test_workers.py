"""Clients of other ecosystems at a hub of two workers, one of which dies, or which is drained."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.clients import Announcer, Document, PeerJs
from tests.e2e.dialects.workers import WayToWorker, Workers, two_workers, ways_to
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

NewPage = Callable[[], Page]
Ways = tuple[WayToWorker, WayToWorker]


@pytest.fixture
def workers() -> Iterator[Workers]:
    """A hub of two workers."""
    with two_workers("--drain-time", "1") as workers:
        yield workers


@pytest.fixture
def ways(workers: Workers, dialect_packages: None) -> Iterator[Ways]:
    """A way to each of them."""
    with ways_to(workers) as ways:
        yield ways


def gone(client: PeerJs) -> None:
    """Wait until a client has lost its socket."""
    lost = ["disconnected"]
    eventually("its end", lambda: client.read("events"), lambda events: lost in events)


def test_who_has_lost_its_worker_has_its_id_at_the_other(
    workers: Workers, ways: Ways, new_page: NewPage
) -> None:
    wanderer, friend, newcomer = (PeerJs(new_page()) for _ in range(3))
    friend.start(ways[0].port, "friend")
    wanderer.start(ways[1].port, "wanderer")
    friend.open()
    wanderer.open()
    ways[1].index = 0
    workers.kill(1)
    gone(wanderer)
    wanderer.call("reconnect")
    again = [["disconnected"], ["open", "wanderer"]]
    eventually("open again", lambda: wanderer.read("events")[-2:], lambda last: last == again)
    assert ["error", "unavailable-id"] not in wanderer.read("events")
    friend.call("connect", "wanderer")
    eventually("a channel", wanderer.channels, lambda found: found == {"friend"})
    workers.wait_until_whole()
    ways[1].index = 1
    # The worker that was started again knows whose the ids are.
    newcomer.start(ways[1].port, "wanderer")
    eventually("an error", lambda: newcomer.read("events"), lambda events: events != [])
    assert newcomer.read("events")[0] == ["error", "unavailable-id"]
    newcomer.stop()
    newcomer.start(ways[1].port, "newcomer")
    newcomer.open()
    newcomer.call("connect", "friend")
    eventually("a channel", friend.channels, lambda found: found == {"wanderer", "newcomer"})
    assert friend.read("events") == [["open", "friend"]]


def test_rooms_and_swarms_go_on_when_a_worker_dies(
    workers: Workers, ways: Ways, new_page: NewPage
) -> None:
    documents = [Document(new_page()) for _ in range(3)]
    members = [Announcer(new_page()) for _ in range(3)]
    for number in (0, 1):
        documents[number].start(ways[number].port, "garden")
        documents[number].call("set", f"from {number}", number)
        members[number].start(ways[number].port, "a" * 40, f"6{number}" * 20, 1)
    for number in (0, 1):
        eventually("a link", partial(documents[number].call, "linked"), lambda count: count == 1)
        eventually("a peer", partial(members[number].read, "peers"), lambda peers: peers != [])
    ways[1].index = 0
    workers.kill(1)
    members[2].start(ways[0].port, "a" * 40, "62" * 20, 1)
    eventually("peers", partial(members[2].read, "peers"), lambda peers: "60" * 20 in peers)
    eventually("a socket", partial(documents[1].call, "sockets"), lambda count: count == 1)
    workers.wait_until_whole()
    ways[1].index = 1
    documents[2].start(ways[1].port, "garden")
    documents[2].call("set", "from 2", 2)
    wanted = {f"from {number}": number for number in range(3)}
    for document in documents:
        eventually("convergence", partial(document.call, "read"), lambda read: read == wanted)


def test_all_are_let_go_when_the_hub_is_drained(
    workers: Workers, ways: Ways, new_page: NewPage
) -> None:
    peers = [PeerJs(new_page()) for _ in ways]
    for number, peer in enumerate(peers):
        peer.start(ways[number].port, f"peer{number}")
        peer.open()
    peers[0].call("connect", "peer1")
    eventually("a channel", peers[1].channels, lambda found: found == {"peer0"})
    workers.child.ask_to_stop()
    for peer in peers:
        gone(peer)
    eventually("its end", lambda: workers.child.status, lambda status: status == 0)
    peers[0].call("send", "peer1", "hello")  # links live on
    eventually("words", peers[1].messages, lambda said: said == [["peer0", "hello"]])
