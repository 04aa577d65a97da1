"""Which addresses are dialled, and what people hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.actions import Dial, DropChannel
from peerpigeon.core.interface.events import OpeningFailed
from peerpigeon.core.interface.notices import BootstrapConnected, BootstrapDisconnected
from peerpigeon.core.wire.hub_frames import Adverts
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, advert, closings, notices, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.interface.actions import Action


def test_people_hear_how_bootstrap_goes() -> None:
    uri = "ws://1"
    bench = Bench(bootstrap_hubs=(uri,))
    (dial,) = of_kind(Dial, bench.tick(0.0))
    assert dial.uri == uri
    said = bench.handle(OpeningFailed(dial.opening, "refused"), 0.1)
    assert notices(said) == [BootstrapDisconnected(uri, 1006, "refused")]
    again = of_kind(Dial, bench.pass_time(0.1, 7.0))[0]
    link = bench.open(SOCKET, again.opening, now=7.0)
    assert notices(bench.opened) == [BootstrapConnected(uri)]
    bench.hello(link, HUBS[1], now=7.1)
    said = bench.lose(link, now=7.2)
    assert notices(said) == [BootstrapDisconnected(uri, 1006, "broken")]
    assert [dial.uri for dial in of_kind(Dial, bench.tick(7.2))] == [uri]


def test_a_dial_that_takes_too_long_is_given_up() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",), reconnect_interval=60.0)
    said = bench.pass_time(0.0, 5.0)
    assert notices(said) == [BootstrapDisconnected("ws://1", 1006, "no answer")]
    assert of_kind(DropChannel, said) == []


def test_an_address_is_not_dialled_while_it_is_dialled_or_linked() -> None:
    bench = Bench()
    (dial,) = of_kind(Dial, bench.dial("ws://1", 0.0))
    assert bench.dial("ws://1", 0.1) == []
    bench.open(SOCKET, dial.opening, now=0.2)
    assert notices(bench.opened) == []
    assert bench.dial("ws://1", 0.3) == []


def test_without_auto_connect_no_bootstrap_address_is_dialled() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",), auto_connect=False)
    assert of_kind(Dial, bench.pass_time(0.0, 20.0)) == []


def test_a_hub_that_has_lost_all_links_tries_those_it_knew() -> None:
    bench = Bench()
    link = bench.link(HUBS[1], SOCKET)
    bench.lose(link, 0.1)
    assert "ws://1" in [dial.uri for dial in of_kind(Dial, bench.tick(0.1))]


def test_an_address_can_be_dialled_again_when_its_link_has_ended() -> None:
    bench = Bench()
    (dial,) = of_kind(Dial, bench.dial("ws://1", 0.0))
    link = bench.open(SOCKET, dial.opening, now=0.1)
    assert bench.dial("ws://1", 0.2) == []
    bench.lose(link, 0.3)
    assert len(of_kind(Dial, bench.dial("ws://1", 0.4))) == 1


def test_a_hub_behind_an_address_that_turns_out_to_be_this_one_is_not_dialled_again() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",))
    (dial,) = of_kind(Dial, bench.tick(0.0))
    link = bench.open(SOCKET, dial.opening, now=0.1)
    assert closings(bench.hello(link, OWN, 0.2, life=bench.mesh.advert.life)) == {
        link: (1008, "this hub itself")
    }
    assert of_kind(Dial, bench.pass_time(0.2, 60.0)) == []


def test_a_hub_that_turns_out_to_have_our_id_is_dialled_again_for_it_may_get_another() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",))
    (dial,) = of_kind(Dial, bench.tick(0.0))
    link = bench.open(SOCKET, dial.opening, now=0.1)
    assert closings(bench.hello(link, OWN, 0.2, life=7)) == {
        link: (1008, "another hub has this id")
    }
    bench.lose(link, 0.3)
    assert [again.uri for again in of_kind(Dial, bench.pass_time(0.3, 12.0))] == ["ws://1"]


# What other hubs tell

EVIL = (
    "ws://127.0.0.1:6379",
    "ws://169.254.169.254/latest/meta-data",
    "ws://10.0.0.1:80",
    "ws://192.0.2.1/admin?delete=all",
    "http://192.0.2.1",
)
PUBLIC: dict[str, Any] = {
    "host": "0.0.0.0",
    "hub_secret": "",
    "open_mesh": True,
    "bootstrap_hubs": ("ws://10.0.0.9:3000",),
    "dial_private": "no",
    "reference_hubs": "yes",
}


def dialled(actions: list[Action]) -> set[tuple[str, bool]]:
    return {(dial.uri, dial.is_told) for dial in of_kind(Dial, actions)}


def test_no_address_of_a_liars_choice_is_dialled_for_a_hub_that_is_wanted_or_missing() -> None:
    bench = Bench(**PUBLIC)
    link = bench.link(HUBS[1], SOCKET, others=(HUBS[4],))
    lie = advert(HUBS[4], HUBS[1], addresses=(*EVIL, "ws://192.0.2.4:3000"))
    bench.receive(link, Adverts((lie,)))
    said = bench.pass_time(0.0, 60.0, link)
    bench.lose(link, 60.1)
    said += bench.pass_time(60.1, 120.0)
    assert dialled(said) == {
        ("ws://10.0.0.9:3000", False),
        ("ws://192.0.2.4:3000", True),
        ("ws://1", True),
    }


def test_no_address_is_dialled_that_a_hub_of_the_package_has_made_up() -> None:
    bench = Bench(**PUBLIC)
    bench.mesh.hub_reported(HUBS[4], (*EVIL, "ws://192.0.2.4:3000"), 0.0)
    assert dialled(bench.pass_time(0.0, 60.0)) == {
        ("ws://10.0.0.9:3000", False),
        ("ws://192.0.2.4:3000", True),
    }


def test_what_the_operator_asks_for_is_dialled_wherever_it_leads() -> None:
    bench = Bench(**PUBLIC)
    assert dialled(bench.dial("ws://127.0.0.1:3000/path?query", 0.0)) == {
        ("ws://127.0.0.1:3000/path?query", False)
    }
