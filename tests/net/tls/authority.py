"""A certificate authority for tests, and the files that it makes."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)

_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: str
    key: str

    def options(self) -> dict[str, str]:
        """Return what a server is told of them."""
        return {"tls_cert": self.certificate, "tls_key": self.key}

    def break_key(self) -> None:
        """Write nonsense where the key is."""
        Path(self.key).write_text("no key", encoding="ascii")


class Authority:
    """Signs certificates; its own is in the file ``path``."""

    def __init__(self, folder: Path, name: str = "an authority") -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        begun = _builder(self._name, self._name, self._key.public_key(), 1)
        for extension, is_critical in of_authority(self._key.public_key()):
            begun = begun.add_extension(extension, critical=is_critical)
        own = begun.sign(self._key, hashes.SHA256())
        self.path = str(folder / f"{name.replace(' ', '-')}.pem")
        (folder / self.path).write_bytes(own.public_bytes(serialization.Encoding.PEM))
        self._issued = 1

    def issue(self, *names: str, file: str = "hub", days: int = 1) -> Pair:
        """Return files with a certificate for names and addresses, good for some days."""
        self._issued += 1
        key = ec.generate_private_key(ec.SECP256R1())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = (
            _builder(_name("a hub"), self._name, key.public_key(), self._issued, days)
            .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
            .add_extension(signer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate, secret = self._folder / f"{file}.crt", self._folder / f"{file}.key"
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        if not secret.exists():
            secret.touch(0o600)
        secret.write_bytes(pem(key))
        return Pair(str(certificate), str(secret))

    @functools.cached_property
    def client_context(self) -> ssl.SSLContext:
        """What a client goes by that trusts this authority alone."""
        return ssl.create_default_context(cafile=self.path)


def of_authority(key: ec.EllipticCurvePublicKey) -> list[tuple[x509.ExtensionType, bool]]:
    """Return what Python 3.13 wants of an authority (RFC 5280, sections 4.2.1.1 to 4.2.1.9)."""
    usage = dict.fromkeys(_USES, False) | {"key_cert_sign": True}
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.KeyUsage(**usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ]


def pem(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """Return a key in PEM form, encrypted if there is a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial: int,
    days: int = 1,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - 10 * DAY)
        .not_valid_after(now + days * DAY)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
