"""Keys of hubs in a world, without the mathematics: who has signed what is looked up."""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING

from peerpigeon.core.identity import KEY_SIZE, SIGNATURE_SIZE

if TYPE_CHECKING:
    from random import Random

_SECRET = 32
"""Bytes."""


class Notary:
    """Knows the private key to each public one, and tells nobody."""

    def __init__(self) -> None:
        self._secrets: dict[bytes, bytes] = {}

    def identity(self, rng: Random) -> SimulatedIdentity:
        """Return the keys of one more hub."""
        secret = rng.randbytes(_SECRET)
        key = blake2b(secret, digest_size=KEY_SIZE).digest()
        self._secrets[key] = secret
        return SimulatedIdentity(self, key, secret)

    def signature(self, key: bytes, said: bytes) -> bytes:
        """Return the signature of the owner of a key; empty if there is none."""
        secret = self._secrets.get(key)
        return b"" if secret is None else _signed(secret, said)

    def shared(self, secret: bytes, key: bytes) -> bytes:
        """Return what the owners of a private and of a public key agree on; empty if nobody is."""
        other = self._secrets.get(key)
        return b"" if other is None else blake2b(b"".join(sorted((secret, other)))).digest()


class SimulatedIdentity:
    """The keys of one hub (``core/identity.Identity``)."""

    def __init__(self, notary: Notary, key: bytes, secret: bytes) -> None:
        self.key = key
        self._notary = notary
        self._secret = secret

    def sign(self, said: bytes) -> bytes:
        """Return the signature of ``said``."""
        return _signed(self._secret, said)

    def verify(self, key: bytes, signature: bytes, said: bytes) -> bool:
        """Tell whether the owner of a public key has signed ``said``."""
        true = self._notary.signature(key, said)
        return bool(true) and compare_digest(signature, true)

    def shared(self, key: bytes) -> bytes:
        """Return the secret with the owner of a public key."""
        return self._notary.shared(self._secret, key)


def _signed(secret: bytes, said: bytes) -> bytes:
    return blake2b(said, key=secret, digest_size=SIGNATURE_SIZE).digest()
