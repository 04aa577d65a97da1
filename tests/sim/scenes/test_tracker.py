"""Clients of a tracker find each other over the whole swarm, whatever becomes of hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.swarms.dealing import Dealing
from peerpigeon.core.swarms.draws import Draws
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.setting import FORMATION, begin
from peerpigeon.sim.scenes.tracker import tracker
from peerpigeon.sim.visitors.downloader import Downloader
from tests.selection import thorough
from tests.sim.visitor_mutants import Loses, Repeats, VisitorMutant

if TYPE_CHECKING:
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("seeds", "rough"),
    [
        (range(1, 3), False),
        thorough(range(3, 11), False),
        thorough(range(11, 21), True),
    ],
)
def test_offers_answers_and_counts_are_those_of_the_swarm(seeds: range, *, rough: bool) -> None:
    assert [tracker(seed, rough=rough).faults for seed in seeds] == [[] for _ in seeds]


# What this scene would find


def found(kind: type[Hub] = Hub) -> str:
    return "\n".join(tracker(1, kind=kind).faults)


class Offers(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return "offer" in message


class Answers(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return "answer" in message


class Responses(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return "interval" in message


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("spoilt", "how", "told"),
    [
        (Offers, Loses, "of the offers of"),
        (Offers, Repeats, "came 2 times"),
        (Answers, Loses, "did not come"),
        (Answers, Repeats, "came 2 times"),
        (Responses, Loses, "was not answered"),
    ],
)
def test_a_hub_that_spoils_messages_is_found(
    spoilt: type[VisitorMutant], how: type[VisitorMutant], told: str
) -> None:
    assert told in found(type("Spoiler", (spoilt, how), {}))


@pytest.mark.thorough
def test_that_one_is_drawn_for_its_own_offers_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drawn(self: Dealing, kept: NamespaceRecords, sender: int, most: int) -> list[Record]:
        return list(kept.firsts.values())[:most]

    monkeypatch.setattr(Dealing, "_drawn", drawn)
    assert "came back to who had made it" in found()


@pytest.mark.thorough
def test_that_who_has_left_is_still_counted_and_drawn_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Rendezvous, "on_leave", lambda *_: None)
    told = found()
    assert " had " in told
    assert "of the offers of" in told


@pytest.mark.thorough
def test_that_seeders_are_miscounted_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Draws._answer
    monkeypatch.setattr(
        Draws, "_answer", lambda self, asked, members, flagged: right(self, asked, members, 0)
    )
    assert "complete ones" in found()


@pytest.mark.thorough
def test_that_draws_are_kept_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "_forget", lambda *_: None)
    monkeypatch.setattr(Draws, "deadline", lambda *_: None)
    monkeypatch.setattr(Draws, "expire", lambda *_: None)
    assert "keeps '\\x00t" in found()


# A crowd


def test_a_crowd_that_finds_no_room_at_once_finds_some_within_two_minutes() -> None:
    """All announce themselves at one moment, with more than may wait for the hub that deals."""
    mesh = begin(1, Layout(hubs=3))
    mesh.settle(FORMATION)
    world, hub = mesh.world, mesh.living[0]
    lead = next(other for other in mesh.living if other is not hub)
    namespaces = (
        (str(n), namespace_of(Kind.SWARM, str(n).ljust(20).encode().hex())) for n in range(99)
    )
    placement = hub.hub._namespaces.placement
    swarm = next(name for name, namespace in namespaces if placement.primary(namespace) == lead.own)
    crowd = [world.add_visitor(Downloader) for _ in range(300)]
    for each in crowd:
        each.does_as_told, each.sdp = True, "v=0" + "x" * 16_000
        each.connect(world.way_to(hub))
    world.run(20.0)
    for each in crowd:
        each.enter(swarm)
    world.run(135.0)
    heard = {one.serial for each in crowd for one in each.offers}
    served = [any(set(one.offers) <= heard for one in each.announced) for each in crowd]
    assert all(served)
