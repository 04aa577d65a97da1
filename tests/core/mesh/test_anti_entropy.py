"""Neighbours find out that their tables differ, and what each one lacks."""

from __future__ import annotations

from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.table_comparison import summarize
from peerpigeon.core.wire.hub_frames import Adverts, Heartbeat, Summary
from tests.core.mesh.benches import FAR, NEAR, linked
from tests.core.mesh.meshes import HUBS, OWN, Bench, advert, frames, of_kind

NEW = HUBS[2]


def test_a_newcomer_with_another_table_gets_a_summary_too() -> None:
    bench = Bench()
    link = bench.open()
    said = frames(bench.hello(link, NEAR, digest=1))
    assert said[1:] == [Summary(((OWN, *bench.mesh.advert.age),))]


def test_a_known_hub_that_links_anew_gets_no_summary() -> None:
    bench, *_ = linked()
    assert of_kind(Summary, frames(bench.hello(bench.open(), NEAR, digest=1))) == []


def test_a_known_hub_out_of_reach_that_links_anew_gets_a_summary() -> None:
    """It comes from another part of the mesh: it may have heard much that we have not."""
    bench, near, _ = linked()
    bench.lose(near, 1.0)
    bench.pass_time(1.0, 2.0)
    said = frames(bench.hello(bench.open(now=2.0), NEAR, now=2.0, digest=1))
    assert NEAR in bench.mesh.incarnations()
    assert len(of_kind(Summary, said)) == 1


def test_tables_are_compared_when_a_neighbour_is_back() -> None:
    bench, near, far = linked()
    bench.lose(near, 1.0)
    bench.pass_time(1.0, 4.0, far)
    assert NEAR not in bench.mesh.incarnations()
    link = bench.open(now=4.0)
    bench.hello(link, NEAR, now=4.0)
    said = bench.pass_time(4.0, 4.5, far)
    assert NEAR in bench.mesh.incarnations()
    (summary,) = of_kind(Summary, frames(said, link))
    assert [hub for hub, *_ in summary.entries] == [NEAR, OWN, FAR]
    assert of_kind(Summary, frames(said, far)) == []


def test_tables_that_differ_for_three_heartbeats_are_compared() -> None:
    bench, near, _ = linked()
    answers = [bench.receive(near, Heartbeat(1), now) for now in (5.0, 6.0, 7.0, 8.0)]
    assert [len(answer) for answer in answers] == [0, 0, 1, 0]
    (summary,) = of_kind(Summary, frames(answers[2]))
    assert [hub for hub, *_ in summary.entries] == [NEAR, OWN, FAR]
    assert summary.wants_answer


def test_a_table_that_has_just_changed_is_given_eight_heartbeats() -> None:
    bench, near, _ = linked()
    answers = [len(bench.receive(near, Heartbeat(1), 0.3 + n / 4)) for n in range(8)]
    assert answers == [0, 0, 0, 0, 0, 0, 0, 1]


def test_in_a_large_mesh_a_table_that_changes_is_given_more_heartbeats() -> None:
    for hubs_per_heartbeat, longest, given in ((1, 24, 10), (2, 24, 9), (1, 9, 9)):
        limits = MeshLimits(
            small_mesh=1, hubs_per_heartbeat=hubs_per_heartbeat, longest_patience=longest
        )
        bench, near, _ = linked(limits)
        said = [len(bench.receive(near, Heartbeat(1), 0.3 + n / 4)) for n in range(given)]
        assert said == [*[0] * (given - 1), 1]


def test_tables_that_agree_once_begin_to_count_anew() -> None:
    bench, near, _ = linked()
    bench.receive(near, Heartbeat(1), 5.0)
    bench.receive(near, Heartbeat(1), 6.0)
    assert bench.receive(near, Heartbeat(bench.digest()), 7.0) == []
    assert bench.receive(near, Heartbeat(1), 8.0) == []


def test_a_summary_is_answered_by_what_is_lacking_and_asked_for_what_we_lack() -> None:
    bench, near, _ = linked()
    own = bench.mesh.advert
    theirs = ((OWN, *own.age), (NEAR, 1000, 0, 1), (NEW, 1000, 0, 1))
    lacking, ours = frames(bench.receive(near, Summary(theirs), 5.0))
    assert lacking == Adverts((advert(FAR, OWN, *HUBS[14:]),))
    assert isinstance(ours, Summary)
    assert not ours.wants_answer


def test_the_answer_to_a_summary_is_not_answered_by_another() -> None:
    bench, near, _ = linked()
    entries = (*summarize(bench.mesh.adverts()), (NEW, 1000, 0, 1))
    assert bench.receive(near, Summary(entries, wants_answer=False), 5.0) == []
    assert bench.receive(near, Summary(summarize(bench.mesh.adverts())), 5.0) == []
