"""Names of which each address is a bootstrap hub: when they are looked up, and who is dialled."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from peerpigeon.core.interface.actions import Action, Dial, Resolve
from peerpigeon.core.interface.events import NameResolved, OpeningFailed, ResolvingFailed
from peerpigeon.core.interface.notices import BootstrapDisconnected, ErrorOccurred
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Adverts
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, advert, closings, notices, of_kind

NAME = "hubs.example.org"
ONE, TWO, THREE = "192.0.2.1", "192.0.2.2", "2001:db8::3"


def named(*names: str, limits: MeshLimits | None = None, **options: Any) -> Bench:
    given = {"bootstrap_dns": names or (f"{NAME}:3000",), "hub_mesh_min_peers": 1, **options}
    return Bench(limits=limits, **given)


def resolved(bench: Bench, *addresses: str, now: float) -> list[Action]:
    return bench.handle(NameResolved(NAME, addresses), now)


def looks(actions: list[Action]) -> list[str]:
    return [action.name for action in of_kind(Resolve, actions)]


def dialled(actions: list[Action]) -> list[str]:
    return sorted(dial.uri for dial in of_kind(Dial, actions))


def look_times(bench: Bench, since: float, until: float, *alive: int) -> list[float]:
    """Answer each look at once, always the same; return when they were made."""
    times: list[float] = []
    now = since
    while now <= until:
        for _ in looks(bench.pass_time(now, now, *alive)):
            times.append(now)
            resolved(bench, ONE, now=now)
        now += 1.0
    return times


def test_hubs_that_speak_tls_are_dialled_over_tls() -> None:
    bench = named(tls_cert="hub.crt", tls_key="hub.key")
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    assert dialled(bench.tick(0.1)) == [f"wss://{ONE}:3000"]


# When


def test_a_name_is_looked_up_at_the_start_and_not_again_before_the_answer() -> None:
    bench = named()
    assert looks(bench.tick(0.0)) == [NAME]
    assert looks(bench.pass_time(0.0, 100.0)) == []


def test_each_of_several_names_is_looked_up() -> None:
    bench = named("a.example", "b.example:4000")
    assert looks(bench.tick(0.0)) == ["a.example", "b.example"]
    bench.handle(NameResolved("b.example", (ONE,)), 0.1)
    assert dialled(bench.tick(0.1)) == [f"ws://{ONE}:4000"]


def test_without_a_port_it_is_that_of_this_hub() -> None:
    bench = named(NAME, port=3456)
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    assert dialled(bench.tick(0.1)) == [f"ws://{ONE}:3456"]


def test_without_links_enough_names_are_looked_up_every_reconnect_interval() -> None:
    times = look_times(named(), 0.0, 60.0)
    pauses = [after - before for before, after in pairwise(times)]
    assert all(4.0 <= pause <= 7.0 for pause in pauses), times
    assert len(set(pauses)) > 1, "those that were started together do not ask together"


def test_with_links_enough_names_are_looked_up_slowly() -> None:
    bench = named()
    link = bench.link(HUBS[1])
    times = look_times(bench, 0.0, 200.0, link)
    assert all(24.0 <= after - before <= 37.0 for before, after in pairwise(times)), times
    assert len(times) > 4


def test_with_fewer_links_than_make_the_mesh_ready_they_are_looked_up_often() -> None:
    bench = named(hub_mesh_min_peers=2)
    link = bench.link(HUBS[1])
    assert len(look_times(bench, 0.0, 60.0, link)) >= 9


def test_who_loses_the_last_link_looks_at_once() -> None:
    bench = named()
    link = bench.link(HUBS[1])
    assert look_times(bench, 0.0, 20.0, link) == [0.0]
    bench.lose(link, 20.5)
    assert looks(bench.tick(20.5)) == [NAME]


def test_a_longer_reconnect_interval_counts_in_the_mesh_too() -> None:
    bench = named(reconnect_interval=100.0)
    link = bench.link(HUBS[1])
    assert len(look_times(bench, 0.0, 300.0, link)) in (3, 4)


def test_without_auto_connect_or_after_leaving_no_name_is_looked_up() -> None:
    assert looks(named(auto_connect=False).pass_time(0.0, 60.0)) == []
    bench = named()
    bench.tick(0.0)
    bench.mesh.leave_bootstrap(0.1)
    assert resolved(bench, ONE, now=0.2) == [], "what was asked before does not count any more"
    said = bench.pass_time(0.2, 60.0)
    assert (looks(said), dialled(said)) == ([], [])


def test_a_hub_that_stops_looks_nothing_up() -> None:
    bench = named()
    bench.leave(0.0)
    assert looks(bench.pass_time(0.0, 60.0)) == []


# Who is dialled


def test_each_address_is_dialled_wherever_it_leads_for_the_operator_has_named_it() -> None:
    bench = named(dial_private="no", host="0.0.0.0", hub_secret="what all hubs know")
    bench.tick(0.0)
    resolved(bench, "10.0.0.1", ONE, THREE, now=0.1)
    dials = of_kind(Dial, bench.tick(0.1))
    assert {(dial.uri, dial.is_told) for dial in dials} == {
        ("ws://10.0.0.1:3000", False),
        (f"ws://{ONE}:3000", False),
        (f"ws://[{THREE}]:3000", False),
    }


@pytest.mark.parametrize(
    "nonsense", ["0.0.0.0", "224.0.0.1", "fe80::1", "fe80::1%eth0", "169.254.169.254", "", "x"]
)
def test_what_is_no_address_of_a_hub_is_left_out(nonsense: str) -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, nonsense, ONE, now=0.1)
    assert dialled(bench.tick(0.1)) == [f"ws://{ONE}:3000"]


def test_an_address_that_is_there_twice_or_written_otherwise_is_dialled_once() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, THREE, "2001:0db8::0003", now=0.1)
    assert dialled(bench.tick(0.1)) == [f"ws://[{THREE}]:3000"]


def test_a_hub_does_not_dial_its_own_address() -> None:
    bench = named(advertise=(f"ws://{ONE}:3000",))
    bench.tick(0.0)
    resolved(bench, ONE, TWO, now=0.1)
    assert dialled(bench.pass_time(0.1, 3.0)) == [f"ws://{TWO}:3000"]


def test_an_address_that_turns_out_to_be_its_own_is_dialled_once() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    (dial,) = of_kind(Dial, bench.tick(0.1))
    link = bench.open(SOCKET, dial.opening, now=0.2)
    said = bench.hello(link, OWN, 0.3, life=bench.mesh.advert.life)
    assert closings(said) == {link: (1008, "this hub itself")}
    assert dialled(bench.pass_time(0.3, 3.0)) == []
    resolved(bench, ONE, now=3.5)  # the next look finds it again
    assert dialled(bench.pass_time(3.5, 60.0)) == []


def test_addresses_that_a_name_leads_to_no_more_are_forgotten() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, ONE, TWO, now=0.1)
    dials = of_kind(Dial, bench.tick(0.1))
    for dial in dials:
        bench.handle(OpeningFailed(dial.opening, "refused"), 0.2)
    resolved(bench, TWO, now=0.3)
    assert set(dialled(bench.pass_time(0.3, 60.0))) == {f"ws://{TWO}:3000"}


def test_an_address_in_the_options_stays_whatever_names_lead_to() -> None:
    written = f"ws://{ONE}:3000"
    bench = named(bootstrap_hubs=(written,))
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    resolved(bench, TWO, now=0.2)
    assert set(dialled(bench.pass_time(0.2, 12.0))) == {written, f"ws://{TWO}:3000"}


def test_names_are_all_there_is_to_start_from_if_no_address_is_given() -> None:
    bench = named(port=3001, default_bootstrap_hub="ws://localhost:3000")
    assert dialled(bench.pass_time(0.0, 60.0)) == []


def test_a_new_address_is_dialled_at_once_by_a_hub_without_links() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    (dial,) = of_kind(Dial, bench.tick(0.1))
    bench.handle(OpeningFailed(dial.opening, "refused"), 0.2)
    resolved(bench, ONE, TWO, now=1.0)
    assert f"ws://{TWO}:3000" in dialled(bench.tick(1.0))


def test_what_was_known_holds_while_nobody_answers_and_people_hear_of_it_once() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    (dial,) = of_kind(Dial, bench.tick(0.1))
    bench.handle(OpeningFailed(dial.opening, "refused"), 0.2)
    failed = ResolvingFailed(NAME, "no answer")
    told = ErrorOccurred("bootstrap_dns: hubs.example.org leads to no hub: no answer")
    assert notices(bench.handle(failed, 10.0)) == [told]
    assert notices(bench.handle(failed, 20.0)) == []
    assert set(dialled(bench.pass_time(20.0, 40.0))) == {f"ws://{ONE}:3000"}
    resolved(bench, ONE, now=40.0)
    assert notices(bench.handle(failed, 50.0)) == [told]


def test_people_hear_of_addresses_that_lead_to_nothing() -> None:
    bench = named()
    bench.tick(0.0)
    resolved(bench, ONE, now=0.1)
    (dial,) = of_kind(Dial, bench.tick(0.1))
    said = bench.handle(OpeningFailed(dial.opening, "refused"), 0.2)
    assert notices(said) == [BootstrapDisconnected(f"ws://{ONE}:3000", 1006, "refused")]


# In the mesh


def test_in_the_mesh_hubs_that_are_live_are_not_dialled_and_others_are() -> None:
    bench = named()
    link = bench.link(HUBS[1])
    there = advert(HUBS[2], HUBS[1], addresses=(f"ws://{ONE}:3000",))
    bench.receive(link, Adverts((there,)))
    bench.tick(0.1)
    resolved(bench, ONE, TWO, now=0.2)
    assert set(dialled(bench.pass_time(0.2, 6.0, link))) == {f"ws://{TWO}:3000"}


def test_in_the_mesh_a_new_address_is_dialled_within_an_interval() -> None:
    bench = named()
    link = bench.link(HUBS[1])
    bench.pass_time(0.0, 1.0, link)
    resolved(bench, ONE, now=1.0)
    assert dialled(bench.pass_time(1.0, 6.0, link)) == [f"ws://{ONE}:3000"]


def test_of_many_addresses_a_few_are_dialled_in_a_round_and_all_in_the_end() -> None:
    bench = named()
    bench.tick(0.0)
    many = [f"192.0.2.{number}" for number in range(1, 41)]
    resolved(bench, *many, now=0.1)
    assert len(dialled(bench.tick(0.1))) == 4
    seen = set(dialled(bench.pass_time(0.1, 3000.0)))
    assert len(seen) == 40


def test_of_one_name_so_many_addresses_are_kept() -> None:
    bench = named(limits=MeshLimits(named_addresses=2))
    bench.tick(0.0)
    resolved(bench, ONE, TWO, THREE, now=0.1)
    assert dialled(bench.tick(0.1)) == [f"ws://{ONE}:3000", f"ws://{TWO}:3000"]
