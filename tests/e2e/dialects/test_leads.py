"""Clients at two hubs whose rendezvous hub is a third one, and what becomes of them without it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.placement import Placement
from tests.e2e.clients import Page
from tests.e2e.dialects.clients import Announcer, Document, PeerJs
from tests.e2e.hubs import Hub, Place, migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]


@pytest.fixture
def place(dialect_packages: None) -> Iterator[Place]:
    """Three hubs, of which the third has no clients."""
    with migrated_mesh(3) as place:
        yield place


def led_by(hub: Hub, hubs: list[Hub], namespace: Callable[[int], str]) -> int:
    """Return the first number whose namespace a hub is the primary rendezvous hub of."""
    placement = Placement(PeerId(each.id) for each in hubs)
    return next(
        number for number in range(1000) if placement.primary(namespace(number)) == PeerId(hub.id)
    )


def test_documents_converge_by_a_third_hub(place: Place, new_page: Callable[[], Page]) -> None:
    first, second, third = place.hubs
    room = f"room {led_by(third, place.hubs, lambda n: namespace_of(Kind.TOPIC, f'room {n}'))}"
    one, other, newcomer = (Document(new_page()) for _ in range(3))
    one.start(first.port, room)
    other.start(second.port, room)
    one.call("set", "one", 1)
    eventually("convergence", partial(other.call, "read"), lambda read: read == {"one": 1})
    third.kill()
    other.call("stop")
    eventually("the end", partial(one.call, "linked"), lambda count: count == 0)
    newcomer.start(second.port, room)
    eventually("convergence", partial(newcomer.call, "read"), lambda read: read == {"one": 1})


def test_peerjs_clients_connect_by_a_third_hub(place: Place, new_page: Callable[[], Page]) -> None:
    first, second, third = place.hubs

    def led(name: str) -> str:
        number = led_by(
            third, place.hubs, lambda n: namespace_of(Kind.PEER, "peerjs", f"{name}{n}")
        )
        return f"{name}{number}"

    one, other, newcomer = (PeerJs(new_page()) for _ in range(3))
    ann, ben = led("ann"), led("ben")
    one.start(first.port, ann)
    other.start(second.port, ben)
    one.open()
    other.open()
    one.call("connect", ben)
    eventually("a channel", other.channels, lambda found: found == {ann})
    third.kill()
    newcomer.start(second.port, led("cat"))
    newcomer.open()
    newcomer.call("connect", ann)
    eventually("a channel", newcomer.channels, lambda found: found == {ann})
    assert one.read("events") == [["open", ann]]
    # An id is one client's still.
    other.stop()
    other.start(second.port, ann)
    taken = ["error", "unavailable-id"]
    eventually("an error", lambda: other.read("events"), lambda events: taken in events)


def test_a_swarm_is_one_by_a_third_hub(place: Place, new_page: Callable[[], Page]) -> None:
    first, second, third = place.hubs
    number = led_by(third, place.hubs, lambda n: namespace_of(Kind.SWARM, f"{n:040x}"))
    one, other = Announcer(new_page()), Announcer(new_page())
    ann, ben = "61" * 20, "62" * 20
    one.start(first.port, f"{number:040x}", ann, 0)
    eventually("counts", one.counts, lambda told: told == [[1, 0]])
    other.start(second.port, f"{number:040x}", ben, 100)
    eventually("the peer", partial(one.read, "peers"), lambda peers: peers == [ben])
    assert other.counts() == [[1, 1]]
    third.kill()
    one.call("update")
    eventually("counts", one.counts, lambda told: told[1:] == [[1, 1]])
    assert one.read("warnings") == other.read("warnings") == []
