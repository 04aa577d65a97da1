"""Hubs of the npm package: which dials they may answer, and whom that keeps us from dialling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.actions import ClosePeer, Dial, Tell
from peerpigeon.core.interface.notices import BootstrapConnected, BootstrapDisconnected
from tests.core.mesh.meshes import HUBS, Bench, notices, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import Action

URI, OTHER = "ws://1", "ws://2"
SESSION = SessionId(7)
HUB = HUBS[1]


def dialling(*uris: str, **options: Any) -> tuple[Bench, int]:
    """Return a bench that dials its bootstrap addresses, and the first of these dials."""
    bench = Bench(bootstrap_hubs=uris, **options)
    return bench, of_kind(Dial, bench.tick(0.0))[0].opening


def dialled(actions: list[Action]) -> list[str]:
    return [dial.uri for dial in of_kind(Dial, actions)]


def test_a_bootstrap_hub_that_speaks_text_is_welcome() -> None:
    bench, opening = dialling(URI)
    assert bench.mesh.reference_hub_opened(SESSION, opening, 0.1) == URI
    assert bench.take_actions() == [Tell(BootstrapConnected(URI))]


def test_a_bootstrap_hub_that_speaks_text_is_closed_where_none_is_wanted() -> None:
    bench, opening = dialling(URI, reference_hubs="no")
    assert bench.mesh.reference_hub_opened(SESSION, opening, 0.1) is None
    assert bench.take_actions() == [
        ClosePeer(SESSION, 1008, "hubs of this kind are not let in"),
        Tell(BootstrapDisconnected(URI, 1006, "a hub of the npm package")),
    ]


def test_an_answer_to_a_dial_that_was_given_up_comes_too_late() -> None:
    bench, opening = dialling(URI)
    bench.pass_time(0.0, 5.5)
    assert bench.mesh.reference_hub_opened(SESSION, opening, 5.5) is None
    assert bench.take_actions() == [ClosePeer(SESSION, 1008, "too late")]


def test_an_address_is_not_dialled_while_a_socket_from_it_is_open() -> None:
    bench, opening = dialling(URI)
    bench.mesh.reference_hub_opened(SESSION, opening, 0.1)
    assert bench.dial(URI, 0.2) == [Tell(BootstrapConnected(URI))]
    bench.mesh.reference_hub_lost(SESSION, None, 1006, "gone", 0.3)
    assert notices(bench.take_actions()) == [BootstrapDisconnected(URI, 1006, "gone")]
    assert dialled(bench.dial(URI, 0.4)) == [URI]


def test_after_the_end_of_its_socket_its_address_is_dialled_again_within_six_seconds() -> None:
    bench, opening = dialling(URI)
    bench.mesh.reference_hub_opened(SESSION, opening, 0.1)
    assert dialled(bench.pass_time(0.1, 20.0)) == []
    bench.mesh.reference_hub_lost(SESSION, None, 1006, "gone", 20.0)
    assert dialled(bench.pass_time(20.0, 26.0)) == [URI]


def test_a_hub_that_has_dialled_us_is_not_dialled_as_well() -> None:
    bench, opening = dialling(URI, OTHER)
    bench.mesh.reference_hub_opened(SESSION, opening, 0.1)
    bench.mesh.reference_hub_named(SESSION, HUB)
    bench.mesh.reference_hub_lost(SESSION, None, 1006, "gone", 0.2)
    bench.mesh.reference_hub_linked(HUB)
    assert set(dialled(bench.pass_time(0.3, 30.0))) == {OTHER}
    bench.mesh.reference_hub_lost(SessionId(8), HUB, 1006, "gone", 30.0)
    assert URI in dialled(bench.pass_time(30.0, 60.0))


def test_a_hub_of_ours_that_was_reported_is_dialled_until_it_is_reported_gone() -> None:
    bench = Bench()
    bench.mesh.hub_reported(HUB, (OTHER,), 0.0)
    assert dialled(bench.tick(0.1)) == [OTHER]
    bench.mesh.hub_reported(HUB, (), 0.2)
    assert dialled(bench.pass_time(0.2, 60.0)) == []
