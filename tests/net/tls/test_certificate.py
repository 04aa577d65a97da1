"""The files of a certificate and its key: what is refused, and when they are read again."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from peerpigeon import ConfigError
from peerpigeon.net.tls.certificate import MAX_FILE, CertificateFiles
from peerpigeon.net.tls.trust import Trust
from tests.net.tls.authority import Authority, Pair, pem

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def pair(authority: Authority) -> Pair:
    return authority.issue("hub.example", "*.example", "192.0.2.1", "2001:db8::1")


def load(pair: Pair) -> CertificateFiles:
    return CertificateFiles(pair.certificate, pair.key)


def test_names_are_those_of_the_certificate_without_stars(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    files = load(pair)
    assert files.names == ("hub.example", "192.0.2.1", "2001:db8::1")
    assert "TLS with the certificate for hub.example, 192.0.2.1" in caplog.text


def test_a_context_speaks_no_old_tls_and_does_not_negotiate_again(pair: Pair) -> None:
    context = load(pair).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert ssl.OP_NO_RENEGOTIATION in context.options


def absent(pair: Pair) -> None:
    Path(pair.certificate).unlink()


def no_certificate(pair: Pair) -> None:
    Path(pair.certificate).write_text("none")


def too_large(pair: Pair) -> None:
    Path(pair.certificate).write_bytes(bytes(MAX_FILE + 1))


def absent_key(pair: Pair) -> None:
    Path(pair.key).unlink()


def no_key(pair: Pair) -> None:
    Path(pair.key).write_bytes(Path(pair.certificate).read_bytes())


def another_key(pair: Pair) -> None:
    Path(pair.key).write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))


def encrypted_key(pair: Pair) -> None:
    Path(pair.key).write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), b"password"))


def broken_chain(pair: Pair) -> None:
    with Path(pair.certificate).open("a", encoding="ascii") as file:
        file.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


FAULTS = [
    (absent, r"tls_cert is '.*hub\.crt'; No such file"),
    (no_certificate, r"tls_cert is '.*hub\.crt'; there is no certificate in PEM form in it"),
    (too_large, r"tls_cert is '.*hub\.crt'; it has more than 262144 bytes"),
    (absent_key, r"tls_key is '.*hub\.key'; No such file"),
    (no_key, r"tls_key is '.*hub\.key'; there is no private key in PEM form in it"),
    (another_key, r"tls_key is '.*hub\.key'; it is not the key of the certificate in '.*hub\.crt'"),
    (encrypted_key, r"tls_key is '.*hub\.key'; the key in it is encrypted"),
    (broken_chain, r"tls_cert is '.*hub\.crt'; there is no certificate in PEM form in it"),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_what_cannot_be_used_is_named(
    pair: Pair, fault: Callable[[Pair], None], error: str
) -> None:
    fault(pair)
    with pytest.raises(ConfigError, match=error):
        load(pair)


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_a_pair_that_cannot_be_used_leaves_the_one_before(
    authority: Authority,
    pair: Pair,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[Pair], None],
    error: str,
) -> None:
    files = load(pair)
    before = files.context
    fault(pair)
    for _ in range(3):
        files.reload()
    assert files.context is before
    (record,) = caplog.records
    caplog.clear()
    assert record.getMessage().startswith("TLS goes on with the certificate as it was: ")
    authority.issue("new.example")
    files.reload()
    assert files.context is not before
    assert files.names == ("new.example",)
    assert caplog.records == []


def test_what_has_not_changed_is_not_read_again(pair: Pair) -> None:
    files = load(pair)
    before = files.context
    files.reload()
    assert files.context is before


def test_a_key_and_its_certificate_may_be_in_one_file(pair: Pair, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    parts = [Path(pair.certificate).read_bytes(), Path(pair.key).read_bytes()]
    for order in (parts, parts[::-1]):
        both.write_bytes(b"".join(order))
        assert load(Pair(str(both), str(both))).names[0] == "hub.example"


def test_a_key_that_every_user_can_read_is_warned_of(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    os.chmod(pair.key, 0o640)
    load(pair)
    assert caplog.records == []
    os.chmod(pair.key, 0o644)
    load(pair)
    assert "every user of this machine can read" in caplog.text


def test_a_certificate_that_has_expired_is_warned_of(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    load(authority.issue("old.example", days=-2))
    assert "for old.example has expired" in caplog.text


# Whose certificates are trusted


def test_authorities_are_read_again_when_their_file_has_changed(
    authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    trust = Trust(authority.path)
    before = trust.context()
    trust.reload()
    assert trust.context() is before
    Path(authority.path).write_text("nothing")
    for _ in range(3):
        trust.reload()
    assert trust.context() is before
    (record,) = caplog.records
    assert "hub_ca is" in record.getMessage()
    Authority(tmp_path)
    trust.reload()
    assert trust.context() is not before


def test_without_a_file_there_is_nothing_to_read_again() -> None:
    trust = Trust("")
    before = trust.context()
    trust.reload()
    assert trust.context() is before


@pytest.mark.parametrize("text", ["nothing", "\xe9"])
def test_a_file_without_authorities_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match=r"hub_ca is '.*ca\.pem'; No such file"):
        Trust(str(path))
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"hub_ca is '.*ca\.pem'; .* in PEM form"):
        Trust(str(path))
