"""Closed sockets that had served their purpose: the end with more links tells of them."""

from __future__ import annotations

from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Adverts, Bye, LinkEnd, Purpose
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, advert

DOOR, NEAR, FAR = HUBS[8], HUBS[4], HUBS[6]
MANY = tuple(LinkEnd(hub, SOCKET, Purpose.SPARE) for hub in (OWN, *HUBS[10:15]))
PATIENCE = MeshLimits().parting_patience


def come_in(*ends: LinkEnd) -> tuple[Bench, dict[str, int]]:
    """Return a hub that has two data channels, and a socket to a hub with these links."""
    bench = Bench(hub_mesh_min_peers=2, hub_mesh_max_peers=2)
    links: dict[str, int] = {"door": bench.open(SOCKET)}
    bench.hello(links["door"], DOOR)
    bench.receive(links["door"], Adverts((advert(DOOR, links=ends),)))
    links["near"], links["far"] = bench.link(NEAR), bench.link(FAR)
    bench.pass_time(0.0, 2.0, *links.values())
    [said] = [end for end in bench.mesh.advert.links if end.hub == DOOR]
    assert said.purpose is Purpose.SPARE
    return bench, links


def still_named(bench: Bench) -> bool:
    return DOOR in {end.hub for end in bench.mesh.advert.links}


def test_the_end_with_fewer_links_leaves_it_to_the_other() -> None:
    bench, links = come_in(*MANY)
    sequence = bench.mesh.advert.sequence
    bench.receive(links["door"], Bye("migrated to P2P"), 2.0)
    bench.pass_time(2.0, 3.0, links["near"], links["far"])
    bench.receive(links["near"], Adverts((advert(DOOR, links=MANY[1:], sequence=2),)), 3.0)
    bench.pass_time(3.0, 20.0, links["near"], links["far"])
    assert (bench.mesh.advert.sequence, still_named(bench)) == (sequence, True)


def test_it_tells_itself_if_the_other_does_not() -> None:
    bench, links = come_in(*MANY)
    bench.receive(links["door"], Bye("migrated to P2P"), 2.0)
    bench.pass_time(2.0, 2.0 + PATIENCE - 0.5, links["near"], links["far"])
    assert still_named(bench)
    bench.pass_time(2.0 + PATIENCE, 3.0 + PATIENCE, links["near"], links["far"])
    assert not still_named(bench)


def test_it_tells_with_what_else_there_is_to_say() -> None:
    bench, links = come_in(*MANY)
    bench.receive(links["door"], Bye("migrated to P2P"), 2.0)
    bench.pass_time(2.0, 3.0, links["near"], links["far"])
    assert still_named(bench)
    bench.receive(links["far"], Bye("not wanted"), 3.0)
    bench.pass_time(3.0, 4.0, links["near"])
    assert {end.hub for end in bench.mesh.advert.links} == {NEAR}


def test_the_end_with_more_links_tells_soon() -> None:
    bench, links = come_in(*MANY[:1])
    bench.receive(links["door"], Bye("migrated to P2P"), 2.0)
    bench.pass_time(2.0, 3.0, links["near"], links["far"])
    assert not still_named(bench)


def test_a_socket_that_broke_is_told_of_at_once() -> None:
    bench, links = come_in(*MANY)
    bench.lose(links["door"], 2.0)
    bench.pass_time(2.0, 2.1, links["near"], links["far"])
    assert not still_named(bench)
