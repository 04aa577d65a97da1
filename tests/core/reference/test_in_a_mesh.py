"""Hubs of the npm package beside several of ours: nobody can tell where a client is."""

from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import Dial
from peerpigeon.core.interface.events import (
    DialRequested,
    LinkReceived,
    ReferenceOpened,
    Tick,
)
from peerpigeon.core.interface.notices import PeerAnnounced
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.hub_frames import Routed, Segment
from peerpigeon.core.wire.hub_news import Found
from tests.core.hubs import EPOCH, FIRST, LATE_STREAM, SECOND, THIRD, Hubs, Json, linked
from tests.core.reference.messages import MESH, announce, discovered, gone, itself, pong, signal

A, B, C, D = (PeerId(digit * 40) for digit in "abcd")
R, S = PeerId("e" * 40), PeerId("f" * 40)

Socket = tuple[int, int]


def come(hubs: Hubs, number: int, hub: PeerId, *clients: PeerId) -> Socket:
    """Let a reference hub link up with one of ours, and wait until it is served."""
    socket = hubs.open(number, hub)
    hubs.say(socket, announce())
    hubs.say(socket, itself(hub))
    hubs.take(socket)
    for client in clients:
        hubs.say(socket, discovered(client))
    hubs.run()
    hubs.pass_time(1.0)
    return socket


def say(hubs: Hubs, socket: Socket, message: Json) -> None:
    hubs.say(socket, message)
    hubs.run()


def briefly(frames: list[Json]) -> list[tuple[str, str]]:
    return [(frame["type"], frame["data"]["peerId"]) for frame in frames]


def test_clients_at_two_hubs_and_at_a_reference_hub_are_in_one_mesh() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    far = hubs.join(2, A)
    hubs.take(far)
    reference = come(hubs, 0, R, B)
    assert briefly(hubs.take(far)) == [("peer-discovered", B)]
    assert briefly(hubs.take(reference)) == [("peer-discovered", A)]
    for text in ("one", "two"):
        hubs.signal(far, B, text)
    hubs.run()
    assert [frame["data"] for frame in hubs.take(reference)] == ["one", "two"]
    say(hubs, reference, signal(B, A, "three"))
    assert [frame["data"] for frame in hubs.take(far)] == ["three"]


def test_a_signal_that_a_reference_hub_would_drop_comes_back_from_afar() -> None:
    hubs = linked(FIRST, SECOND)
    far = hubs.join(1, A)
    reference = come(hubs, 0, R, B)
    hubs.take(far)
    hubs.take(reference)
    hubs.signal(far, B, kind="connection-rejected")
    hubs.run()
    assert [frame["data"]["reason"] for frame in hubs.take(far)] == ["unsupported"]
    assert hubs.take(reference) == []


def test_clients_of_reference_hubs_at_two_hubs_come_to_know_each_other() -> None:
    hubs = linked(FIRST, SECOND)
    one, other = come(hubs, 0, R, A), come(hubs, 1, S, B, C)
    assert briefly(hubs.take(one)) == [("peer-discovered", B), ("peer-discovered", C)]
    assert briefly(hubs.take(other)) == [("peer-discovered", A)]
    say(hubs, one, signal(A, C))
    assert [frame["targetPeerId"] for frame in hubs.take(other)] == [C]


def test_the_end_of_a_reference_hub_is_told_everywhere_once() -> None:
    hubs = linked(FIRST, SECOND)
    far = hubs.join(1, A)
    reference = come(hubs, 0, R, B, C)
    hubs.take(far)
    hubs.lose(reference)
    hubs.run()
    hubs.pass_time(5.0)
    assert sorted(briefly(hubs.take(far))) == [("peer-disconnected", B), ("peer-disconnected", C)]


def test_the_end_of_one_of_our_hubs_is_told_to_a_reference_hub_once() -> None:
    hubs = Hubs(FIRST, SECOND)
    end = hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    hubs.join(1, A)
    reference = come(hubs, 0, R, B, C)
    hubs.take(reference)
    hubs.cut(end)
    hubs.pass_time(5.0)
    assert briefly(hubs.take(reference)) == [("peer-disconnected", A)]


# One reference hub at two of ours


def double(hubs: Hubs) -> tuple[Socket, Socket]:
    """Let a reference hub that has two bootstrap hubs link up with both; it tells both the same."""
    first = come(hubs, 0, R, B)
    second = come(hubs, 1, R, B)
    hubs.pong(first)
    hubs.run()
    hubs.take(first)
    hubs.take(second)
    return first, second


def test_one_of_our_hubs_serves_a_reference_hub_that_is_linked_to_two() -> None:
    hubs = linked(FIRST, SECOND)
    client = hubs.join(1, A)
    first, second = double(hubs)
    assert briefly(hubs.take(client)[1:]) == [("peer-discovered", B)]
    for socket in (first, second):
        say(hubs, socket, signal(B, A))
        say(hubs, socket, discovered(C))
    assert [frame["type"] for frame in hubs.take(client)] == ["offer", "peer-discovered"]
    hubs.join(0, D)
    hubs.signal(client, B)
    hubs.run()
    assert [frame["type"] for frame in hubs.take(first)] == ["peer-discovered", "offer"]
    assert hubs.take(second) == []
    assert hubs.closed == {}


def test_no_hub_serves_it_before_the_mesh_has_agreed_however_long_that_takes() -> None:
    hubs = linked(FIRST, SECOND)
    assert Placement((FIRST, SECOND)).rendezvous_hubs(MESH) == (FIRST, SECOND)
    socket = hubs.open(1, R)
    for message in (announce(), itself(R), discovered(B)):
        hubs.say(socket, message)
    for _ in range(2):
        hubs.now += 1.0
        hubs.feed(1, Tick())
        assert hubs.hubs[1].status.snapshot(hubs.now).connections == 1
    hubs.run()
    assert hubs.hubs[1].status.snapshot(hubs.now).connections == 2


def test_both_list_it() -> None:
    hubs = linked(FIRST, SECOND)
    double(hubs)
    for hub in hubs.hubs:
        assert R in [record.peer_id for record in hub.status.snapshot(hubs.now).hubs]


def test_who_only_listens_steps_in_when_the_other_socket_ends() -> None:
    hubs = linked(FIRST, SECOND)
    client = hubs.join(1, A)
    first, second = double(hubs)
    for socket in (first, second):
        say(hubs, socket, discovered(C))
        say(hubs, socket, gone(B))
    hubs.take(client)
    hubs.lose(first)
    hubs.run()
    assert briefly(hubs.take(client)) == [("peer-disconnected", C)]
    hubs.pass_time(6.5)
    assert briefly(hubs.take(client)) == [("peer-discovered", C)]
    assert briefly(hubs.take(second)) == [("peer-discovered", A)]
    say(hubs, second, signal(C, A))
    assert [frame["type"] for frame in hubs.take(client)] == ["offer"]


def test_who_only_listens_steps_in_when_the_other_hub_dies() -> None:
    hubs = Hubs(FIRST, SECOND)
    end = hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    client = hubs.join(1, A)
    _, second = double(hubs)
    hubs.take(client)
    hubs.cut(end)
    hubs.hubs[0].deadline = lambda: 1e9  # type: ignore[method-assign]
    hubs.pass_time(10.0)
    assert briefly(hubs.take(client)) == [("peer-disconnected", B), ("peer-discovered", B)]
    say(hubs, second, signal(B, A))
    assert [frame["type"] for frame in hubs.take(client)] == ["offer"]


def test_who_only_listens_asks_from_time_to_time_and_nobody_notices() -> None:
    hubs = linked(FIRST, SECOND)
    client = hubs.join(1, A)
    first, second = double(hubs)
    hubs.take(client)
    hubs.pinged.clear()
    hubs.pass_time(20.0)
    assert hubs.pinged == []
    assert hubs.take(client) == hubs.take(first) == hubs.take(second) == []
    assert PeerAnnounced(R, MESH, is_hub=True) in hubs.notices[1]


def test_a_reference_hub_that_comes_over_from_a_hub_that_has_not_noticed_is_served() -> None:
    """Its socket there is half-open: it does not answer the ping."""
    hubs = linked(FIRST, SECOND)
    client = hubs.join(1, A)
    first, second = come(hubs, 0, R, B), come(hubs, 1, R, B)
    hubs.take(client)
    hubs.pass_time(3.0)
    assert (hubs.closed[first][0], second in hubs.closed) == (1008, False)
    assert briefly(hubs.take(client)) == [("peer-disconnected", B), ("peer-discovered", B)]
    say(hubs, second, signal(B, A))
    assert [frame["type"] for frame in hubs.take(client)] == ["offer"]


def test_two_meshes_that_share_a_reference_hub_become_one() -> None:
    hubs = Hubs(FIRST, SECOND)
    a, d = hubs.join(0, A), hubs.join(1, D)
    first, second = double(hubs)
    assert briefly(hubs.take(a)) != []
    hubs.take(d)
    hubs.link(0, 1)
    hubs.run()
    for _ in range(10):
        hubs.pass_time(1.0)
        hubs.pong(first)
        hubs.pong(second)
    hubs.run()
    served = [
        number
        for number, hub in enumerate(hubs.hubs)
        if hub.status.snapshot(hubs.now).connections == 3
    ]
    (serving,) = served
    # What it was told by the other one stays true.
    assert "peer-disconnected" not in hubs.take_types((second, first)[serving])
    hubs.take(a)
    hubs.take(d)
    for socket in (first, second):
        say(hubs, socket, signal(B, A, "to a"))
        say(hubs, socket, signal(B, D, "to d"))
    assert [frame["data"] for frame in hubs.take(a)] == ["to a"]
    assert [frame["data"] for frame in hubs.take(d)] == ["to d"]


# One reference hub that two of ours have dialled


def dial(hubs: Hubs, number: int, *clients: PeerId) -> Socket:
    """Let one of our hubs dial the reference hub, which says whom it has and then who it is."""
    uri = "ws://127.0.0.1:3000"
    actions = hubs.hubs[number].handle(DialRequested(uri), hubs.now)
    opening = next(action.opening for action in actions if isinstance(action, Dial))
    hubs._numbers += 1
    socket = number, hubs._numbers
    hubs.feed(number, ReferenceOpened(SessionId(socket[1]), opening))
    for client in clients:
        hubs.say(socket, discovered(client))
    for message in (itself(R), pong()):
        hubs.say(socket, message)
    hubs.run()
    return socket


def test_one_of_our_hubs_serves_a_reference_hub_that_two_have_dialled() -> None:
    """It says everything to both, the signals of its clients too."""
    hubs = linked(FIRST, SECOND)
    client, other = hubs.join(0, A), hubs.join(1, D)
    first = dial(hubs, 0, B)
    hubs.pass_time(1.0)
    second = dial(hubs, 1, B)
    hubs.pong(first)
    hubs.run()
    hubs.pass_time(2.0)
    assert sorted(briefly(hubs.take(first)[3:])) == [("peer-discovered", A), ("peer-discovered", D)]
    assert [frame["type"] for frame in hubs.take(second)] == ["announce", "peer-discovered", "ping"]
    hubs.take(client)
    hubs.take(other)
    for socket in (first, second):
        say(hubs, socket, signal(B, A, "to a"))
        say(hubs, socket, signal(B, D, "to d"))
    assert [frame["data"] for frame in hubs.take(client)] == ["to a"]
    assert [frame["data"] for frame in hubs.take(other)] == ["to d"]
    hubs.lose(first)
    hubs.run()
    hubs.pass_time(6.5)
    assert briefly(hubs.take(client)) == [("peer-disconnected", B), ("peer-discovered", B)]
    say(hubs, second, signal(B, A, "again"))
    assert [frame["data"] for frame in hubs.take(client)] == ["again"]


# One id at two hubs


def test_an_id_of_a_client_elsewhere_that_lives_stays_there() -> None:
    hubs = linked(FIRST, SECOND)
    client, other = hubs.join(1, A), hubs.join(1, D)
    reference = come(hubs, 0, R, B)
    say(hubs, reference, discovered(A))
    hubs.pong(client)
    hubs.run()
    hubs.take(client)
    hubs.take(other)
    hubs.signal(other, A)
    hubs.run()
    assert [frame["type"] for frame in hubs.take(client)] == ["offer"]
    say(hubs, reference, signal(A, D))
    assert hubs.take(other) == []
    # It goes over after a while: the hub's word is tried again.
    hubs.pass_time(12.0)
    hubs.take(other)
    hubs.lose(client)
    hubs.run()
    hubs.pass_time(5.0)
    assert briefly(hubs.take(other)) == [("peer-disconnected", A), ("peer-discovered", A)]


def test_an_id_of_a_hubs_client_stays_there_while_the_hub_answers() -> None:
    hubs = linked(FIRST, SECOND)
    reference = come(hubs, 0, R, B)
    client = hubs.join(1, B)
    assert hubs.pinged == [reference]
    hubs.pong(reference)
    hubs.run()
    assert hubs.closed == {client: (1008, "Peer already connected")}


def test_a_hub_that_is_told_twice_that_an_id_is_free_publishes_it_once() -> None:
    hubs = linked(FIRST, SECOND)
    double(hubs)
    waiting = hubs.hubs[1]
    before = waiting.status.snapshot(hubs.now).announced_peers
    is_free = Found(MESH, R, None)
    link = next(link for number, link in hubs.others if number == 1)
    for sequence in (1, 0):  # the second waits for the first, and both are heard together
        segment = Segment(LATE_STREAM, sequence, 0, is_free)
        life = int(EPOCH * 1000)
        hubs.feed(1, LinkReceived(link, Routed(FIRST, life, SECOND, life, 9, segment)))
    assert waiting.status.snapshot(hubs.now).announced_peers == before + 1
