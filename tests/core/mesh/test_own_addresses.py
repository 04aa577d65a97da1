"""Where a hub says that it can be dialled: what is set, what others have dialled, what it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.config.addresses import public_form
from peerpigeon.core.interface.actions import Dial
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.own_addresses import OwnAddresses
from peerpigeon.core.wire.hub_frames import Adverts, Hello
from tests.core.mesh.meshes import HUBS, SOCKET, Bench, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

OWN = ("ws://10.0.0.1:3000",)
NAME, PROXY, LIE = "ws://one.example:3000", "wss://hub.example/one", "ws://203.0.113.9:1"


def addresses(*own: str, heard: int = 64, **options: Any) -> OwnAddresses:
    config = ServerConfig(is_hub=True, host="0.0.0.0", open_mesh=True, **options)
    return OwnAddresses(replace(config, own_addresses=own), MeshLimits(addresses_heard=heard))


def test_what_the_operator_has_set_is_all() -> None:
    made = addresses(*OWN, advertise=(PROXY,))
    made.told(HUBS[1], NAME)
    assert made.latest == (PROXY,)


def test_what_others_have_dialled_goes_before_the_addresses_of_this_machine() -> None:
    made = addresses(*OWN)
    assert list(made.latest) == list(OWN)
    made.told(HUBS[1], NAME)
    assert made.latest == (NAME, *OWN)


def test_an_own_address_that_was_dialled_is_not_told_twice() -> None:
    made = addresses(*OWN)
    made.told(HUBS[1], "ws://10.0.0.1:3000/")
    assert list(made.latest) == list(OWN)


def test_what_most_say_goes_first_and_two_are_enough() -> None:
    made = addresses(*OWN)
    made.told(HUBS[1], LIE)
    made.told(HUBS[2], PROXY)
    made.told(HUBS[3], NAME)
    assert made.latest == (LIE, PROXY, *OWN)
    made.told(HUBS[4], NAME)
    assert made.latest == (NAME, LIE, *OWN)
    made.told(HUBS[5], PROXY)
    assert made.latest == (PROXY, NAME, *OWN)


def test_a_hub_has_one_say_and_its_latest_counts() -> None:
    made = addresses(*OWN)
    for lie in range(9):
        made.told(HUBS[1], f"ws://203.0.113.{lie}:1")
    assert made.latest == ("ws://203.0.113.8:1", *OWN)
    made.told(HUBS[1], NAME)
    assert made.latest == (NAME, *OWN)


def test_no_more_hubs_are_remembered_than_the_limit() -> None:
    made = addresses(heard=2)
    made.told(HUBS[1], LIE)
    made.told(HUBS[2], PROXY)
    made.told(HUBS[3], NAME)
    assert list(made.latest) == [PROXY, NAME]
    made.told(HUBS[2], NAME)
    assert list(made.latest) == [NAME]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://one.example",
        "ws://one.example:0",
        "ws://one.example:65536",
        "ws://user@one.example",
        "ws://one.example/?key=secret",
        "ws://[fe80::1%eth0]:3000",
        "ws://0.0.0.0:3000",
        "ws://[::]:3000",
        "ws://127.0.0.1:3000",
        "ws://[::1]:3000",
        "ws://[::ffff:127.0.0.1]:3000",
        "ws://LocalHost:3000",
        "ws://one.localhost:3000",
        "ws://" + "a" * 252,
    ],
)
def test_what_does_not_lead_here_from_every_machine_is_not_taken(uri: str) -> None:
    made = addresses()
    made.told(HUBS[1], uri)
    assert made.latest == ()


@pytest.mark.parametrize(
    ("uri", "form"),
    [
        ("ws://One.Example", "ws://one.example"),
        ("ws://one.example:3000/", "ws://one.example:3000"),
        ("wss://HUB.example/One", "wss://hub.example/One"),
        ("ws://[FD00::1]:3000", "ws://[fd00::1]:3000"),
        ("ws://10.0.0.1:1", "ws://10.0.0.1:1"),
    ],
)
def test_an_address_has_one_form(uri: str, form: str) -> None:
    assert public_form(uri) == form == public_form(form)


# In the mesh


def told_to(bench: Bench, hub: PeerId, now: float) -> tuple[str, ...]:
    """Return the addresses that a hub hears which comes to be linked now."""
    link = bench.open(SOCKET, 0, now)
    actions = bench.hello(link, hub, now)
    [adverts] = of_kind(Adverts, frames(actions, link))
    return adverts.adverts[0].addresses


def test_who_has_dialled_tells_by_which_address_and_all_hear_of_it() -> None:
    bench = Bench(host="0.0.0.0", open_mesh=True)
    first = bench.open(SOCKET, 0, 1.0)
    heard = of_kind(Adverts, frames(bench.hello(first, HUBS[1], 1.0, dialled=NAME), first))
    assert [advert.addresses for each in heard for advert in each.adverts] == [(NAME,)]
    assert told_to(bench, HUBS[2], 3.0) == (NAME,)


def test_who_is_not_let_in_has_no_say() -> None:
    bench = Bench(host="0.0.0.0", hub_secret="s" * 32)
    link = bench.open(SOCKET, 0, 1.0)
    bench.hello(link, HUBS[1], 1.0, dialled=LIE, nonce=bytes(16))
    bench.pass_time(1.0, 3.0)
    assert bench.mesh.advert.addresses == ()


@pytest.mark.parametrize(
    ("uri", "told"),
    [(NAME, NAME), ("ws://localhost:3000", ""), ("ws://one.example/?key=secret", "")],
)
def test_the_hello_of_a_hub_that_has_dialled_says_which_address(uri: str, told: str) -> None:
    bench = Bench()
    [dial] = of_kind(Dial, bench.dial(uri, 0.0))
    bench.open(SOCKET, dial.opening, 0.5)
    assert [hello.dialled for hello in of_kind(Hello, frames(bench.opened))] == [told]


def test_the_hello_of_a_hub_that_was_dialled_says_none() -> None:
    bench = Bench()
    bench.open(SOCKET, 0, 0.5)
    assert [hello.dialled for hello in of_kind(Hello, frames(bench.opened))] == [""]
