"""Tokens of clients: what of them counts, and what a stranger tries with them."""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.net.http.opening_handshake import UpgradeRequest, accept
from peerpigeon.net.http.request import parse_request
from peerpigeon.net.http.token_keys import MAX_FILE, KeyFile, parse_keys
from peerpigeon.net.http.tokens import LEEWAY, MAX_TOKEN, TokenError, Tokens
from tests.net.client import A
from tests.net.http.token_making import SECRET, Key, b64, made, write_keys
from tests.net.raw import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ED = Key("EdDSA", "ed")
ES = Key("ES256", "es")
HS = Key("HS256", "hs")
CLOCK = 1000.0


def request(*tokens: str, lines: tuple[str, ...] = (), path: str = "/") -> UpgradeRequest:
    query = "&".join(f"token={token}" for token in tokens)
    head = upgrade(*lines, target=f"{path}?peerId={A}&{query}")
    return accept(parse_request(head.removesuffix(b"\r\n\r\n")))


@pytest.fixture
def keys(tmp_path: Path) -> str:
    return write_keys(tmp_path / "keys.json", ED, ES, HS)


def tokens(keys: str, **options: Any) -> Tokens:
    return Tokens(ServerConfig(token_keys=keys, **options), lambda: CLOCK)


def refusal(keys: str, token: str, **options: Any) -> str:
    with pytest.raises(TokenError) as caught:
        tokens(keys, **options).permits(request(token))
    error = caught.value
    assert error.status == 401
    assert ("WWW-Authenticate", 'Bearer error="invalid_token"') in error.headers
    assert token[:20] not in error.message or len(token) < 20
    return error.message


# What counts


@pytest.mark.parametrize("key", [ED, ES, HS], ids=lambda key: key.algorithm)
def test_a_token_of_each_algorithm_says_what_its_bearer_may_do(keys: str, key: Key) -> None:
    token = key.sign(sub=A, ns=["net1", "room-*"], exp=time.time() + 60)
    permits = tokens(keys).permits(request(token))
    assert permits is not None
    assert (permits.peer_id, permits.namespaces) == (A, ("net1", "room-*"))
    assert CLOCK + LEEWAY + 58 < permits.expires_at <= CLOCK + LEEWAY + 60


def test_a_token_need_not_name_an_id_and_without_namespaces_opens_none(keys: str) -> None:
    permits = tokens(keys).permits(request(ED.sign(ns=None)))
    assert permits is not None
    assert (permits.peer_id, permits.namespaces) == (None, ())


def test_a_browser_shows_its_token_as_a_subprotocol(keys: str) -> None:
    line = f"Sec-WebSocket-Protocol: peerpigeon, bearer.{ED.sign(sub=A)}"
    asked = request(lines=(line,))
    permits = tokens(keys).permits(asked)
    assert permits is not None
    assert permits.peer_id == A
    assert asked.response().endswith(b"\r\nSec-WebSocket-Protocol: peerpigeon\r\n\r\n")
    assert b"bearer" not in asked.response()


@pytest.mark.parametrize("offered", ["chat", "bearer.x", "Peerpigeon", "\xe9", "peerpigeon2", ""])
def test_no_other_subprotocol_is_taken(offered: str) -> None:
    asked = request(lines=(f"Sec-WebSocket-Protocol: {offered}",))
    assert b"Sec-WebSocket-Protocol" not in asked.response()


def test_a_token_does_not_show_where_a_request_is_written_down(keys: str) -> None:
    token = ED.sign()
    asked = request(token, lines=(f"Sec-WebSocket-Protocol: bearer.{token}",))
    assert token not in repr(asked)
    head = upgrade(f"Sec-WebSocket-Protocol: bearer.{token}", target=f"/?token={token}")
    assert token not in repr(parse_request(head.removesuffix(b"\r\n\r\n")))


def test_the_one_key_of_a_file_needs_no_name(tmp_path: Path) -> None:
    plain = Key("EdDSA")
    one = write_keys(tmp_path / "one.json", plain)
    assert tokens(one).permits(request(plain.sign())) is not None
    assert "its kid names no key" in refusal(one, plain.sign({"kid": "x"}))
    named = write_keys(tmp_path / "named.json", ED)
    assert tokens(named).permits(request(jwt.encode(claims(), ED.private, "EdDSA"))) is not None


def claims(**more: Any) -> dict[str, Any]:
    return {"exp": time.time() + 60, **more}


def test_aud_and_iss_count_where_they_are_asked_for(keys: str) -> None:
    options = {"token_audience": "hub", "token_issuer": "app"}
    good = ED.sign(aud=["x", "hub"], iss="app")
    assert tokens(keys, **options).permits(request(good)) is not None
    for token, reason in [
        (ED.sign(aud="other", iss="app"), "its aud is not"),
        (ED.sign(aud="hub", iss="other"), "its iss is not"),
        (ED.sign(iss="app"), "it has no aud"),
        (ED.sign(aud="hub"), "it has no iss"),
    ]:
        assert reason in refusal(keys, token, **options)
    # RFC 7519, section 4.1.3: a token for somebody is for nobody else.
    assert "its aud is not" in refusal(keys, good)


def test_clocks_may_differ_by_the_leeway(keys: str) -> None:
    now = time.time()
    for token in (ED.sign(exp=now - LEEWAY + 10), ED.sign(nbf=now + LEEWAY - 10)):
        assert tokens(keys).permits(request(token)) is not None
    for token, reason in [
        (ED.sign(exp=now - LEEWAY - 10), "it has expired"),
        (ED.sign(nbf=now + LEEWAY + 10), "it is not valid yet"),
        (ED.sign(iat=now + LEEWAY + 10), "it is not valid yet"),
    ]:
        assert reason in refusal(keys, token)


# What does not


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: made({"alg": "none", "kid": "ed"}, claims()), "its alg is not that of its key"),
        (lambda: made({"alg": "None", "kid": "ed"}, claims()), "its alg is not that of its key"),
        (lambda: made({"alg": "", "kid": "ed"}, claims()), "its alg is not that of its key"),
        (lambda: made({"kid": "ed"}, claims()), "its alg is not that of its key"),
        (lambda: made({"alg": "HS256", "kid": "ed"}, claims()), "its alg is not that of its key"),
        (lambda: made({"alg": "EdDSA", "kid": "ed"}, claims(), b"x" * 64), "its signature is not"),
        (lambda: made({"alg": "EdDSA", "kid": "ed"}, claims()), "its signature is not"),
        (lambda: made({"alg": "ES256", "kid": "es"}, claims(), b"\0" * 64), "its signature is not"),
        (lambda: made({"alg": "EdDSA", "kid": "?"}, claims()), "its kid names no key"),
        (lambda: made({"alg": "EdDSA", "kid": 1}, claims()), "malformed"),
        (lambda: made({"alg": "EdDSA"}, claims()), "its kid names no key"),
        (lambda: ED.sign({"crit": ["exp"]}), "malformed"),
        (lambda: ED.sign({"b64": False, "crit": ["b64"]}), "malformed"),
        (lambda: ED.sign({"kid": "es"}), "its alg is not that of its key"),
        (lambda: ES.sign({"kid": "hs"}), "its alg is not that of its key"),
        (lambda: ED.sign(exp=None), "it has no exp"),
        (lambda: ED.sign(exp="soon"), "malformed"),
        (lambda: ED.sign(exp=str(int(time.time()) + 60)), "its exp is no number"),
        (lambda: ED.sign(exp=True), "expired"),
        (lambda: ED.sign(exp=float("inf")), "malformed"),
        (lambda: ED.sign(exp=float("nan")), "malformed"),
        (lambda: ED.sign(sub="me"), "its sub is no peerId"),
        (lambda: ED.sign(sub="\u00e9" * 40), "its sub is no peerId"),
        (lambda: ED.sign(ns="net1"), "its ns is no list"),
        (lambda: ED.sign(ns=["net1", 2]), "its ns is no list"),
        (lambda: ED.sign(ns={"net1": 1}), "its ns is no list"),
        (lambda: ED.sign(ns=["n" * MAX_TOKEN]), f"more than {MAX_TOKEN} characters"),
        (lambda: "x" * 15_000, f"more than {MAX_TOKEN} characters"),
        (lambda: "nonsense", "malformed"),
        (lambda: "", "malformed"),
        (lambda: "...", "malformed"),
        (lambda: "%00", "malformed"),
        (lambda: "%C3%A9.%C3%A9.%C3%A9", "malformed"),
        (lambda: b64(b"[" * 3000) + ".e30.", "malformed"),
        (lambda: b64(b"[]") + ".e30.", "malformed"),
        (lambda: b64(b'"EdDSA"') + ".e30.", "malformed"),
        (lambda: b64(b"\xff") + ".e30.", "malformed"),
        (lambda: jwt.encode({"exp": 9e9}, SECRET, "HS256"), "its kid names no key"),
    ],
)
def test_a_token_that_is_not_in_order_is_refused(
    keys: str, make: Callable[[], str], reason: str
) -> None:
    """RFC 8725, section 2: the attacks known on tokens. Refused even where none is needed."""
    token = make()
    assert reason in refusal(keys, token)
    assert reason in refusal(keys, token, namespace_access=("*=open",))


def test_a_public_key_is_no_secret_for_another_algorithm(tmp_path: Path) -> None:
    """RFC 8725, section 2.1: who knows the public key signs with it as if it were the secret."""
    path = write_keys(tmp_path / "keys.json", ED)
    shown = json.dumps(ED.public).encode()
    raw = ED.private.public_key().public_bytes_raw()
    for secret in (shown, raw):
        unsigned = made({"alg": "HS256", "kid": "ed"}, claims()).removesuffix(".")
        token = f"{unsigned}.{b64(hmac.digest(secret, unsigned.encode(), 'sha256'))}"
        assert "its alg is not that of its key" in refusal(path, token)


def test_a_claim_that_is_no_object_is_refused(keys: str) -> None:
    token = jwt.api_jws.PyJWS().encode(b"[1]", ED.private, "EdDSA", headers={"kid": "ed"})
    assert "malformed" in refusal(keys, token)


def test_a_token_with_one_bit_changed_is_refused(keys: str) -> None:
    token = ED.sign(sub=A)
    for place in range(0, len(token) - 1, 7):
        other = "A" if token[place] != "A" else "B"
        refusal(keys, token[:place] + other + token[place + 1 :])


@given(st.text(st.characters(codec="latin-1", exclude_characters="&#"), max_size=200))
def test_any_text_is_refused_and_nothing_else_comes_of_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    if not path.exists():
        write_keys(path, ED, HS)
    asked = UpgradeRequest("/", f"token={text}", "localhost", None, "k")
    with pytest.raises(TokenError):
        tokens(str(path)).permits(asked)


@given(
    st.sampled_from(["exp", "nbf", "iat", "sub", "ns", "aud", "iss", "jti"]),
    st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3),
)
def test_any_claim_that_is_signed_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "claims.json"
    if not path.exists():
        write_keys(path, HS)
    payload = json.dumps({"exp": time.time() + 60, name: value}).encode()
    token = jwt.api_jws.PyJWS().encode(payload, SECRET, "HS256", headers={"kid": "hs"})
    asked = UpgradeRequest("/", f"token={token}", "localhost", None, "k")
    try:
        tokens(str(path)).permits(asked)
    except TokenError as error:
        assert str(error)  # noqa: PT017 - that it may be refused is the point


# None, or several


def test_who_shows_no_token_is_let_in_only_where_something_is_open(keys: str) -> None:
    assert tokens(keys, namespace_access=("lobby=open",)).permits(request()) is None
    with pytest.raises(TokenError, match="a token is needed here") as caught:
        tokens(keys).permits(request())
    assert ("WWW-Authenticate", "Bearer") in caught.value.headers


@pytest.mark.parametrize("again", ["query", "subprotocol", "both"])
def test_several_tokens_are_refused(keys: str, again: str) -> None:
    """A proxy may go by another one than this server."""
    token = ED.sign()
    line = f"Sec-WebSocket-Protocol: peerpigeon, bearer.{token}"
    asked = {
        "query": request(token, token),
        "subprotocol": request(lines=(line, line)),
        "both": request(token, lines=(line,)),
    }[again]
    with pytest.raises(TokenError, match="more than one token"):
        tokens(keys).permits(asked)


# Keys


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b" " * (MAX_FILE + 1), "it has more than"),
        (b"[]", "it is no JWK set"),
        (b'{"kty": "oct"}', "it is no JWK set"),
        (b'{"keys": {}}', "it is no JWK set"),
        (b'{"keys": [1]}', "it is no JWK set"),
        (b'{"keys": []}', "it has no key"),
        (b'{"keys": [{}]}', "key 1 is for no algorithm"),
        (b'{"keys": [{"kty": ["oct"]}]}', "key 1 is for no algorithm"),
        (b'{"keys": [{"kty": "RSA"}]}', "key 1 is for no algorithm"),
        (b'{"keys": [{"kty": "EC", "crv": "P-384"}]}', "key 1 is for no algorithm"),
        (b'{"keys": [{"kty": "OKP", "crv": "Ed25519"}]}', "key 1 is malformed"),
        (b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}', "key 1 is malformed"),
        (b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}', "key 1 is malformed"),
        (b'{"keys": [{"kty": "oct", "k": 7}]}', "key 1 is malformed"),
        (b'{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}', "key 1 is too short for HS256: use 32"),
        (b'{"keys": [{"kty": "oct", "alg": "HS512"}]}', "key 1 has an alg that is not HS256"),
        (b'{"keys": [{"kty": "oct", "alg": "none"}]}', "key 1 has an alg that is not HS256"),
        (b'{"keys": [{"kty": "oct", "use": "enc"}]}', "key 1 is not for signatures"),
        (b'{"keys": [{"kty": "EC", "crv": "P-256", "d": "AA"}]}', "key 1 is a private key"),
        (b'{"keys": [{"kty": "oct", "kid": 1}]}', "key 1 needs a kid"),
        (b'{"keys": [{"kty": "oct"}, {"kty": "oct"}]}', "key 1 needs a kid"),
    ],
)
def test_a_file_that_has_no_usable_keys_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse_keys(text)


def test_a_kid_is_for_one_key(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", ED, ED)
    with pytest.raises(ConfigError, match=r"token_keys is .*keys\.json'; key 2 needs a kid"):
        KeyFile(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"token_keys is .*none\.json'; No such file"):
        KeyFile(str(tmp_path / "none.json"))


def test_no_key_shows_where_keys_are_written_down(tmp_path: Path) -> None:
    assert b64(SECRET) not in repr(KeyFile(write_keys(tmp_path / "keys.json", HS)).keys)


def test_keys_are_read_again_when_their_file_has_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.json"
    file = KeyFile(write_keys(path, ED))
    write_keys(path, ED, ES)
    file.reload()
    assert set(file.keys) == {"ed", "es"}
    for fault in (lambda: path.write_text("{"), path.unlink):
        caplog.clear()
        fault()
        for _ in range(3):
            file.reload()
        assert set(file.keys) == {"ed", "es"}
        [record] = caplog.records
        assert "the keys of tokens stay as they were" in record.getMessage()
    write_keys(path, HS)
    file.reload()
    assert set(file.keys) == {"hs"}
