"""Clients of the package peerjs whose hub dies, or whose network does."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.balancer import Balancer
from tests.e2e.dialects.clients import PeerJs
from tests.e2e.hubs import Place, migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

SAME = "the-same"

NewClient = Callable[[], PeerJs]


@pytest.fixture
def place() -> Iterator[Place]:
    """Three hubs."""
    with migrated_mesh(3) as place:
        yield place


@pytest.fixture
def new(new_page: Callable[[], Page], dialect_packages: None) -> NewClient:
    """Open a page with a client."""
    return lambda: PeerJs(new_page())


def connected(one: PeerJs, other: str) -> None:
    """Have a client connect to an id."""
    one.call("connect", other)
    eventually("a channel", one.channels, lambda found: other in found)


def test_who_has_lost_its_hub_has_its_id_at_another_one(place: Place, new: NewClient) -> None:
    first, second, third = place.hubs
    wanderer, friend = new(), new()
    with Balancer(third.port) as balancer:
        wanderer.start(balancer.port, "wanderer")
        friend.start(first.port, "friend")
        wanderer.open()
        friend.open()
        balancer.to = second.port
        third.kill()
        gone = ["disconnected"]
        eventually("its end", lambda: wanderer.read("events"), lambda events: gone in events)
        wanderer.call("reconnect")
        twice = ["open", "wanderer"]
        eventually(
            "open again",
            lambda: wanderer.read("events"),
            lambda events: events.count(twice) == 2,
        )
        connected(friend, "wanderer")
        assert ["error", "unavailable-id"] not in wanderer.read("events")


def test_whose_network_went_silent_has_its_id_at_once_with_its_token(
    place: Place, new: NewClient
) -> None:
    """The server of the package sends it no second OPEN."""
    first, second, third = place.hubs
    before, after, friend = new(), new(), new()
    with Balancer(second.port) as balancer:
        before.start(balancer.port, "wanderer", token=SAME)
        before.open()
        balancer.fall_silent()
        after.start(third.port, "wanderer", token=SAME)
        friend.start(first.port, "friend")
        after.open()
        friend.open()
        connected(friend, "wanderer")
        eventually("a channel", after.channels, lambda found: found == {"friend"})


def test_the_id_of_one_whose_network_went_silent_is_free_soon(place: Place, new: NewClient) -> None:
    """With another token, as a page has it that was loaded anew; there it takes 90 s."""
    first, second, third = place.hubs
    before, after, friend = new(), new(), new()
    with Balancer(second.port) as balancer:
        before.start(balancer.port, "wanderer")
        before.open()
        balancer.fall_silent()
        after.start(third.port, "wanderer")
        friend.start(first.port, "friend")
        after.open()
        friend.open()
        connected(friend, "wanderer")
        eventually("a channel", after.channels, lambda found: found == {"friend"})
        assert after.read("events") == [["open", "wanderer"]]
