"""How hubs of one mesh show each other that they belong to it: a secret they share.

Each end of a link says a nonce with its ``Hello`` and answers the other's with a ``Proof``, HMAC
(RFC 2104) with SHA-256 over who proves to whom and both nonces. A proof is good for one link and
one direction only, so that nothing overheard or reflected is of use. What goes over the link
afterwards is kept from others by what carries it: DTLS, or TLS under a ``wss`` address.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.ids import PeerId

NONCE_SIZE = 16
"""Bytes; drawn at random for each link, so that none comes twice."""

_PURPOSE = b"peerpigeon hub link 1"


class Authenticator:
    """One hub's share in the secret of its mesh, which may have none."""

    def __init__(self, own: PeerId, secret: str, rng: Random) -> None:
        self._own = own
        self._key = secret.encode()
        self._rng = rng

    @property
    def is_required(self) -> bool:
        """Whether the mesh has a secret."""
        return bool(self._key)

    def nonce(self) -> bytes:
        """Return what the other end of a new link has to prove itself with; empty if nothing."""
        return self._rng.randbytes(NONCE_SIZE) if self._key else b""

    def prove(self, verifier: PeerId, own_nonce: bytes, their_nonce: bytes) -> bytes:
        """Return our proof to the hub at the other end of a link."""
        return self._mac(self._own, verifier, own_nonce, their_nonce)

    def holds(self, prover: PeerId, own_nonce: bytes, their_nonce: bytes, proof: bytes) -> bool:
        """Tell whether the hub at the other end of a link has proved itself."""
        return hmac.compare_digest(self._mac(prover, self._own, their_nonce, own_nonce), proof)

    def _mac(
        self, prover: PeerId, verifier: PeerId, provers_nonce: bytes, verifiers_nonce: bytes
    ) -> bytes:
        # All parts have a fixed length, so that they cannot be divided in another way.
        parts = (prover.encode(), verifier.encode(), provers_nonce, verifiers_nonce)
        return hmac.digest(self._key, b"".join((_PURPOSE, *parts)), "sha256")
