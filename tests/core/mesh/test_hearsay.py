"""What neighbours hear from each other they are not told, until that way has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Advert, Adverts
from tests.core.mesh.benches import FAR, NEAR, linked
from tests.core.mesh.meshes import HUBS, OWN, Bench, advert, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import Action

NEW, NEXT, THIRD = HUBS[2], HUBS[3], HUBS[4]


def told(bench: Bench, link: int, until: float) -> list[PeerId]:
    """Return whose adverts but our own go over a link while a little time passes."""
    said = bench.pass_time(until - 0.3, until)
    return hubs_in(said, link)


def hubs_in(actions: list[Action], link: int) -> list[PeerId]:
    sent = of_kind(Adverts, frames(actions, link))
    return [each.hub for news in sent for each in news.adverts if each.hub != OWN]


def said_to_all(*adverts: Advert, is_urgent: bool = False) -> Adverts:
    return Adverts(adverts, is_urgent, is_for_all=True)


def in_a_triangle() -> tuple[Bench, int, int]:
    """Return a hub, and its links to two neighbours that are linked with each other too."""
    bench, near, far = linked()
    bench.receive(near, Adverts((advert(NEAR, OWN, FAR, NEW, NEXT, sequence=2),)), 0.5)
    bench.receive(far, Adverts((advert(FAR, OWN, NEAR, sequence=2),)), 0.5)
    bench.pass_time(0.5, 0.9)
    return bench, near, far


def test_who_hears_it_from_the_one_that_tells_all_is_not_told() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    assert told(bench, far, 1.3) == []


def test_who_is_not_linked_with_that_one_is_told() -> None:
    bench, near, _ = in_a_triangle()
    third = bench.link(THIRD, now=0.9)
    bench.receive(near, said_to_all(advert(NEW), advert(NEXT)), 1.0)
    assert NEW in told(bench, third, 1.3)


def test_who_was_linked_with_that_one_only_after_it_had_told_is_told() -> None:
    bench, near, far = linked()
    bench.pass_time(0.5, 0.9)
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    bench.receive(near, said_to_all(advert(NEAR, OWN, FAR, sequence=2)), 1.01)
    bench.receive(far, Adverts((advert(FAR, OWN, NEAR, sequence=2),)), 1.02)
    assert NEW in told(bench, far, 1.3)


def test_what_was_an_answer_to_us_alone_is_passed_on_to_all() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, Adverts((advert(NEW),)), 1.0)
    assert told(bench, far, 1.3) == [NEW]


def test_what_is_urgent_is_passed_on_to_all() -> None:
    bench, near, far = in_a_triangle()
    said = bench.receive(near, said_to_all(advert(NEW), is_urgent=True), 1.0) + bench.tick(1.0)
    assert hubs_in(said, far) == [NEW]
    assert hubs_in(said, near) == []


def test_what_only_one_of_two_has_told_all_goes_to_who_is_linked_with_the_other() -> None:
    bench, near, far = in_a_triangle()
    third = bench.link(THIRD, now=0.9)
    bench.receive(third, Adverts((advert(THIRD, OWN, FAR, sequence=2),)), 0.9)
    bench.receive(far, Adverts((advert(FAR, OWN, NEAR, THIRD, sequence=3),)), 0.9)
    bench.pass_time(0.9, 1.4)
    bench.receive(near, said_to_all(advert(NEW)), 2.0)
    bench.receive(third, said_to_all(advert(NEXT)), 2.0)
    said = bench.tick(2.1)
    assert [hubs_in(said, link) for link in (near, far, third)] == [[NEXT], [], [NEW]]


def test_who_loses_the_link_by_which_it_was_to_hear_of_it_is_told_after_all() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    assert told(bench, far, 1.3) == []
    bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 2.0)
    assert told(bench, far, 2.3) == [NEW]
    assert told(bench, far, 2.6) == []


def test_that_it_was_not_told_is_forgotten_after_some_seconds() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    assert told(bench, far, 1.3) == []
    bench.pass_time(1.3, 7.0, near, far)
    bench.receive(near, said_to_all(advert(NEXT)), 7.0)
    assert told(bench, far, 7.3) == []
    bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 7.5)
    assert told(bench, far, 7.8) == [NEXT]


def test_who_is_not_relied_on_any_more_owes_nothing() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    assert told(bench, far, 1.3) == []
    bench.pass_time(1.3, 7.0, near, far)
    bench.receive(near, Adverts((advert(NEXT),)), 7.0)
    assert told(bench, far, 7.3) == [NEXT]
    bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 7.5)
    assert told(bench, far, 7.8) == []


def test_who_is_no_neighbour_any_more_is_told_nothing() -> None:
    bench, near, far = in_a_triangle()
    bench.receive(near, said_to_all(advert(NEW)), 1.0)
    assert told(bench, far, 1.3) == []
    bench.lose(far, 1.5)
    assert told(bench, near, 1.9) == []


def test_what_is_told_after_all_has_one_order_whatever_the_seed_of_hashes() -> None:
    tellers = NEAR, HUBS[4], HUBS[6], HUBS[7]
    news = [HUBS[2], HUBS[3], HUBS[11], HUBS[12]]
    bench, near, far = linked(hub_mesh_max_peers=8)
    links = [near, *(bench.link(hub, now=0.3) for hub in tellers[1:])]
    for link, hub in zip(links, tellers, strict=True):
        bench.receive(link, Adverts((advert(hub, OWN, FAR, sequence=2),)), 0.5)
    bench.receive(far, Adverts((advert(FAR, OWN, *tellers, sequence=2),)), 0.5)
    bench.pass_time(0.5, 0.9)
    for link, hub in zip(links, news, strict=True):
        bench.receive(link, said_to_all(advert(hub)), 1.0)
    assert told(bench, far, 1.3) == []
    bench.receive(far, Adverts((advert(FAR, OWN, sequence=3),)), 2.0)
    assert told(bench, far, 2.3) == news
