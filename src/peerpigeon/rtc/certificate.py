"""Certificates of hubs' channels: who has one is known by the digest in the description."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = datetime.timedelta(days=365)
"""Peers do not check it (RFC 8827, section 6.5); this covers clocks that are wrong by less."""


def make_certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a fresh self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peerpigeon")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFETIME)
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def make_texts() -> tuple[str, str]:
    """Return a fresh self-signed certificate and its key, both as PEM."""
    certificate, key = make_certificate()
    key_text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), key_text.decode()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 digest as a description has it (RFC 8122, section 5)."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
