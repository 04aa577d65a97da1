"""Clients of the package peerjs, unmodified, at its own server and at ours."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.clients import PeerJs
from tests.e2e.dialects.servers import HUB, MESH, REFERENCE, WORKERS, three_ports
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

NewClient = Callable[[], PeerJs]


@pytest.fixture(scope="module", params=[REFERENCE, HUB, MESH, WORKERS])
def ports(request: pytest.FixtureRequest, dialect_packages: None) -> Iterator[list[int]]:
    """Where three clients go."""
    with three_ports(request.param, "peerjs") as ports:
        yield ports


@pytest.fixture(scope="module", params=[HUB, MESH, WORKERS])
def our_ports(request: pytest.FixtureRequest, dialect_packages: None) -> Iterator[list[int]]:
    """The same, but for the reference, which fails what is tried."""
    with three_ports(request.param, "peerjs") as ports:
        yield ports


@pytest.fixture
def new(new_page: Callable[[], Page]) -> NewClient:
    """Open a page with a client."""
    return lambda: PeerJs(new_page())


def test_two_connect_and_exchange_data(ports: list[int], new: NewClient) -> None:
    """One has its id of the server."""
    one, other = new(), new()
    one.start(ports[0])
    other.start(ports[1], "other")
    own = one.open()
    assert other.open() == "other"
    one.call("connect", "other")
    eventually("a channel", one.channels, lambda found: found == {"other"})
    eventually("a channel", other.channels, lambda found: found == {own})
    one.call("send", "other", "hello")
    eventually("words", other.messages, lambda said: said == [[own, "hello"]])
    other.call("send", own, "and back")
    eventually("words", one.messages, lambda said: said == [["other", "and back"]])
    one.stop()
    other.stop()


@pytest.mark.thorough
def test_a_call_shows_a_picture(ports: list[int], new: NewClient) -> None:
    one, other = new(), new()
    one.start(ports[2], "caller")
    other.start(ports[1], "called")
    one.open()
    other.open()
    one.call("call", "called")
    eventually("a picture", lambda: one.read("tracks"), lambda shown: shown != [])
    eventually("a picture", lambda: other.read("tracks"), lambda shown: shown != [])
    assert one.read("tracks")[0] == ["called", "video"]
    assert other.read("tracks")[0] == ["caller", "video"]
    one.stop()
    other.stop()


@pytest.mark.thorough
def test_an_id_that_nobody_has_is_unavailable(ports: list[int], new: NewClient) -> None:
    one = new()
    one.start(ports[0], "prober")
    one.open()
    one.call("connect", "nobody")
    wanted = [["open", "prober"], ["error", "peer-unavailable"]]
    eventually("an error", lambda: one.read("events"), lambda events: len(events) > 1)
    assert one.read("events") == wanted
    one.stop()


@pytest.mark.thorough
def test_who_comes_a_little_later_is_reached(ports: list[int], new: NewClient) -> None:
    one, other = new(), new()
    one.start(ports[0], "early")
    one.open()
    one.call("connect", "late")
    other.start(ports[2], "late")
    eventually("a channel", one.channels, lambda found: found == {"late"})
    assert one.read("events") == [["open", "early"]]
    one.stop()
    other.stop()


def test_the_id_of_a_client_that_is_there_is_taken(ports: list[int], new: NewClient) -> None:
    one, other = new(), new()
    one.start(ports[0], "owner")
    one.open()
    other.start(ports[1], "owner")
    eventually("an error", lambda: other.read("events"), lambda events: events != [])
    assert other.read("events")[0] == ["error", "unavailable-id"]
    assert ["open", "owner"] not in other.read("events")
    other.stop()
    other.start(ports[1], "another")
    other.open()
    other.call("connect", "owner")
    eventually("a channel", one.channels, lambda found: found == {"another"})
    one.stop()
    other.stop()


@pytest.mark.thorough
def test_who_comes_again_has_its_id_and_is_reached(our_ports: list[int], new: NewClient) -> None:
    """At its own server there is no second OPEN if the end of the first socket is seen too late."""
    one, other = new(), new()
    one.start(our_ports[0], "wanderer")
    other.start(our_ports[2], "friend")
    one.open()
    other.open()
    one.call("disconnect")
    one.call("reconnect")
    twice = [["open", "wanderer"], ["disconnected"], ["open", "wanderer"]]
    eventually("open again", lambda: one.read("events"), lambda events: events == twice)
    other.call("connect", "wanderer")
    eventually("a channel", other.channels, lambda found: found == {"wanderer"})
    one.stop()
    other.stop()


@pytest.mark.thorough
@pytest.mark.parametrize("comes_late", [False, True])
def test_a_hundred_candidates_come_in_order(
    ports: list[int], new: NewClient, *, comes_late: bool
) -> None:
    one, other = new(), new()
    one.start(ports[0], "sender")
    one.open()
    if comes_late:
        one.call("sendCandidates", "receiver", 100)
        other.call("startNoting", "receiver", {"host": "127.0.0.1", "port": ports[2]})
    else:
        other.start(ports[2], "receiver")
        other.open()
        other.call("noteCandidates")
        one.call("sendCandidates", "receiver", 100)
    wanted = [["CANDIDATE", "sender", number] for number in range(100)]

    def candidates() -> list[object]:
        return [said for said in other.messages() if said != ["OPEN", None, None]]

    eventually("candidates", candidates, lambda said: said == wanted)
    one.stop()
    other.stop()


@pytest.mark.thorough
def test_who_is_there_is_not_listed(ports: list[int], new: NewClient) -> None:
    one = new()
    one.start(ports[0], "curious")
    one.open()
    assert one.call("list") == "server-error"
    one.stop()
