"""A mesh with a secret: who does not know it is no hub of it, whatever it has overheard."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.interface.actions import CloseLink, SendToLink, Warn
from peerpigeon.core.mesh.authentication import NONCE_SIZE, Authenticator
from peerpigeon.core.wire.hub_frames import Heartbeat, Hello, Proof
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, Meshes, closings, of_kind

SECRET = "a secret of some length"
NONCE = b"n" * NONCE_SIZE
OTHER = "another secret of length"
THIRD = "a third secret of length"


def greeting(bench: Bench) -> Hello:
    """Return what the hub has said first on the link just opened."""
    (sent,) = of_kind(SendToLink, bench.opened)
    assert isinstance(sent.frame, Hello)
    return sent.frame


def proof_for(bench: Bench, secret: str = SECRET, nonce: bytes = NONCE) -> Proof:
    """Return what the other end has to say to be let in, if that is the secret."""
    credentials = Authenticator(HUBS[1], (secret,), Random(1))
    return credentials.prove(OWN, nonce, greeting(bench).nonce)


def test_who_knows_the_secret_is_let_in_and_gets_our_proof() -> None:
    bench = Bench(hub_secret=SECRET)
    link = bench.open(SOCKET)
    (answer,) = bench.hello(link, HUBS[1], nonce=NONCE)
    assert isinstance(answer, SendToLink)
    assert isinstance(answer.frame, Proof)
    theirs = Authenticator(HUBS[1], (SECRET,), Random(1))
    assert theirs.objection(greeting(bench), NONCE, answer.frame) == ""
    assert answer.frame.others == ()
    assert bench.mesh.snapshot().websocket_links == 0
    assert closings(bench.receive(link, proof_for(bench))) == {}
    assert bench.mesh.snapshot().websocket_links == 1


def test_every_link_asks_for_another_proof() -> None:
    bench = Bench(hub_secret=SECRET)
    bench.open()
    first = greeting(bench).nonce
    bench.open()
    assert len(first) == NONCE_SIZE
    assert greeting(bench).nonce != first


def test_who_does_not_know_the_secret_is_told_so() -> None:
    bench = Bench(hub_secret=SECRET)
    link = bench.open()
    bench.hello(link, HUBS[1], nonce=NONCE)
    reason = "the two hubs have different hub_secrets"
    actions = bench.receive(link, proof_for(bench, OTHER))
    told, closing = actions
    assert closing == CloseLink(link, 1008, reason)
    assert isinstance(told, Warn)
    assert (told.peer, told.reason) == (HUBS[1], reason)
    assert "OLD_HUB_SECRET" in told.text


def test_what_was_overheard_on_one_link_is_of_no_use_on_the_next() -> None:
    bench = Bench(hub_secret=SECRET)
    bench.hello(bench.open(), HUBS[1], nonce=NONCE)
    overheard = proof_for(bench)
    link = bench.open()
    bench.hello(link, HUBS[1], nonce=NONCE)
    assert closings(bench.receive(link, overheard))[link][0] == 1008


def test_our_own_proof_is_of_no_use_to_the_one_it_was_for() -> None:
    bench = Bench(hub_secret=SECRET)
    link = bench.open()
    (answer,) = bench.hello(link, HUBS[1], nonce=greeting(bench).nonce)
    assert isinstance(answer, SendToLink)
    assert isinstance(answer.frame, Proof)
    assert closings(bench.receive(link, answer.frame))[link][0] == 1008


@pytest.mark.parametrize(
    ("ours", "nonce"), [("", NONCE), (SECRET, b""), (SECRET, b"short"), (SECRET, NONCE + b"x")]
)
def test_a_mesh_with_a_secret_and_one_without_do_not_join(ours: str, nonce: bytes) -> None:
    bench = Bench(hub_secret=ours)
    link = bench.open()
    reason = "only one of the two hubs has a hub_secret"
    assert closings(bench.hello(link, HUBS[1], nonce=nonce)) == {link: (1008, reason)}


@pytest.mark.parametrize("frame", [Heartbeat(1), Proof(b""), Hello(HUBS[1], 1, "", 1, 0)])
def test_nothing_goes_before_the_proof(frame: Heartbeat | Proof | Hello) -> None:
    bench = Bench(hub_secret=SECRET)
    link = bench.open()
    if isinstance(frame, Heartbeat | Hello):
        bench.hello(link, HUBS[1], nonce=NONCE)
    assert closings(bench.receive(link, frame))[link][0] == 1008


def test_a_proof_ends_a_link_that_needs_none() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    reason = "a link begins with one hello"
    assert closings(bench.receive(link, Proof(b"x"))) == {link: (1008, reason)}


def test_a_second_proof_ends_the_link_as_a_second_hello_does() -> None:
    bench = Bench(hub_secret=SECRET)
    link = bench.open()
    bench.hello(link, HUBS[1], nonce=NONCE)
    proof = proof_for(bench)
    bench.receive(link, proof)
    actions = bench.receive(link, proof)
    assert closings(actions) == {link: (1008, "a link begins with one hello")}
    assert of_kind(SendToLink, actions) == []
    assert bench.mesh.snapshot().p2p_links == 0


def test_hubs_that_share_a_secret_form_a_mesh() -> None:
    meshes = Meshes(*HUBS[:3], hub_secret=SECRET)
    meshes.dial(HUBS[1], HUBS[0])
    meshes.dial(HUBS[2], HUBS[0])
    meshes.run(10.0)
    assert [mesh.snapshot().p2p_links for mesh in meshes.meshes.values()] == [2, 2, 2]


# Two secrets, while they change


@pytest.mark.parametrize(
    ("ours", "theirs", "link_up"),
    [
        ((SECRET, OTHER), (SECRET,), True),
        ((OTHER, SECRET), (SECRET,), True),
        ((SECRET,), (OTHER, SECRET), True),
        ((SECRET, OTHER), (OTHER, SECRET), True),
        ((SECRET, OTHER), (THIRD, OTHER), True),
        ((SECRET, OTHER), (THIRD,), False),
    ],
)
def test_hubs_link_up_that_have_one_of_two_secrets_in_common(
    ours: tuple[str, ...], theirs: tuple[str, ...], *, link_up: bool
) -> None:
    bench = Bench(hub_secret=ours[0], old_hub_secret=ours[-1] if len(ours) > 1 else "")
    link = bench.open()
    (answer,) = bench.hello(link, HUBS[1], nonce=NONCE)
    assert isinstance(answer, SendToLink)
    assert isinstance(answer.frame, Proof)
    other = Authenticator(HUBS[1], theirs, Random(1))
    assert 1 + len(answer.frame.others) == len(ours)
    assert (not other.objection(greeting(bench), NONCE, answer.frame)) == link_up
    bench.receive(link, other.prove(OWN, NONCE, greeting(bench).nonce))
    assert bool(bench.mesh.snapshot().p2p_links) == link_up


def test_no_proof_by_either_secret_is_good_for_the_other_direction() -> None:
    bench = Bench(hub_secret=SECRET, old_hub_secret=OTHER)
    link = bench.open()
    (answer,) = bench.hello(link, HUBS[1], nonce=greeting(bench).nonce)
    assert isinstance(answer, SendToLink)
    assert closings(bench.receive(link, answer.frame))[link][0] == 1008


def test_one_secret_given_twice_is_one() -> None:
    assert ServerConfig(hub_secret=SECRET, old_hub_secret=SECRET).hub_secrets == (SECRET,)
    assert ServerConfig().hub_secrets == ()


def test_an_old_secret_alone_is_refused_and_so_is_one_that_can_be_guessed() -> None:
    with pytest.raises(ConfigError, match="give the new one as hub_secret"):
        ServerConfig(old_hub_secret=SECRET)
    with pytest.raises(ConfigError, match="old_hub_secret has 9 characters; use 16"):
        ServerConfig(hub_secret=SECRET, old_hub_secret="short one")
    assert OTHER not in repr(ServerConfig(hub_secret=SECRET, old_hub_secret=OTHER))


def test_a_hub_that_others_can_reach_needs_a_secret_or_the_wish_for_none() -> None:
    with pytest.raises(ConfigError, match="HUB_SECRET"):
        ServerConfig(is_hub=True, host="0.0.0.0")
    ways: list[dict[str, Any]] = [
        {"host": "0.0.0.0", "hub_secret": SECRET},
        {"host": "0.0.0.0", "open_mesh": True},
        {"host": "127.0.0.1"},
    ]
    for options in ways:
        assert ServerConfig(is_hub=True, **options).is_hub
    ServerConfig(is_hub=False, host="0.0.0.0")


def test_a_secret_that_can_be_guessed_is_refused_and_none_is_shown() -> None:
    with pytest.raises(ConfigError, match="openssl rand") as refusal:
        ServerConfig(hub_secret="short one")
    assert "short one" not in str(refusal.value)
    assert SECRET not in repr(ServerConfig(hub_secret=SECRET))
