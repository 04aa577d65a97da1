"""What a hub is known by that cannot be chosen: a key, which gives its id.

The core signs and checks nothing itself; a shell hands it an ``Identity``. To the core a key is
bytes, and whoever has it can check what its owner signs, and have a secret with the owner that
nobody else knows.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from peerpigeon.core.ids import ID_DIGITS, PeerId

KEY_SIZE = 64
"""Bytes of a public key: one that checks signatures (Ed25519, RFC 8032), and one with which secrets
are agreed on (X25519, RFC 7748). The id is that of both, so that nobody can part them."""

SIGNATURE_SIZE = 64
"""Bytes (RFC 8032)."""


class Identity(Protocol):
    """The keys of one hub. What it is given may be anything."""

    @property
    def key(self) -> bytes:
        """The public key, ``KEY_SIZE`` bytes."""

    def sign(self, said: bytes) -> bytes:
        """Return the signature of ``said``, the same each time."""

    def verify(self, key: bytes, signature: bytes, said: bytes) -> bool:
        """Tell whether the owner of a public key has signed ``said``."""

    def shared(self, key: bytes) -> bytes:
        """Return what only this hub and the owner of a public key can know; empty if nothing is."""


def id_of(key: bytes) -> PeerId:
    """Return the id of the hub that has a public key: the first 160 bits of its SHA-256."""
    return PeerId(sha256(key).hexdigest()[:ID_DIGITS])
