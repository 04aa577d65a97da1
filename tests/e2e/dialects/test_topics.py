"""Documents that the package y-webrtc shares, unmodified, at its own server and at ours."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.balancer import Balancer
from tests.e2e.dialects.clients import Document
from tests.e2e.dialects.servers import HUB, MESH, REFERENCE, WORKERS, three_ports
from tests.e2e.hubs import migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]


@pytest.fixture(scope="module", params=[REFERENCE, HUB, MESH, WORKERS])
def ports(request: pytest.FixtureRequest, dialect_packages: None) -> Iterator[list[int]]:
    """Where three clients go."""
    with three_ports(request.param, "topics") as ports:
        yield ports


@pytest.mark.parametrize(
    "password",
    [
        pytest.param(None, id="plain"),
        pytest.param("secret", id="with a password", marks=pytest.mark.thorough),
    ],
)
def test_three_documents_converge(
    password: str | None, ports: list[int], new_page: Callable[[], Page]
) -> None:
    documents = [Document(new_page()) for _ in ports]
    for document, port in zip(documents, ports, strict=True):
        document.start(port, "room", password)
    for number, document in enumerate(documents):
        document.call("set", f"from {number}", number)
    wanted = {f"from {number}": number for number in range(3)}
    for document in documents:
        eventually("links", partial(document.call, "linked"), lambda count: count == 2)
        eventually("convergence", partial(document.call, "read"), lambda read: read == wanted)
    for document in documents:
        document.call("stop")


@pytest.mark.thorough
@pytest.mark.parametrize("time", range(3))
def test_five_that_come_at_a_moment_are_fully_linked(
    time: int, ports: list[int], new_page: Callable[[], Page]
) -> None:
    """A hundred times, with frames that overtake each other: `tests/core/topics`."""
    documents = [Document(new_page()) for _ in range(5)]
    moment = documents[0].page.evaluate("Date.now() + 1000")
    for number, document in enumerate(documents):
        url = f"ws://127.0.0.1:{ports[number % 3]}/y-webrtc"
        document.call("startAt", moment, f"crowd {time}", [url])
        document.call("set", f"from {number}", number)
    wanted = {f"from {number}": number for number in range(5)}
    for document in documents:
        eventually("links", partial(document.call, "linked"), lambda count: count == 4)
        eventually("convergence", partial(document.call, "read"), lambda read: read == wanted)
    for document in documents:
        document.call("stop")


@pytest.mark.thorough
def test_a_socket_is_kept_that_carries_nothing_for_long(
    ports: list[int], new_page: Callable[[], Page]
) -> None:
    one, other = Document(new_page()), Document(new_page())
    one.start(ports[0], "quiet")
    eventually("a socket", partial(one.call, "sockets"), lambda count: count == 1)
    one.call("note")
    for _ in range(2):
        one.call("wait", 18_000)
    assert one.call("isNoted")
    one.call("set", "still", "here")
    other.start(ports[1], "quiet")
    eventually("convergence", partial(other.call, "read"), lambda read: read == {"still": "here"})
    one.call("stop")
    other.call("stop")


@pytest.mark.thorough
def test_who_has_lost_its_hub_is_found_at_another_one(
    dialect_packages: None, new_page: Callable[[], Page]
) -> None:
    with migrated_mesh(3) as place, Balancer(place.hubs[0].port) as balancer:
        goes, stays, third = place.hubs
        one, other = Document(new_page()), Document(new_page())
        one.start(balancer.port, "garden")
        one.call("set", "one", 1)
        other.start(stays.port, "garden")
        eventually("a link", partial(one.call, "linked"), lambda count: count == 1)
        balancer.to = third.port
        one.call("note")
        goes.kill()
        eventually("the end of its socket", partial(one.call, "isNoted"), lambda is_it: not is_it)
        eventually("a socket", partial(one.call, "sockets"), lambda count: count == 1)
        assert one.call("linked") == 1, "links outlive the hub"
        other.call("stop")
        # Whom it has to hear of by its new hub alone.
        newcomer = Document(new_page())
        newcomer.start(stays.port, "garden")
        eventually("convergence", partial(newcomer.call, "read"), lambda read: read == {"one": 1})
        for document in (one, newcomer):
            document.call("stop")


@pytest.mark.thorough
def test_rooms_are_apart_and_who_leaves_one_comes_back(
    ports: list[int], new_page: Callable[[], Page]
) -> None:
    one, other, stranger = (Document(new_page()) for _ in range(3))
    one.start(ports[0], "garden")
    stranger.start(ports[2], "kitchen")
    stranger.call("set", "place", "kitchen")
    other.start(ports[1], "garden")
    eventually("a link", partial(one.call, "linked"), lambda count: count == 1)
    other.call("stop")
    eventually("its end", partial(one.call, "linked"), lambda count: count == 0)
    one.call("set", "place", "garden")
    # In a page of its own: the package does not always get over a room that it has left before.
    again = Document(new_page())
    again.start(ports[1], "garden")
    place = {"place": "garden"}
    eventually("convergence", partial(again.call, "read"), lambda read: read == place)
    assert stranger.call("linked") == 0
    assert stranger.call("read") == {"place": "kitchen"}
    for document in (one, again, stranger):
        document.call("stop")
