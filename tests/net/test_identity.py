"""Hubs that are known by keys in files: real signatures, real links."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.identity import KEY_SIZE, SIGNATURE_SIZE, id_of
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import BootstrapDisconnected, Warned
from peerpigeon.net.identity import KeyPairs, load_identity
from tests.net.client import A, B, join
from tests.net.hubs import eventually, hub, uri

if TYPE_CHECKING:
    from pathlib import Path

    from peerpigeon.core.identity import Identity


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return [str(tmp_path / name) for name in ("first", "second", "third")]


def id_in(file: str) -> PeerId:
    return id_of(load_identity(file).key)


# Keys


def test_what_one_signs_another_can_check_and_nobody_else_has_signed(files: list[str]) -> None:
    one, other = map(load_identity, files[:2])
    both: tuple[Identity, Identity] = (one, other)
    assert [len(each.key) for each in both] == [KEY_SIZE, KEY_SIZE]
    signature = one.sign(b"said")
    assert len(signature) == SIGNATURE_SIZE
    assert other.verify(one.key, signature, b"said")
    assert one.sign(b"said") == signature
    for key, by, said in (
        (other.key, signature, b"said"),
        (one.key, signature, b"sad"),
        (one.key, other.sign(b"said"), b"said"),
        (one.key, b"", b"said"),
        (b"", signature, b"said"),
        (b"\xff" * KEY_SIZE, signature, b"said"),
    ):
        assert not other.verify(key, by, said)


def test_two_hubs_agree_on_a_secret_that_no_third_one_has(files: list[str]) -> None:
    one, other, third = map(load_identity, files)
    assert one.shared(other.key) == other.shared(one.key) != b""
    assert len({one.shared(other.key), one.shared(third.key), other.shared(third.key)}) == 3


@pytest.mark.parametrize("half", [bytes(32), b"\x01" + bytes(31), b"short"])
def test_with_a_key_of_small_order_there_is_no_secret(files: list[str], half: bytes) -> None:
    one = load_identity(files[0])
    assert one.shared(one.key[:32] + half) == b""


def test_a_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = load_identity(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_identity(str(path)).key == made.key


def test_a_file_that_others_can_read_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "key"
    load_identity(str(path))
    assert caplog.messages == []
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        load_identity(str(path))
    assert "can be read by other users" in caplog.text


def test_what_holds_no_such_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = generate_private_key(SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"no key", pem):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="holds no Ed25519 key"):
            load_identity(str(path))
        assert path.read_bytes() == content
    with pytest.raises(ConfigError, match="No such file or directory"):
        load_identity(str(tmp_path / "nowhere" / "key"))


# Servers


def test_the_key_gives_the_id_and_no_other_one_may_be_wished_for(files: list[str]) -> None:
    server = PeerPigeonServer(is_hub=True, hub_identity=files[0])
    own = server.hub_peer_id
    assert own == id_in(files[0])
    again = PeerPigeonServer(is_hub=True, hub_identity=files[0], hub_peer_id=PeerId(own.upper()))
    assert again.hub_peer_id == own
    with pytest.raises(ConfigError, match=f"gives '{own}'; leave hub_peer_id"):
        PeerPigeonServer(is_hub=True, hub_identity=files[0], hub_peer_id=PeerId(A))
    plain = PeerPigeonServer(hub_identity=files[1], hub_peer_id=PeerId(A))
    assert plain.hub_peer_id == A, "no hub"


async def test_hubs_with_identities_link_up_and_their_clients_signal(files: list[str]) -> None:
    members = tuple(map(id_in, files))
    async with (
        hub(hub_identity=files[0], hub_members=members) as (first, _),
        hub(uri(first), hub_identity=files[1], hub_members=members) as (second, _),
        hub(uri(second), hub_identity=files[2], hub_members=members) as (third, _),
    ):
        servers = (first, second, third)
        await eventually(lambda: all(len(each.get_connected_hubs()) == 2 for each in servers))
        async with await join(first, A) as a, await join(third, B) as b:
            await a.until("peer-discovered")
            for number in range(20):
                await a.signal(B, "ice-candidate", number)
            assert [(await b.until("ice-candidate"))["data"] for _ in range(20)] == list(range(20))
        assert [each.get_stats().mesh.forged for each in servers] == [0, 0, 0]


async def test_a_hub_that_is_not_on_the_list_is_refused_and_both_say_why(files: list[str]) -> None:
    members = tuple(map(id_in, files[:2]))
    async with hub(hub_identity=files[0], hub_members=members) as (first, told_here):
        async with hub(uri(first), hub_identity=files[2]) as (third, told_there):
            ended = await told_there.until(BootstrapDisconnected)
            assert ended.reason == "its hub_members do not name this hub"
            here = await told_here.until(Warned)
            assert third.hub_peer_id in here.message
            assert "hub_members" in here.message
            assert here.address == "127.0.0.1"
            there = await told_there.until(Warned)
            assert first.hub_peer_id in there.message
            assert there.address == uri(first)
            assert first.get_connected_hubs() == third.get_connected_hubs() == []


async def test_hubs_with_and_without_an_identity_do_not_link_up(files: list[str]) -> None:
    async with hub(hub_identity=files[0]) as (first, _):
        async with hub(uri(first)) as (second, told):
            ended = await told.until(BootstrapDisconnected)
            assert ended.reason == "only one of the two hubs has a hub_identity"
            assert first.get_connected_hubs() == second.get_connected_hubs() == []


def test_keys_are_those_of_any_program_that_makes_them(tmp_path: Path) -> None:
    """Ed25519 in PKCS #8, as RFC 8410 has it in its section 10.3; what we make of it stays."""
    path = tmp_path / "key"
    path.write_text(
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n"
    )
    path.chmod(0o600)
    keys = load_identity(str(path))
    assert isinstance(keys, KeyPairs)
    public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
    assert keys.key[:32].hex() == public
    assert id_of(keys.key) == "28c5ba1c902d1115e7421dfe95b6f8b034bef901"
