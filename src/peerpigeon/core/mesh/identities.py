"""Hubs that are known by their keys: what each of them shows of itself, and what it checks.

In such a mesh three things are bound to the hub that says them, whoever carries them:

- on a link each end proves that it has the key of its id (``handshake``);
- an advert is signed by the hub that it is about, and is checked before it is kept or passed on;
- a routed frame bears a tag by a secret of its source and its destination, so that no hub on the
  way can change it or make one up. It is checked at the destination only.

A tag costs a fiftieth of what a signature does, and two hubs agree on their secret once.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.identity import KEY_SIZE, id_of
from peerpigeon.core.wire.hub_codec import encode_part

if TYPE_CHECKING:
    from collections.abc import Collection

    import msgspec

    from peerpigeon.core.identity import Identity
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert, Body, Routed, Sealed

TAG_SIZE = 16
"""Bytes. Nobody can try tags but by sending frames, each of which is one guess of 2**128."""

_LINK = b"peerpigeon hub link key 1"
_ADVERT = b"peerpigeon hub advert 1"
_FRAME = b"peerpigeon hub frame 1"
# None is the beginning of another one, so that what is signed for one purpose is good for no other.

_KEY_BYTES = 32


class Identities:
    """One hub's own key, and what it knows of those of the others."""

    def __init__(self, own: Identity, members: Collection[PeerId], most: int) -> None:
        """``members``: the hubs that are let in besides this one, all if there are none.

        Secrets with ``most`` hubs are kept.
        """
        self._own = own
        self._id = id_of(own.key)
        self._members = frozenset(members)
        self._most = most
        # By hub, whose id gives its key: what frames to it and from it are tagged with.
        self._secrets: dict[PeerId, tuple[bytes, bytes] | None] = {}
        self.forged = 0
        """Adverts and frames that were not by the hub that they named, since the start."""

    @property
    def key(self) -> bytes:
        """This hub's public key."""
        return self._own.key

    def is_member(self, hub: PeerId) -> bool:
        """Tell whether a hub may be in the mesh."""
        return not self._members or hub in self._members or hub == self._id

    # Links

    def prove(self, said: bytes) -> bytes:
        """Return our signature of what is said at the beginning of one link."""
        return self._own.sign(_LINK + said)

    def holds(self, hub: PeerId, key: bytes, signature: bytes, said: bytes) -> bool:
        """Tell whether the other end of a link has proved that it is this hub."""
        return _fits(hub, key) and self._own.verify(key, signature, _LINK + said)

    # Adverts

    def sign(self, advert: Advert) -> Advert:
        """Return our advert with our signature."""
        bare = replace(advert, key=self._own.key, signature=b"")
        return replace(bare, signature=self._own.sign(_ADVERT + encode_part(bare)))

    def is_genuine(self, advert: Advert) -> bool:
        """Tell whether an advert is by the hub that it is about; else count it."""
        if _fits(advert.hub, advert.key):
            bare = _ADVERT + encode_part(replace(advert, signature=b""))
            if self._own.verify(advert.key, advert.signature, bare):
                return True
        self.forged += 1
        return False

    # Routed frames

    # Each is given the key of the other hub by its advert, empty if there is none.

    def tag(self, goal: PeerId, key: bytes, incarnations: tuple[int, int], body: Body) -> bytes:
        """Return the tag of a frame of ours; empty while there is no secret with its goal.

        ``incarnations`` are ours and that of the goal.
        """
        secrets = self._secrets_with(goal, key)
        return b"" if secrets is None else _tag(secrets[0], incarnations, body)

    def is_by_source(self, frame: Routed | Sealed, key: bytes) -> bool:
        """Tell whether a frame that has come for us is by its source; else count it."""
        secrets = self._secrets_with(frame.source, key)
        if secrets is not None:
            incarnations = frame.source_incarnation, frame.destination_incarnation
            if hmac.compare_digest(frame.tag, _tag(secrets[1], incarnations, frame.body)):
                return True
        self.forged += 1
        return False

    def _secrets_with(self, hub: PeerId, key: bytes) -> tuple[bytes, bytes] | None:
        if hub in self._secrets:
            return self._secrets[hub]
        if not key:
            return None
        if len(self._secrets) >= self._most:
            del self._secrets[next(iter(self._secrets))]
        shared = self._own.shared(key)
        secrets = (
            (_derived(shared, self._id, hub), _derived(shared, hub, self._id)) if shared else None
        )
        self._secrets[hub] = secrets
        return secrets


def _fits(hub: PeerId, key: bytes) -> bool:
    return len(key) == KEY_SIZE and id_of(key) == hub


def _derived(shared: bytes, source: PeerId, destination: PeerId) -> bytes:
    said = _FRAME + source.encode() + destination.encode()
    return blake2b(said, key=shared, digest_size=_KEY_BYTES).digest()


def _tag(key: bytes, incarnations: tuple[int, int], body: Body | msgspec.Raw) -> bytes:
    """Return the tag of a frame between the two hubs whose key it is, in its direction.

    The incarnations are those of the source and the destination. What is left out, the hops that
    the frame may still take, changes on the way.
    """
    source, destination = incarnations
    lives = (source << 64 | destination).to_bytes(16, "big")
    return blake2b(lives + encode_part(body), key=key, digest_size=TAG_SIZE).digest()
