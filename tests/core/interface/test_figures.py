"""What a hub counts for monitors."""

from __future__ import annotations

from random import Random

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.counts import KINDS, Counts, Histogram, family_of
from peerpigeon.core.interface.actions import Dial
from peerpigeon.core.interface.events import DialRequested, OpeningFailed, PeerBehind
from peerpigeon.core.interface.figures import Distribution, MeshFigures, distribution, signals_of
from tests.core.harness import A, B, C, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked


def signals(hub_or_desk: Desk) -> dict[tuple[str, str], int]:
    return some(hub_or_desk.hub.status.figures().signals)


def some(numbers: object) -> dict[tuple[str, str], int]:
    assert isinstance(numbers, dict)
    return {key: number for key, number in numbers.items() if number}


# Histograms


def test_a_value_counts_for_the_first_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.2, 1.0, 1.5):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert distribution(histogram) == Distribution(((0.1, 2), (1.0, 4)), 5, 2.85)


# Signals


def test_a_kind_of_signal_is_counted_as_one_of_few() -> None:
    assert [family_of(kind) for kind in KINDS] == list(KINDS)
    assert family_of("renegotiation-offer") == "renegotiation"
    assert family_of("ice-restart-answer") == "ice-restart"
    assert family_of("offers") == family_of("") == "other"


def test_signals_are_counted_by_kind_and_by_what_becomes_of_them() -> None:
    desk = Desk()
    a = desk.join(A)
    desk.join(B)
    desk.signal(a, B)
    for _ in range(3):
        desk.signal(a, B, kind="ice-candidate")
    desk.signal(a, B, kind="renegotiation-offer")
    desk.signal(a, C, kind="answer")
    desk.signal(a, B, namespace="net2")
    assert signals(desk) == {
        ("offer", "delivered"): 1,
        ("ice-candidate", "delivered"): 3,
        ("renegotiation", "delivered"): 1,
        ("answer", "refused"): 1,
        ("offer", "refused"): 1,
    }
    assert desk.hub.status.figures().refused == {
        ("answer", "not_found"): 1,
        ("offer", "not_announced"): 1,
    }


def test_all_kinds_and_outcomes_are_there_from_the_start() -> None:
    counted = signals_of(Counts())
    assert set(counted.values()) == {0}
    assert {kind for kind, _ in counted} == set(KINDS)
    assert {outcome for _, outcome in counted} == {"delivered", "passed_on", "refused", "returned"}


def test_a_signal_over_two_hubs_is_passed_on_by_one_and_delivered_by_the_other() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.join(1, B)
    hubs.signal(a, B)
    hubs.run()
    assert outcomes(hubs, 0) == {("offer", "passed_on"): 1}
    assert outcomes(hubs, 1) == {("offer", "delivered"): 1}


def outcomes(hubs: Hubs, number: int) -> dict[tuple[str, str], int]:
    return some(hubs.hubs[number].status.figures().signals)


def test_what_cannot_be_delivered_goes_back_to_its_hub_and_is_refused_there() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.signal(a, B)
    hubs.lose(b)
    hubs.run()
    assert outcomes(hubs, 0) == {("offer", "passed_on"): 1, ("offer", "refused"): 1}
    assert outcomes(hubs, 1) == {("offer", "returned"): 1}


def test_a_signal_that_has_waited_at_the_hub_of_both_is_counted_once() -> None:
    hubs = linked(FIRST, SECOND)
    b = hubs.join(0, B)
    a = hubs.open(0, A)
    hubs.announce(a)
    hubs.signal(a, B)  # before the primary has granted its id
    waiting = hubs.hubs[0].status.figures().clients.waiting
    assert waiting == {"target": 0, "grant": 1, "sender": 0}
    hubs.signal(b, A)
    hubs.run()
    assert all(hubs.take_types(each).count("offer") == 1 for each in (a, b))
    assert outcomes(hubs, 0) == {("offer", "delivered"): 2}
    assert set(hubs.hubs[0].status.figures().clients.waiting.values()) == {0}


# Clients


def test_who_comes_goes_and_is_refused_is_counted() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    a = desk.join(A)
    b = desk.join(B)
    desk.announce(b, "net2")
    desk.open("no id")
    desk.lose(a, code=1001)
    desk.lose(b, code=4321)
    figures = desk.hub.status.figures()
    assert (figures.admitted, figures.joins) == (2, 3)
    assert figures.ended == {1001: 1, 0: 1}
    assert figures.closed == {"Invalid peerId format": 1}


def test_an_id_that_goes_to_another_socket_is_counted_by_why() -> None:
    desk = Desk()
    desk.join(A, resume_key="k" * 32)
    desk.join(A, resume_key="k" * 32, now=1.0)
    figures = desk.hub.status.figures()
    assert (figures.taken_by_owner, figures.taken_from_silent) == (1, 0)
    desk.join(A, resume_key="q" * 32, now=20.0)
    desk.tick(22.0)
    figures = desk.hub.status.figures()
    assert (figures.taken_by_owner, figures.taken_from_silent) == (1, 1)
    # Who waits for its id is counted as gone, and as let in once it has it.
    assert figures.admitted - sum(figures.ended.values()) == 1


def test_clients_that_have_to_wait_are_counted_while_they_do() -> None:
    desk = Desk()
    a = desk.join(A)
    desk.feed(PeerBehind(a, is_behind=True))
    assert desk.hub.status.figures().clients.behind == 1
    desk.feed(PeerBehind(a, is_behind=False))
    for _ in range(130):
        desk.announce(a)
    clients = desk.hub.status.figures().clients
    assert (clients.behind, clients.slowed) == (0, 1)


def test_bytes_are_told_for_each_part_of_the_account() -> None:
    desk = Desk()
    desk.join(A)
    desk.hub.memory.buffered = 1000
    kept = desk.hub.status.figures().kept
    assert (kept["connections"], kept["signals"]) == (1000, 0)
    assert kept["records"] > 0
    assert sum(kept.values()) == desk.hub.status.snapshot(0.0).memory_kept


# Other hubs


def test_a_plain_server_has_no_figures_of_a_mesh() -> None:
    assert Desk().hub.status.figures().mesh is None


def test_frames_are_counted_where_they_are_sent_and_where_they_pass() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    before = [mesh(hubs, number).frames for number in range(3)]
    a = hubs.join(0, A)
    hubs.join(2, B)
    hubs.signal(a, B)
    hubs.run()
    after = [mesh(hubs, number).frames for number in range(3)]
    grown = [
        {name: now[name] - then[name] for name in now}
        for then, now in zip(before, after, strict=True)
    ]
    assert grown[0]["sent"] > 0
    assert grown[1]["passed_on"] > 0
    assert grown[0]["passed_on"] == 0
    assert [each["no_way"] for each in grown] == [0, 0, 0]


def test_repeats_and_round_trips_are_counted() -> None:
    hubs = linked(FIRST, SECOND)
    a = hubs.join(0, A)
    hubs.join(1, B)
    hubs.signal(a, B)
    streams = mesh(hubs, 0).streams["signals"]
    assert (streams.sent, streams.repeated, streams.unacknowledged) == (1, 0, 1)
    assert streams.size > 0
    hubs.lose_frames()
    hubs.pass_time(3.0)
    streams = mesh(hubs, 0).streams["signals"]
    assert (streams.sent, streams.repeated, streams.unacknowledged) == (1, 1, 0)
    assert (streams.queued, streams.size) == (0, 0)
    assert streams.round_trips.count == 0  # nobody can tell which of the two was acknowledged
    hubs.signal(a, B)
    hubs.pass_time(3.0)
    round_trips = mesh(hubs, 0).streams["signals"].round_trips
    assert round_trips.count == 1
    assert round_trips.sum >= 0.05  # an acknowledgement waits for so long for others


def test_links_are_counted_when_they_open_and_when_they_break() -> None:
    hubs = linked(FIRST, SECOND)
    figures = mesh(hubs, 0)
    assert (figures.links_opened, figures.links_lost) == (
        {"p2p": 1, "websocket": 0, "local": 0},
        {"p2p": 0, "websocket": 0, "local": 0},
    )
    hubs.cut(next(iter(hubs.others)))
    assert mesh(hubs, 0).links_lost == {"p2p": 1, "websocket": 0, "local": 0}


def test_attempts_that_lead_to_no_link_are_counted_by_carrier() -> None:
    hub = Hub(FIRST, ServerConfig(is_hub=True), Random(1))
    [dial] = [
        each for each in hub.handle(DialRequested("ws://there:1"), 0.0) if isinstance(each, Dial)
    ]
    hub.handle(OpeningFailed(dial.opening, "nobody there"), 1.0)
    figures = hub.status.figures().mesh
    assert figures is not None
    assert figures.attempts_failed == {"p2p": 0, "websocket": 1, "local": 0}


def mesh(hubs: Hubs, number: int) -> MeshFigures:
    figures = hubs.hubs[number].status.figures().mesh
    assert figures is not None
    return figures
