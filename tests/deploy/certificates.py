"""A certificate for the name of the proxy, signed by an authority that only a test trusts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.net.tls.authority import of_authority

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """The files of one certificate."""

    authority: Path
    """Whom to trust."""
    chain: Path
    key: Path
    both: Path
    """Chain and key in one."""


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begin(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def certificate_for(name: str, folder: Path) -> Certificate:
    """Make a certificate for a name, valid for a day."""
    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    begun = _begin("authority of a test", "authority of a test", root)
    for extension, is_critical in of_authority(root.public_key()):
        begun = begun.add_extension(extension, critical=is_critical)
    authority = begun.sign(root, hashes.SHA256())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    leaf = (
        _begin(name, "authority of a test", key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(signer, critical=False)
        .sign(root, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    made = Certificate(*(folder / part for part in ("ca.pem", "chain.pem", "key.pem", "both.pem")))
    made.authority.write_bytes(authority.public_bytes(pem))
    made.chain.write_bytes(leaf.public_bytes(pem))
    made.key.write_bytes(key.private_bytes(pem, kind, secret))
    made.both.write_bytes(made.chain.read_bytes() + made.key.read_bytes())
    return made
