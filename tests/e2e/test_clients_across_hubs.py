"""Unmodified npm clients at different hubs of a real mesh find each other and talk (S5, S26)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, cast

import pytest

from tests.e2e.clients import Client
from tests.e2e.hubs import Hub, migrated_mesh, place_for_hubs
from tests.e2e.meeting import (
    check_that_a_channel_opens,
    check_that_no_frame_names,
    check_that_they_meet_and_talk,
)
from tests.e2e.waiting import eventually

if TYPE_CHECKING:
    from tests.e2e.conftest import NewClient

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]

Kind = Literal["node", "page"]
New = Callable[[Kind], Client]

# At the hub that the others dialled, and at two that did not dial each other.
KINDS = [
    pytest.param(("node", "node", "node"), id="node"),
    pytest.param(
        ("page", "page", "page"), id="page", marks=[pytest.mark.browser, pytest.mark.thorough]
    ),
    pytest.param(("page", "node", "page"), id="mixed", marks=pytest.mark.browser),
]


@pytest.fixture(scope="module")
def migrated() -> Iterator[list[Hub]]:
    """Run three hubs that speak to each other over WebRTC only, for tests that leave them so."""
    with migrated_mesh(3) as place:
        yield place.hubs


@pytest.fixture
def new(request: pytest.FixtureRequest) -> New:
    """Make clients of either kind; only a test that wants a page needs a browser."""
    fixtures = {"node": "new_node_client", "page": "new_page"}

    def make(kind: Kind) -> Client:
        new_client: NewClient = request.getfixturevalue(fixtures[kind])
        return new_client()

    return make


@pytest.mark.parametrize("kinds", KINDS)
def test_clients_that_were_there_before_the_mesh_meet(kinds: tuple[Kind, ...], new: New) -> None:
    """Two at hubs that know no other one, the third while these join."""
    third, *early = (new(kind) for kind in kinds)
    with place_for_hubs() as place:
        for client, hub in zip(early, place.add(2), strict=True):
            client.start(hub.url, "flock")
            assert hub.known() == {hub.id}
        third.start(place.add_first().url, "flock")
        check_that_they_meet_and_talk(third, *early)


@pytest.mark.parametrize("kinds", KINDS)
def test_clients_meet_over_a_mesh_without_sockets(
    kinds: tuple[Kind, ...], new: New, migrated: list[Hub]
) -> None:
    clients = [new(kind) for kind in kinds]
    for client, hub in zip(clients, migrated, strict=True):
        client.start(hub.url, "flock")
    check_that_they_meet_and_talk(*clients)
    assert [hub.mesh_health()["websocketConnections"] for hub in migrated] == [0, 0, 0]
    for client in clients:
        client.stop()


@pytest.mark.browser
def test_namespaces_are_strict_between_hubs(new: New, migrated: list[Hub]) -> None:
    first, second, third = migrated
    stranger, companion, one, other = new("page"), new("node"), new("node"), new("page")
    stranger.start(third.url, "strangers")
    one.start(first.url, "flock")
    other.start(second.url, "flock")
    check_that_they_meet_and_talk(one, other)
    # Hubs keep the order of what they carry. So once this one has been found and has spoken, what
    # was on its way between these hubs before is there as well.
    companion.start(first.url, "strangers")
    check_that_they_meet_and_talk(stranger, companion)
    assert stranger.discovered() == {companion.peer}
    check_that_no_frame_names(stranger, one, other)
    check_that_no_frame_names(one, stranger, companion)
    check_that_no_frame_names(other, stranger, companion)


@pytest.mark.parametrize(
    ("victim", "is_quick"),
    [
        pytest.param("node", True, id="node, back before it is missed"),
        pytest.param(
            *("page", False),
            id="page, back late",
            marks=[pytest.mark.browser, pytest.mark.thorough],
        ),
    ],
)
def test_a_client_whose_hub_was_killed_comes_back_with_it(
    victim: Kind, *, is_quick: bool, new: New
) -> None:
    """S8, S26: the client tries nothing but the address it was given, until a hub is there."""
    with migrated_mesh(3) as place:
        first, leaf, other_leaf = place.hubs
        killed = leaf if is_quick else first
        client, friend = new(victim), new("node")
        client.start(killed.url, "flock")
        friend.start(other_leaf.url, "flock")
        check_that_they_meet_and_talk(client, friend)
        killed.kill()
        if not is_quick:
            eventually("a departure", lambda: news_of(client, friend), lambda news: len(news) == 2)
        place.restart(killed)
        back = ["peer-discovered", "peer-disconnected", "peer-discovered"]
        eventually("a return", lambda: news_of(client, friend), lambda news: news == back)
        eventually("a greeting", lambda: news_of(friend, client), lambda news: len(news) == 2)
        newcomer = new(victim)
        newcomer.start(leaf.url if killed is first else first.url, "flock")
        check_that_a_channel_opens(client, newcomer)
        check_that_a_channel_opens(newcomer, client)
        assert news_of(client, friend) == back
        assert news_of(friend, client) == ["peer-discovered", "peer-discovered"]


def news_of(client: Client, listener: Client) -> list[str]:
    """Return what a client's hubs have told it of another."""
    kinds = ("peer-discovered", "peer-disconnected")
    return [
        str(frame["type"])
        for frame in listener.frames()
        if frame["type"] in kinds and cast("dict[str, str]", frame["data"])["peerId"] == client.peer
    ]
