"""The command ``peerpigeon token``: keys in files, tokens on standard output."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import jwt
import pytest

from peerpigeon.cli.main import main
from peerpigeon.net.http.token_keys import KeyFile
from tests.net.client import A

if TYPE_CHECKING:
    from pathlib import Path


def make_key(folder: Path, name: str = "private.json", alg: str = "EdDSA") -> list[str]:
    return ["token", "--new-key", str(folder / name), "--keys", str(folder / "keys"), "--alg", alg]


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "HS256"])
def test_a_token_is_one_that_a_server_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], alg: str
) -> None:
    assert main(make_key(tmp_path, alg=alg)) == 0
    private = tmp_path / "private.json"
    assert private.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().out
    assert ("one secret" in said) is (alg == "HS256")
    secret = json.loads(private.read_text())
    assert secret["k" if alg == "HS256" else "d"] not in said
    asked = ["--key", str(private), "--ns", "room-*", "--ns", "lobby", "--sub", A, "--ttl", "15m"]
    assert main(["token", *asked, "--aud", "hub", "--iss", "app"]) == 0
    token = capsys.readouterr().out.strip()
    key = KeyFile(str(tmp_path / "keys")).find(jwt.get_unverified_header(token)["kid"])
    assert key is not None
    claims = jwt.decode(token, key.key, [alg], audience="hub", issuer="app")
    assert 890 < claims.pop("exp") - time.time() <= 900
    assert claims == {"ns": ["room-*", "lobby"], "sub": A, "aud": "hub", "iss": "app"}


def test_a_second_key_is_added_to_the_first(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(make_key(tmp_path, name)) == 0
    kids = {json.loads((tmp_path / name).read_text())["kid"] for name in ("one", "two")}
    assert set(KeyFile(str(tmp_path / "keys")).keys) == kids
    assert {each.name for each in tmp_path.iterdir()} == {"one", "two", "keys"}


def test_who_reads_the_public_keys_still_does_and_nobody_else_reads_a_secret(
    tmp_path: Path,
) -> None:
    keys = tmp_path / "keys"
    assert main(make_key(tmp_path, "one")) == 0
    assert keys.stat().st_mode & 0o044, "the server may be another user"
    keys.chmod(0o640)
    assert main(make_key(tmp_path, "two")) == 0
    assert keys.stat().st_mode & 0o777 == 0o640
    assert main(make_key(tmp_path, "three", "HS256")) == 0
    assert keys.stat().st_mode & 0o777 == 0o600


def test_a_private_key_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(make_key(tmp_path)) == 0
    before = (tmp_path / "private.json").read_text(), (tmp_path / "keys").read_text()
    assert main(make_key(tmp_path)) == 1
    assert "private.json: File exists" in capsys.readouterr().err
    assert before == ((tmp_path / "private.json").read_text(), (tmp_path / "keys").read_text())


def test_a_file_that_has_no_keys_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text("mine")
    assert main(make_key(tmp_path)) == 2
    assert "keys' ; it is no JSON" in capsys.readouterr().err.replace("keys';", "keys' ;")
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "write --key FILE for a token"),
        (["--new-key", "a"], "write --key FILE for a token"),
        (["--key", "a", "--keys", "b"], "write --key FILE for a token"),
        (["--key", "a", "--new-key", "b", "--keys", "c"], "write --key FILE for a token"),
        (["--key", "a"], "ns is empty; name a namespace with --ns"),
        (["--key", "a", "--ns", "*x"], "ns is '*x'; a * stands at the end"),
        (["--key", "a", "--ns", "x", "--sub", "me"], "sub is 'me'; it must be 40 hex digits"),
        (["--key", "a", "--ns", "x", "--ttl", "long"], "ttl is 'long'; write a number"),
    ],
)
def test_what_cannot_be_is_said(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", *arguments]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "the key is no JSON"),
        ("[]", "the key is no private key"),
        ('{"kty": "RSA", "d": "secret"}', "the key is no private key"),
        ('{"kty": "OKP", "crv": "Ed25519", "x": "secret"}', "the key is no private key"),
        ('{"kty": "OKP", "crv": "Ed25519", "x": "secret", "d": "secret"}', "the key is malformed"),
        ('{"kty": "oct", "k": 7}', "the key is malformed"),
    ],
)
def test_a_key_that_signs_nothing_is_refused_and_not_shown(
    text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(text)
    assert main(["token", "--key", str(tmp_path / "key"), "--ns", "x"]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert "secret" not in said.out + said.err


def test_a_key_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "--key", str(tmp_path / "none"), "--ns", "x"]) == 1
    assert "none: No such file or directory" in capsys.readouterr().err
