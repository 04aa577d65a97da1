"""Who is let in at a link: hello, proof of a secret and of a key, second links to one hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.config.addresses import public_form
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.mesh.authentication import NONCE_SIZE
from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.mesh.refusals import (
    ITSELF,
    NO_HELLO,
    ONE_IDENTITY,
    ONE_IS_OPEN,
    OTHER_MESH,
    OTHER_VERSION,
)
from peerpigeon.core.wire.hub_frames import VERSION, Hello, Proof

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId
    from peerpigeon.core.mesh.authentication import Authenticator
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.wire.hub_frames import Frame


class Admitted(msgspec.Struct, frozen=True):
    """The other end is let in, and its link is the one to use from now on."""

    hello: Hello
    replaced: NeighbourLink | None
    """The link over the same carrier whose place it takes; to be closed."""


class ProofNeeded(msgspec.Struct, frozen=True):
    """The other end has yet to prove that it belongs to the mesh; we prove it now."""

    proof: Proof


class Rejected(msgspec.Struct, frozen=True):
    """The link is to be closed."""

    hub: PeerId | None
    """Who is at the other end; ``None`` if it has not said."""
    code: int
    reason: str
    is_proved: bool = False
    """Whether the other end belongs to the mesh all the same, and may have let us in."""


class IdShared(msgspec.Struct, frozen=True):
    """The link is to be closed: the other end is another hub that has our id."""


class Unlisted(msgspec.Struct, frozen=True):
    """The link is to be closed: the other end is who it says, and not let in here."""

    hub: PeerId


Decision: TypeAlias = Admitted | ProofNeeded | Rejected | IdShared | Unlisted


class _Exchange(msgspec.Struct):
    """What has been said on a link whose other end is not let in yet."""

    nonce: bytes
    """What the other end is to prove itself with."""
    hello: Hello | None = None
    """What the other end has said first."""


class Handshake:
    """The beginnings of the links of one hub."""

    def __init__(
        self, own: PeerId, life: int, namespace: str, links: Links, authenticator: Authenticator
    ) -> None:
        self._own = own
        self._life = life
        self._namespace = namespace
        self._links = links
        self._authenticator = authenticator
        self._exchanges: dict[LinkId, _Exchange] = {}

    def begin(self, link: Link, digest: int, dialled: str) -> Hello:
        """Return what to say first on a new link.

        ``digest`` is that of our table, ``dialled`` the address that led to the link, if one did.
        """
        nonce = self._authenticator.nonce()
        self._exchanges[link.id] = _Exchange(nonce)
        return Hello(
            self._own,
            self._life,
            self._namespace,
            VERSION,
            digest,
            nonce,
            public_form(dialled),
            self._authenticator.key,
        )

    def end(self, link: Link) -> None:
        """Forget what was said on a link, which has led to something or has ended."""
        self._exchanges.pop(link.id, None)

    def hub(self, link: Link) -> PeerId | None:
        """Return who the other end of a link says it is, if it has said so and is not let in."""
        exchange = self._exchanges.get(link.id)
        return None if exchange is None or exchange.hello is None else exchange.hello.hub

    def receive(self, link: Link, frame: Frame) -> Decision:
        """Take what has come over a link whose other end is not let in yet."""
        exchange = self._exchanges[link.id]
        hello, authenticator = exchange.hello, self._authenticator
        match frame:
            case Hello() if hello is None:
                exchange.hello = frame
                if frame.hub == self._own and frame.life != self._life:
                    return IdShared()
                if objection := self._objection(frame):
                    return Rejected(frame.hub, POLICY_VIOLATION, objection)
                if not authenticator.is_required:
                    return self._choose(link, frame)
                return ProofNeeded(authenticator.prove(frame.hub, exchange.nonce, frame.nonce))
            case Proof() if hello is not None and authenticator.is_required:
                if objection := authenticator.objection(hello, exchange.nonce, frame):
                    return Rejected(hello.hub, POLICY_VIOLATION, objection)
                if not authenticator.is_member(hello.hub):
                    return Unlisted(hello.hub)
                return self._choose(link, hello)
            case _:
                hub = None if hello is None else hello.hub
                return Rejected(hub, POLICY_VIOLATION, NO_HELLO)

    def _choose(self, link: Link, hello: Hello) -> Admitted | Rejected:
        rival = self._links.over(link.carrier, hello.hub)
        if rival is not None and self._stays(rival, link, hello):
            return Rejected(hello.hub, NORMAL_CLOSURE, "second link", is_proved=True)
        return Admitted(hello, rival)

    def _objection(self, hello: Hello) -> str:
        if hello.hub == self._own:
            return ITSELF
        if hello.version != VERSION:
            return OTHER_VERSION
        if hello.namespace != self._namespace:
            return OTHER_MESH
        if bool(hello.key) != bool(self._authenticator.key):
            return ONE_IDENTITY
        if len(hello.nonce) != (NONCE_SIZE if self._authenticator.is_required else 0):
            return ONE_IS_OPEN
        return ""

    def _stays(self, rival: NeighbourLink, link: Link, hello: Hello) -> bool:
        """Tell whether a link stays when there is another to the same hub; both ends agree."""
        if hello.life != rival.life or bool(link.opening) == bool(rival.opening):
            return False  # the hub has begun a new life, or has opened the link anew
        return bool(rival.opening) == (self._own > hello.hub)
