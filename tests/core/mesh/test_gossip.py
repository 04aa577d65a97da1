"""How adverts spread: in batches, each over every link once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.changes import HubFound, HubRestarted, HubRose
from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.gossip import MANY
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Adverts, Bye
from tests.core.mesh.benches import FAR, NEAR, linked
from tests.core.mesh.meshes import HUBS, OWN, Bench, advert, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import Action

MIB = 1 << 20
NEW, NEXT = HUBS[2], HUBS[3]


def told(actions: list[Action], link: int) -> list[tuple[PeerId, int]]:
    """Return hub and sequence of each advert sent over a link."""
    sent = of_kind(Adverts, frames(actions, link))
    return [(advert.hub, advert.sequence) for news in sent for advert in news.adverts]


def test_a_newcomer_gets_our_advert_with_our_hello_answered() -> None:
    bench = Bench()
    link = bench.open()
    said = frames(bench.hello(link, NEAR, digest=bench.digest()))
    assert said == [Adverts((bench.mesh.advert,))]


def test_who_is_back_because_its_advert_was_repeated_is_told_of_on_our_side() -> None:
    """The others here have lost it too, and hear of it from nobody else."""
    bench, near, far = linked()
    behind = advert(NEW, NEAR), advert(NEXT, NEAR)
    bench.receive(near, Adverts((advert(NEAR, OWN, NEW, NEXT, sequence=2), *behind)), 0.5)
    bench.lose(near, 1.0)
    bench.pass_time(1.0, 4.0, far)
    assert set(bench.mesh.incarnations()) == {OWN, FAR}
    near = bench.link(NEAR, now=4.0)
    bench.pass_time(4.0, 4.4, far, near)
    repeated = Adverts((advert(NEAR, OWN, NEW, NEXT, sequence=2), behind[0]))
    said = bench.receive(near, repeated, 4.5) + bench.pass_time(4.5, 4.9, far, near)
    assert set(bench.mesh.incarnations()) == {OWN, FAR, NEAR, NEW}
    assert (NEW, 1) in told(said, far)
    assert (NEXT, 1) not in told(said, far)
    assert (NEW, 1) not in told(said, near)


def test_news_is_gathered_for_100_ms_and_not_sent_back() -> None:
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    bench.receive(near, Adverts((advert(NEXT),)), 1.05)
    bench.receive(far, Adverts((advert(HUBS[4]),)), 1.06)
    assert of_kind(Adverts, frames(bench.tick(1.09))) == []
    said = bench.tick(1.1)
    assert told(said, far) == [(NEW, 1), (NEXT, 1)]
    assert told(said, near) == [(HUBS[4], 1)]
    assert len(of_kind(Adverts, frames(said))) == 2


def test_what_all_neighbours_lack_is_one_frame_for_all_of_them() -> None:
    bench, near, far = linked()
    third = bench.link(HUBS[4], now=0.5)
    bench.tick(0.7)
    bench.receive(third, Adverts((advert(NEW),)), 1.0)
    said = bench.tick(1.1)
    (one,), (other,) = (of_kind(Adverts, frames(said, link)) for link in (near, far))
    assert one is other


LARGE = MeshLimits(
    small_mesh=3,
    batch_per_hub=0.1,
    longest_batch=0.25,
    renewal_pause_per_hub=0.4,
    longest_renewal_pause=0.7,
    gain_patience=1,
    restless_for=0.5,
)


def test_in_a_large_mesh_news_is_gathered_for_longer() -> None:
    bench, near, far = linked(LARGE)
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    assert told(bench.tick(1.19), far) == []
    assert (NEW, 1) in told(bench.tick(1.21), far)
    bench.receive(near, Adverts((advert(NEXT), advert(HUBS[4]))), 2.0)
    assert told(bench.tick(2.24), far) == []
    assert (NEXT, 1) in told(bench.tick(2.26), far)


def test_in_a_large_mesh_our_advert_is_not_renewed_again_and_again() -> None:
    bench, near, far = linked(LARGE)
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    bench.tick(1.3)
    bench.link(HUBS[3], now=2.0)
    bench.tick(2.3)
    first = bench.mesh.advert.sequence
    bench.link(HUBS[4], now=2.31)
    bench.pass_time(2.32, 2.7, near, far)
    assert bench.mesh.advert.sequence == first
    bench.pass_time(2.7, 3.1, near, far)
    assert bench.mesh.advert.sequence == first + 1
    assert HUBS[4] in {end.hub for end in bench.mesh.advert.links}


def test_in_a_large_mesh_links_that_have_only_come_are_told_later_than_one_that_was_closed() -> (
    None
):
    limits = replace(LARGE, renewal_pause_per_hub=0.7, gain_patience=3)
    bench, near, far = linked(limits, hub_mesh_max_peers=8)
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    bench.tick(1.3)
    third = bench.link(HUBS[3], now=2.0)
    bench.tick(2.3)
    said = bench.mesh.advert
    assert HUBS[3] in {end.hub for end in said.links}
    bench.link(HUBS[4], now=2.4)
    bench.pass_time(2.4, 4.3, near, far, third)
    assert bench.mesh.advert == said
    bench.pass_time(4.3, 4.5, near, far, third)
    renewed = bench.mesh.advert
    assert {end.hub for end in renewed.links} == {NEAR, FAR, HUBS[3], HUBS[4]}
    bench.receive(third, Bye("not wanted"), 4.6)
    bench.pass_time(4.6, 5.0, near, far)
    assert bench.mesh.advert == renewed
    bench.pass_time(5.0, 5.3, near, far)
    assert HUBS[3] not in {end.hub for end in bench.mesh.advert.links}


def test_who_has_said_the_same_meanwhile_is_not_told() -> None:
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEW), advert(NEXT))), 1.0)
    bench.receive(far, Adverts((advert(NEW),)), 1.05)
    said = bench.tick(1.1)
    assert told(said, near) == []
    assert told(said, far) == [(NEXT, 1)]


def test_who_has_said_less_meanwhile_is_told() -> None:
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    bench.receive(far, Adverts((advert(NEW, sequence=2),)), 1.05)
    bench.receive(far, Adverts((advert(NEW, sequence=2),)), 1.06)
    said = bench.tick(1.1)
    assert told(said, near) == [(NEW, 2)]
    assert told(said, far) == []


def test_who_has_said_next_to_nothing_gets_what_all_get() -> None:
    """All hubs of a mesh may have come in by this one, and each has said its own advert."""
    bench, near, far = linked(MeshLimits(small_mesh=1000))
    many = [advert(PeerId(f"{number:040x}")) for number in range(1, 2 * MANY)]
    bench.receive(near, Adverts(tuple(many[1:])), 1.0)
    bench.receive(far, Adverts((many[0],)), 1.01)
    third = bench.link(HUBS[4], now=1.02)
    said = bench.tick(1.1)
    to_far, to_third = (of_kind(Adverts, frames(said, link)) for link in (far, third))
    assert to_far == to_third
    assert to_far[0] is to_third[0]


def test_after_a_loss_a_large_mesh_is_as_quick_as_a_small_one_for_a_while() -> None:
    bench, near, far = linked(LARGE)
    bench.receive(near, Adverts((advert(NEW), advert(NEXT))), 1.0)
    bench.tick(1.3)
    bench.receive(near, Adverts((advert(NEW, sequence=2),), is_urgent=True), 2.0)
    bench.tick(2.0)
    bench.receive(near, Adverts((advert(NEXT, sequence=2),)), 2.45)
    assert (NEXT, 2) in told(bench.tick(2.56), far)
    bench.receive(near, Adverts((advert(NEXT, sequence=3),)), 2.6)
    assert told(bench.tick(2.71), far) == []
    assert (NEXT, 3) in told(bench.tick(2.86), far)


def test_a_loss_is_told_in_a_large_mesh_though_our_advert_is_fresh() -> None:
    bench, near, _ = linked(LARGE)
    bench.receive(near, Adverts((advert(NEW), advert(NEXT))), 1.0)
    bench.tick(1.3)
    bench.link(HUBS[3], now=2.0)
    bench.tick(2.3)
    bench.lose(near, 2.31)
    bench.tick(2.31)
    assert {end.hub for end in bench.mesh.advert.links} == {FAR, HUBS[3]}


def test_a_loss_goes_on_at_once_and_is_urgent_there_too() -> None:
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEAR, OWN, sequence=2),), is_urgent=True), 1.0)
    assert bench.mesh.deadline() <= 1.0
    (news,) = of_kind(Adverts, frames(bench.tick(1.0), far))
    assert news.is_urgent
    assert frames(bench.tick(1.01), near) == []


def test_a_neighbour_is_told_what_another_one_says_of_it_and_not_what_it_has_said_itself() -> None:
    """Somebody may have made it up, and only the hub itself can outdo it."""
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(FAR, OWN, sequence=2),)), 1.0)
    assert told(bench.tick(1.1), far) == [(FAR, 2)]
    bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 1.2)
    said = bench.tick(1.3)
    assert told(said, far) == []
    assert told(said, near) == [(FAR, 3)]


def test_a_neighbour_that_says_less_of_itself_than_others_have_said_is_told_so() -> None:
    bench, near, far = linked()
    made_up = advert(FAR, OWN, sequence=99)
    bench.receive(near, Adverts((made_up,)), 1.0)
    bench.tick(1.1)
    said = bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 1.2)
    assert of_kind(Adverts, frames(said, far)) == [Adverts((made_up,))]
    assert bench.receive(far, Adverts((made_up,)), 1.3) == []
    assert bench.receive(near, Adverts((advert(FAR, OWN, sequence=3),)), 1.4) == []


def test_old_news_is_not_passed_on() -> None:
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEW, sequence=5),)), 1.0)
    bench.tick(1.1)
    bench.receive(near, Adverts((advert(NEW, sequence=4),)), 1.2)
    assert told(bench.tick(1.3), far) == []


def test_what_is_heard_of_a_hub_becomes_a_change() -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    assert bench.take_changes() == [HubFound(NEW)]
    bench.receive(near, Adverts((advert(NEW, incarnation=2000, life=7),)), 1.1)
    assert bench.take_changes() == [HubRestarted(NEW, 2000)]
    bench.receive(near, Adverts((advert(NEW, incarnation=9000, life=7),)), 1.2)
    assert bench.take_changes() == [HubRose(NEW, 9000)]


# What a faulty hub may say


def test_adverts_with_many_links_have_a_limit_in_bytes() -> None:
    bench, near, _ = linked(max_memory=8 * MIB)
    others = [PeerId(f"{number:040x}") for number in range(4000)]
    assert bench.memory.records.limit == 2 * MIB
    for number in range(100, 105):
        bench.receive(near, Adverts((advert(others[number], *others[200:2200]),)), 1.0)
    assert len(bench.mesh) == 7
    assert bench.advert_of(others[104]) is None
    assert 4 * 512_000 < bench.memory.records.size < 2 * MIB
    bench.receive(near, Adverts((advert(others[100], *others[200:], sequence=2),)), 1.1)
    bench.receive(near, Adverts((advert(others[101], others[1], sequence=2),)), 1.1)
    sequences = [known.sequence for hub in others[100:102] if (known := bench.advert_of(hub))]
    assert sequences == [1, 2], "one that has grown is not taken, one that has shrunk is"


def test_hubs_beyond_the_limit_are_ignored_but_known_ones_are_not() -> None:
    bench, near, _ = linked(MeshLimits(known_hubs=5))
    ids = [PeerId(f"{number:040x}") for number in range(5)]
    bench.receive(near, Adverts(tuple(advert(hub) for hub in ids)), 1.0)
    assert len(bench.mesh) == 5
    assert bench.advert_of(ids[-1]) is None
    bench.receive(near, Adverts((advert(ids[0], sequence=2),)), 1.1)
    known = bench.advert_of(ids[0])
    assert known is not None
    assert known.sequence == 2
