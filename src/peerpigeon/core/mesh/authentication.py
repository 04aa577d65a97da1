"""How hubs of one mesh show each other that they belong to it: a secret they share.

Each end of a link says a nonce with its ``Hello`` and answers the other's with a ``Proof``, HMAC
(RFC 2104) with SHA-256 over who proves to whom and both nonces. A proof is good for one link and
one direction only, so that nothing overheard or reflected is of use. What goes over the link
afterwards is kept from others by what carries it: DTLS, or TLS under a ``wss`` address.

A hub may have several secrets. It proves itself by each of them, and takes a proof by any, so that
two hubs link up that have one in common, whichever of them was given a new one first. That tells a
stranger no more of either than a proof by one: as much as it takes to check guesses, which is why a
secret has to be long.
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
    """One hub's share in the secrets of its mesh, which may have none."""

    def __init__(self, own: PeerId, secrets: tuple[str, ...], rng: Random) -> None:
        self._own = own
        self._keys = [secret.encode() for secret in secrets]
        self._rng = rng

    @property
    def is_required(self) -> bool:
        """Whether the mesh has a secret."""
        return bool(self._keys)

    def nonce(self) -> bytes:
        """Return what the other end of a new link has to prove itself with; empty if nothing."""
        return self._rng.randbytes(NONCE_SIZE) if self._keys else b""

    def prove(self, verifier: PeerId, own_nonce: bytes, their_nonce: bytes) -> list[bytes]:
        """Return our proofs to the hub at the other end of a link, one by each secret."""
        said = _said(self._own, verifier, own_nonce, their_nonce)
        return [hmac.digest(key, said, "sha256") for key in self._keys]

    def holds(
        self, prover: PeerId, own_nonce: bytes, their_nonce: bytes, proofs: tuple[bytes, ...]
    ) -> bool:
        """Tell whether the hub at the other end of a link has proved itself by one of its proofs.

        Takes as long whether it has or not.
        """
        said = _said(prover, self._own, their_nonce, own_nonce)
        expected = [hmac.digest(key, said, "sha256") for key in self._keys]
        matches = [hmac.compare_digest(mac, proof) for mac in expected for proof in proofs]
        return any(matches)


def _said(prover: PeerId, verifier: PeerId, provers_nonce: bytes, verifiers_nonce: bytes) -> bytes:
    # All parts have a fixed length, so that they cannot be divided in another way.
    parts = (prover.encode(), verifier.encode(), provers_nonce, verifiers_nonce)
    return b"".join((_PURPOSE, *parts))
