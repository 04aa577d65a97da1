"""How hubs of one mesh show each other that they belong to it: a secret they share, and keys.

Each end of a link says a nonce with its ``Hello`` and answers the other's with a ``Proof``, HMAC
(RFC 2104) with SHA-256 over who proves to whom and both nonces. A proof is good for one link and
one direction only, so that nothing overheard or reflected is of use. What goes over the link
afterwards is kept from others by what carries it: DTLS, or TLS under a ``wss`` address.

A hub may have several secrets. It proves itself by each of them, and takes a proof by any, so that
two hubs link up that have one in common, whichever of them was given a new one first. That tells a
stranger no more of either than a proof by one: as much as it takes to check guesses, which is why a
secret has to be long.

In a mesh with identities each end also signs what the MAC is over, with the key of its id. A hub
without a secret then makes a MAC by an empty one: those fit together that both have none.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from peerpigeon.core.mesh.refusals import NOT_ITS_KEY, UNLIKE_PROOFS
from peerpigeon.core.wire.hub_frames import Proof

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.identities import Identities
    from peerpigeon.core.wire.hub_frames import Hello

NONCE_SIZE = 16
"""Bytes; drawn at random for each link, so that none comes twice."""

_PURPOSE = b"peerpigeon hub link 1"


class Authenticator:
    """One hub's share in the secrets of its mesh, which may have none, and its own key if any."""

    def __init__(
        self,
        own: PeerId,
        secrets: tuple[str, ...],
        rng: Random,
        identities: Identities | None = None,
    ) -> None:
        self._own = own
        self._keys = [secret.encode() for secret in secrets]
        self._identities = identities
        if identities is not None and not self._keys:
            self._keys = [b""]
        self._rng = rng

    @property
    def is_required(self) -> bool:
        """Whether the mesh has a secret or identities."""
        return bool(self._keys)

    @property
    def key(self) -> bytes:
        """Our public key; empty in a mesh without identities."""
        return b"" if self._identities is None else self._identities.key

    def nonce(self) -> bytes:
        """Return what the other end of a new link has to prove itself with; empty if nothing."""
        return self._rng.randbytes(NONCE_SIZE) if self._keys else b""

    def prove(self, verifier: PeerId, own_nonce: bytes, their_nonce: bytes) -> Proof:
        """Return our proof to the hub at the other end of a link: by each secret, and our key."""
        said = _said(self._own, verifier, own_nonce, their_nonce)
        mac, *others = [hmac.digest(key, said, "sha256") for key in self._keys]
        signature = b"" if self._identities is None else self._identities.prove(said)
        return Proof(mac, tuple(others), signature)

    def objection(self, prover: Hello, own_nonce: bytes, proof: Proof) -> str:
        """Return why the hub at the other end of a link has not proved itself; empty if it has.

        Takes as long whether it knows a secret or not.
        """
        said = _said(prover.hub, self._own, prover.nonce, own_nonce)
        expected = [hmac.digest(key, said, "sha256") for key in self._keys]
        proofs = proof.mac, *proof.others
        matches = [hmac.compare_digest(mac, theirs) for mac in expected for theirs in proofs]
        if not any(matches):
            return UNLIKE_PROOFS
        identities = self._identities
        if identities is None or identities.holds(prover.hub, prover.key, proof.signature, said):
            return ""
        return NOT_ITS_KEY

    def is_member(self, hub: PeerId) -> bool:
        """Tell whether a hub that has proved itself may be in the mesh."""
        return self._identities is None or self._identities.is_member(hub)


def _said(prover: PeerId, verifier: PeerId, provers_nonce: bytes, verifiers_nonce: bytes) -> bytes:
    # All parts have a fixed length, so that they cannot be divided in another way.
    parts = (prover.encode(), verifier.encode(), provers_nonce, verifiers_nonce)
    return b"".join((_PURPOSE, *parts))
