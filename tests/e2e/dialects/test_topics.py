"""Documents that the package y-webrtc shares, unmodified, at its own server and at ours."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.clients import Document
from tests.e2e.dialects.servers import HUB, MESH, REFERENCE, WORKERS, three_ports
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
