"""The keys of a hub, and the file that they come from."""

from __future__ import annotations

import contextlib
import logging
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from peerpigeon.core.config import ConfigError
from peerpigeon.net.new_files import write_new

logger = logging.getLogger(__name__)

_HALF = 32
"""Bytes of each of the two public keys (``core/identity.KEY_SIZE``)."""

_OTHERS = 0o007
"""Bits of a file's mode that concern other users."""


class KeyPairs:
    """An ``Identity``: Ed25519 to sign with, and X25519, made from it, to agree on secrets."""

    def __init__(self, signing: Ed25519PrivateKey) -> None:
        self._signing = signing
        # A key of its own for each purpose, so that no use of one tells anything of the other.
        purpose = b"peerpigeon hub agreement 1"
        seed = blake2b(purpose, key=signing.private_bytes_raw(), digest_size=_HALF).digest()
        self._agreeing = X25519PrivateKey.from_private_bytes(seed)
        checking, agreeing = signing.public_key(), self._agreeing.public_key()
        self.key = checking.public_bytes_raw() + agreeing.public_bytes_raw()

    def sign(self, said: bytes) -> bytes:
        """Return the signature of ``said`` (RFC 8032)."""
        return self._signing.sign(said)

    def verify(self, key: bytes, signature: bytes, said: bytes) -> bool:
        """Tell whether the owner of a public key has signed ``said``."""
        try:
            Ed25519PublicKey.from_public_bytes(key[:_HALF]).verify(signature, said)
        except (InvalidSignature, ValueError):
            return False
        return True

    def shared(self, key: bytes) -> bytes:
        """Return the secret with the owner of a public key (RFC 7748, section 6.1).

        Empty for a key with which anybody would come to the same one.
        """
        try:
            return self._agreeing.exchange(X25519PublicKey.from_public_bytes(key[_HALF:]))
        except ValueError:
            return b""


def load_identity(file: str) -> KeyPairs:
    """Return the keys in a file, which is made if there is none.

    Raises ``ConfigError`` if it cannot be read or made, or holds no Ed25519 key in PEM (PKCS #8).
    """
    path = Path(file)
    try:
        with contextlib.suppress(FileExistsError):
            if not path.exists():
                write_new(path, _new_key())
        text, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"hub_identity is {file!r}: {error.strerror}") from None
    if mode & _OTHERS:
        logger.warning("%s can be read by other users; who has it can be this hub", file)
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            f"hub_identity is {file!r}, which holds no Ed25519 key without a password in PEM;"
            " `peerpigeon identity FILE` makes one, and so does openssl genpkey"
        )
    return KeyPairs(key)


def _new_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
