"""Hubs that are known by their keys: who has not the key of its id says nothing that counts."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Raw, msgpack
from msgspec.structs import replace

from peerpigeon.core import Hub
from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.identity import KEY_SIZE, id_of
from peerpigeon.core.interface.actions import SendToLink, Warn
from peerpigeon.core.mesh.authentication import NONCE_SIZE, Authenticator
from peerpigeon.core.mesh.identities import Identities
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.membership import Membership
from peerpigeon.core.wire.hub_frames import (
    Ack,
    Advert,
    Adverts,
    Bye,
    Decline,
    Heartbeat,
    Hello,
    Proof,
    Routed,
    Sealed,
)
from peerpigeon.sim.identity import Notary, SimulatedIdentity
from tests.core.mesh.meshes import Bench, advert, closings, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.interface.actions import Action

NONCE = b"n" * NONCE_SIZE
SECRET = "a secret of some length"
NOTARY = Notary()
OURS, NEAR, FAR, ELSE = (NOTARY.identity(Random(number)) for number in range(4))
STEP = Decline(1, "no place")


def identities(of: SimulatedIdentity, *members: PeerId, most: int = 9) -> Identities:
    return Identities(of, members, most)


def id_by(keys: SimulatedIdentity) -> PeerId:
    return id_of(keys.key)


def said_by(keys: SimulatedIdentity, *linked: SimulatedIdentity, **changes: Any) -> Advert:
    """Return an advert by a hub, signed by it."""
    others = (id_by(other) for other in linked)
    return identities(keys).sign(advert(id_by(keys), *others, **changes))


def bench_of(keys: SimulatedIdentity = OURS, **options: Any) -> Bench:
    return Bench(identity=keys, hub_identity="its own", **options)


def greeting(bench: Bench) -> Hello:
    (sent,) = of_kind(SendToLink, bench.opened)
    assert isinstance(sent.frame, Hello)
    return sent.frame


def prove(
    bench: Bench,
    link: LinkId,
    keys: SimulatedIdentity,
    secret: str = "",
    now: float = 0.0,
    **changes: Any,
) -> list[Action]:
    """Say hello and what proves it over the link opened last, with changes to the proof."""
    hub = id_by(keys)
    hello = greeting(bench)
    said = bench.hello(link, hub, now, nonce=NONCE, key=keys.key)
    secrets = (secret,) if secret else ()
    proof = Authenticator(hub, secrets, Random(1), identities(keys)).prove(
        hello.hub, NONCE, hello.nonce
    )
    return said + bench.receive(link, replace(proof, **changes), now)


def let_in(bench: Bench, keys: SimulatedIdentity, *linked: SimulatedIdentity) -> LinkId:
    """Link a hub that proves itself and says of what it is linked to."""
    link = bench.open()
    prove(bench, link, keys)
    bench.receive(link, Adverts((said_by(keys, OURS, *linked),)))
    return link


# Links


def test_a_hub_is_let_in_that_proves_the_key_of_its_id_and_gets_our_proof() -> None:
    bench = bench_of()
    link = bench.open()
    hello = greeting(bench)
    assert hello.hub == id_by(OURS)
    assert hello.key == OURS.key
    said = prove(bench, link, NEAR)
    assert closings(said) == {}
    (ours,) = of_kind(Proof, frames(said))
    theirs = Authenticator(id_by(NEAR), (), Random(1), identities(NEAR))
    assert theirs.objection(hello, NONCE, ours) == ""
    assert bench.mesh.snapshot().p2p_links == 1


def test_every_hub_of_a_mesh_with_identities_needs_one() -> None:
    reason = "only one of the two hubs has a hub_identity"
    bench = bench_of()
    link = bench.open()
    assert closings(bench.hello(link, id_by(NEAR), nonce=NONCE)) == {link: (1008, reason)}
    plain = Bench(hub_secret=SECRET)
    link = plain.open()
    said = plain.hello(link, id_by(NEAR), nonce=NONCE, key=NEAR.key)
    assert closings(said) == {link: (1008, reason)}


@pytest.mark.parametrize("signature", [b"", b"x" * 64])
def test_a_wrong_signature_ends_the_link(signature: bytes) -> None:
    bench = bench_of()
    link = bench.open()
    said = prove(bench, link, NEAR, signature=signature)
    assert closings(said) == {link: (1008, "the hub has not the key of its id")}


@pytest.mark.parametrize("key", [FAR.key, NEAR.key[:-1], NEAR.key[:-1] + b"x"])
def test_a_key_that_does_not_give_the_id_ends_the_link(key: bytes) -> None:
    bench = bench_of()
    link = bench.open()
    hello = greeting(bench)
    bench.hello(link, id_by(NEAR), nonce=NONCE, key=key)
    for signer in (FAR, NEAR):
        authenticator = Authenticator(id_by(NEAR), (), Random(1), identities(signer))
        proof = authenticator.prove(hello.hub, NONCE, hello.nonce)
        said = bench.receive(link, proof)
        if signer is FAR:
            assert closings(said) == {link: (1008, "the hub has not the key of its id")}
        else:
            assert said == []


def test_what_was_signed_for_one_link_is_of_no_use_on_another_nor_to_whom_it_was_for() -> None:
    bench = bench_of()
    link = bench.open()
    hub, hello = id_by(NEAR), greeting(bench)
    near = Authenticator(hub, (), Random(1), identities(NEAR))
    overheard = near.prove(hello.hub, NONCE, hello.nonce)
    link = bench.open()
    bench.hello(link, hub, nonce=NONCE, key=NEAR.key)
    assert closings(bench.receive(link, overheard))[link][0] == 1008
    link = bench.open()
    (ours,) = of_kind(Proof, frames(bench.hello(link, hub, nonce=NONCE, key=NEAR.key)))
    assert closings(bench.receive(link, ours))[link][0] == 1008


def test_the_secret_is_asked_for_as_well_if_there_is_one() -> None:
    reason = "the two hubs have different hub_secrets"
    for ours, theirs, is_right in (
        (SECRET, SECRET, True),
        (SECRET, "", False),
        ("", SECRET, False),
    ):
        bench = bench_of(hub_secret=ours)
        link = bench.open()
        ended = {} if is_right else {link: (1008, reason)}
        assert closings(prove(bench, link, NEAR, theirs)) == ended


def test_a_hub_that_is_not_on_the_list_is_told_so_and_so_is_the_operator() -> None:
    bench = bench_of(hub_members=(id_by(FAR).upper(),))
    link = bench.open()
    said = prove(bench, link, NEAR)
    assert closings(said) == {link: (1008, "its hub_members do not name this hub")}
    [warn] = [action for action in said if isinstance(action, Warn)]
    assert warn.peer == id_by(NEAR)
    assert "hub_members (HUB_MEMBERS) does not name it" in warn.text
    link = bench.open()
    assert closings(prove(bench, link, FAR)) == {}


# Adverts


def test_our_adverts_are_signed_whatever_becomes_of_them() -> None:
    ours = identities(OURS)
    own = Membership(advert(id_by(OURS)), Random(1), MeshLimits(), 0.0, ours.sign)
    published = [own.own]
    own.publish((), (5, id_by(NEAR)), 1.0, is_draining=False)
    published.append(own.own)
    own.rise_above(5000)
    published.append(own.own)
    own.outdo(77, 2.0)
    published.append(own.own)
    assert len(set(published)) == 4
    assert len({each.mark for each in published}) == 4
    assert all(map(identities(NEAR).is_genuine, published))
    assert [own.advert(id_by(OURS)), own.key(id_by(OURS)), own.key(id_by(NEAR))] == [
        own.own,
        OURS.key,
        b"",
    ]


MADE_UP: list[dict[str, Any]] = [
    {"signature": b""},
    {"signature": b"s" * 64},
    {"key": b""},
    {"key": NEAR.key},
    {"sequence": 9},
    {"incarnation": 2000},
    {"life": 7},
    {"mark": 3},
    {"addresses": ("ws://elsewhere",)},
    {"links": ()},
    {"bar": (5, id_by(NEAR))},
    {"is_draining": True},
]


@pytest.mark.parametrize("changes", MADE_UP, ids=range(len(MADE_UP)))
def test_an_advert_that_is_not_by_its_hub_is_dropped_and_the_bystander_stays(
    changes: dict[str, Any],
) -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    made_up = replace(said_by(FAR, NEAR), **changes)
    also = said_by(ELSE, NEAR)
    said = bench.receive(link, Adverts((made_up, also)), 1.0)
    assert closings(said) == {}
    assert bench.advert_of(id_by(FAR)) is None
    assert bench.advert_of(id_by(ELSE)) == also
    assert bench.mesh.snapshot().forged == 1
    passed = [each for news in of_kind(Adverts, frames(bench.tick(1.2))) for each in news.adverts]
    assert made_up not in passed


def test_an_advert_is_passed_on_as_it_was_signed() -> None:
    bench = bench_of()
    near, other = let_in(bench, NEAR, FAR), let_in(bench, ELSE)
    bench.pass_time(0.0, 0.9, near, other)
    signed = said_by(FAR, NEAR)
    bench.receive(near, Adverts((signed,)), 1.0)
    (news,) = of_kind(Adverts, frames(bench.tick(1.1), other))
    assert signed in news.adverts
    assert bench.mesh.snapshot().forged == 0


def test_an_advert_that_was_changed_in_transit_does_not_replace_the_true_one() -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    first, second = said_by(FAR, NEAR), said_by(FAR, NEAR, sequence=2)
    bench.receive(link, Adverts((second,)), 1.0)
    for wrong in (replace(second, sequence=3), replace(first, mark=9), first):
        bench.receive(link, Adverts((wrong,)), 1.1)
        assert bench.advert_of(id_by(FAR)) == second
    assert bench.mesh.snapshot().forged == 2, "one that is older is by its hub all the same"


def test_an_advert_is_looked_at_once() -> None:
    class Counting(SimulatedIdentity):
        looks = 0

        def verify(self, key: bytes, signature: bytes, said: bytes) -> bool:
            Counting.looks += 1
            return super().verify(key, signature, said)

    bench = bench_of(Counting(NOTARY, OURS.key, OURS._secret))
    link = let_in(bench, NEAR, FAR)
    Counting.looks = 0
    for _ in range(5):
        bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    assert Counting.looks == 1


def test_nobody_says_anything_in_our_name_but_an_earlier_life_of_ours() -> None:
    bench = bench_of()
    link = let_in(bench, NEAR)
    own = bench.mesh.advert
    for made_up in (replace(own, incarnation=9000, life=7), replace(own, sequence=99)):
        bench.receive(link, Adverts((made_up,)), 1.0)
        assert bench.mesh.advert == own
    bench.receive(link, Adverts((said_by(OURS, incarnation=9000, life=7),)), 1.0)
    assert bench.mesh.advert.incarnation > 9000
    assert identities(NEAR).is_genuine(bench.mesh.advert)


def test_hubs_that_are_not_on_the_list_are_nobody_however_they_sign() -> None:
    bench = bench_of(hub_members=(id_by(NEAR),))
    link = let_in(bench, NEAR, FAR)
    bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    assert bench.advert_of(id_by(FAR)) is None
    assert bench.mesh.snapshot().forged == 0, "lists may differ for a while"


def test_who_says_many_adverts_that_others_have_not_signed_is_cut_off_and_nobody_else() -> None:
    bench = bench_of()
    link, other = let_in(bench, NEAR, FAR), let_in(bench, ELSE)
    true = said_by(FAR, NEAR)
    wrong = [replace(true, sequence=number) for number in range(2, 40)]
    assert closings(bench.receive(link, Adverts((*wrong[:16], true)), 1.0)) == {}
    assert bench.advert_of(id_by(FAR)) == true
    said = bench.receive(link, Adverts(tuple(wrong)), 1.1)
    assert closings(said) == {link: (1008, "adverts that others did not sign")}
    assert bench.mesh.snapshot().forged == 16 + 17, "of the rest none is looked at"
    assert bench.mesh.snapshot().p2p_links == 1
    assert closings(bench.receive(other, Adverts((true,)), 1.2)) == {}


def test_of_many_neighbours_that_lie_the_last_are_remembered() -> None:
    bench = bench_of(limits=MeshLimits(open_links=2))
    liars = [NOTARY.identity(Random(number)) for number in range(10, 13)]
    wrong = tuple(replace(said_by(FAR, NEAR), sequence=number) for number in range(2, 12))
    cut = []
    for liar in (*liars, liars[2], liars[0]):
        link = let_in(bench, liar)
        cut.append(closings(bench.receive(link, Adverts(wrong), 1.0)) != {})
        bench.lose(link, 1.1)
    assert cut == [False, False, False, True, False]


def test_what_a_closing_link_still_says_of_others_is_counted_and_no_more() -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    bench.receive(link, Bye("not wanted"), 1.0)
    wrong = replace(said_by(FAR, NEAR), sequence=2)
    assert closings(bench.receive(link, Adverts((wrong,)), 1.1)) == {}
    assert bench.mesh.snapshot().forged == 1


# Routed frames


def tagged(
    source: SimulatedIdentity, body: Any = STEP, lives: tuple[int, int] = (1000, 1000)
) -> Routed:
    """Return a frame for us as its source sends it."""
    tag = identities(source).tag(id_by(OURS), OURS.key, lives, body)
    return Routed(id_by(source), lives[0], id_by(OURS), lives[1], 9, body, tag)


def arrived(bench: Bench, link: LinkId, frame: Routed | Sealed, now: float = 1.0) -> bool:
    """Tell whether a frame counts, which then leads to a change of the hub."""
    bench.take_changes()
    assert closings(bench.receive(link, frame, now)) == {}
    return bool(bench.take_changes())


def test_a_frame_counts_that_is_by_its_source() -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    assert arrived(bench, link, tagged(FAR, Ack(5, 6)))
    assert arrived(bench, link, tagged(FAR, Ack(5, 7)))
    assert bench.mesh.snapshot().forged == 0


def forgeries() -> list[Routed]:
    """Return what the hub in the middle may make of a frame that it passes on, or by itself."""
    true = tagged(FAR, Ack(5, 6))
    by_itself = identities(NEAR).tag(id_by(OURS), OURS.key, (1000, 1000), true.body)
    to_near = identities(FAR).tag(id_by(NEAR), NEAR.key, (1000, 1000), true.body)
    reflected = identities(OURS).tag(id_by(FAR), FAR.key, (1000, 1000), true.body)
    return [
        replace(true, tag=b""),
        replace(true, tag=by_itself),
        replace(true, tag=to_near),
        replace(true, tag=reflected),
        replace(true, tag=true.tag[:-1]),
        replace(true, body=Ack(5, 7)),
        replace(true, source=id_by(NEAR)),
        replace(tagged(FAR, Ack(5, 6), (1000, 999)), destination_incarnation=1000),
    ]


@pytest.mark.parametrize("frame", forgeries(), ids=range(len(forgeries())))
def test_a_hub_in_the_middle_forges_no_source(frame: Routed) -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    assert not arrived(bench, link, frame)
    assert bench.mesh.snapshot().forged == 1


@pytest.mark.parametrize("lives", [(999, 1000), (1001, 1000), (1000, 0), (1000, 999)])
def test_what_was_said_in_another_life_is_not_said_again(lives: tuple[int, int]) -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    assert not arrived(bench, link, tagged(FAR, Ack(5, 6), lives))


def test_nothing_is_heard_from_a_hub_whose_advert_has_not_come_nor_sent_to_it() -> None:
    bench = bench_of()
    link = let_in(bench, NEAR, FAR)
    assert not arrived(bench, link, tagged(FAR, Ack(5, 6)))
    assert bench.send(id_by(FAR), 0, Ack(1, 2), 1.0) == []
    bench.receive(link, Adverts((said_by(FAR, NEAR),)), 1.0)
    (sent,) = of_kind(Routed, frames(bench.send(id_by(FAR), 0, Ack(1, 2), 1.0)))
    assert sent.destination_incarnation == 1000, "another life could be told it again"
    assert identities(FAR).is_by_source(sent, OURS.key)


def test_a_frame_is_passed_on_with_its_tag_read_or_not() -> None:
    bench = bench_of()
    near, other = let_in(bench, NEAR), let_in(bench, FAR)
    frame = replace(tagged(NEAR), destination=id_by(FAR), tag=b"a tag")
    (passed,) = of_kind(Routed, frames(bench.receive(near, frame, 1.0), other))
    assert passed == replace(frame, ttl=passed.ttl)
    body = Raw(msgpack.encode([1, 5, 6, 0, [99, "newer"], 1]))
    sealed = Sealed(id_by(NEAR), 1000, id_by(FAR), 1000, 9, body, b"a tag")
    (kept,) = of_kind(Sealed, frames(bench.receive(near, sealed, 1.0), other))
    assert (bytes(kept.body), kept.tag) == (bytes(body), b"a tag")
    # One that is for us, and that only a newer hub could read, is by its source as well.
    ours = replace(sealed, destination=id_by(OURS))
    tag = identities(NEAR).tag(id_by(OURS), OURS.key, (1000, 1000), body)  # type: ignore[arg-type]
    assert not arrived(bench, near, ours)
    assert arrived(bench, near, replace(ours, tag=tag))


def test_with_a_key_by_which_nothing_is_secret_nothing_is_said() -> None:
    stranger = SimulatedIdentity(NOTARY, b"k" * KEY_SIZE, b"s" * 32)  # nobody has this key
    ours = identities(OURS)
    hub = id_by(stranger)
    assert ours.tag(hub, stranger.key, (1, 1), STEP) == b""
    frame = Routed(hub, 1000, id_by(OURS), 1000, 9, STEP, b"")
    assert not ours.is_by_source(frame, stranger.key)
    assert not ours.is_by_source(frame, stranger.key)
    assert ours.forged == 2


def test_secrets_with_so_many_hubs_are_kept_and_agreed_on_anew_after_that() -> None:
    agreed: list[bytes] = []

    class Noting(SimulatedIdentity):
        def shared(self, key: bytes) -> bytes:
            agreed.append(key)
            return super().shared(key)

    ours = identities(Noting(NOTARY, OURS.key, OURS._secret), most=2)
    for other in (NEAR, FAR, NEAR, ELSE, FAR, NEAR):
        tag = ours.tag(id_by(other), other.key, (1000, 1000), STEP)
        frame = Routed(id_by(OURS), 1000, id_by(other), 1000, 9, STEP, tag)
        assert identities(other).is_by_source(frame, OURS.key)
    assert agreed == [NEAR.key, FAR.key, ELSE.key, NEAR.key]


# Options


def test_a_hub_that_is_to_have_an_identity_does_not_run_without_it_nor_with_anothers() -> None:
    named, plain = ServerConfig(is_hub=True, hub_identity="its own"), ServerConfig(is_hub=True)
    assert Hub(id_by(OURS), named, Random(1), identity=OURS).advert is not None
    for hub, config, keys in (
        (id_by(OURS), named, None),
        (id_by(OURS), plain, OURS),
        (id_by(NEAR), named, OURS),
    ):
        with pytest.raises(ValueError, match="keys"):
            Hub(hub, config, Random(1), identity=keys)


def test_members_need_identities_and_are_ids() -> None:
    with pytest.raises(ConfigError, match="HUB_IDENTITY"):
        ServerConfig(hub_members=(id_by(NEAR),))
    with pytest.raises(ConfigError, match="hub_members has 'me'"):
        ServerConfig(hub_identity="file", hub_members=("me",))


def test_a_hub_with_members_needs_no_secret_and_one_with_an_identity_alone_does() -> None:
    options: dict[str, Any] = {"is_hub": True, "host": "0.0.0.0", "hub_identity": "file"}
    with pytest.raises(ConfigError, match="HUB_MEMBERS"):
        ServerConfig(**options)
    assert not ServerConfig(**options, hub_members=(id_by(NEAR),)).is_open
    assert ServerConfig(**options, open_mesh=True).is_open
    local = ServerConfig(is_hub=True, hub_identity="file")
    assert not local.welcomes_reference_hubs, "none of them can prove anything"


def test_nothing_goes_before_the_proof() -> None:
    bench = bench_of()
    link = bench.open()
    bench.hello(link, id_by(NEAR), nonce=NONCE, key=NEAR.key)
    assert closings(bench.receive(link, Heartbeat(1)))[link][0] == 1008
