"""Who is let in at a link, and how it ends: hello, objections, second links, farewell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import CloseLink
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.mesh.authentication import NONCE_SIZE
from peerpigeon.core.mesh.closing import ClosingLink, ClosingLinks
from peerpigeon.core.wire.hub_frames import VERSION, Carrier, Hello, Proof

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.mesh.authentication import Authenticator
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.wire.hub_frames import Advert, Frame

LINK_LIMIT = 4096
"""Connections with other hubs at one time, beyond which no more are accepted. All hubs of a mesh
may come to one of them at once, so that it is far more than the links a hub keeps."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a link whose other end has said who it is."""

    objection: str = ""
    """Why the link is to be closed; empty if it is welcome, and from now on the one to use."""
    reply: Proof | None = None
    """What to say before more can be decided; nothing else counts then."""
    code: int = NORMAL_CLOSURE
    """The code to close it with."""
    replaced: Link | None = None
    """The link over the same carrier whose place it takes; to be closed."""


@dataclass(frozen=True, slots=True)
class Parting:
    """What the end of a link means."""

    hub: PeerId
    was_last: bool
    """Whether the hub is no longer a neighbour."""
    is_broken: bool
    """Whether it has ceased to be one without a word: frames on their way may be lost."""
    was_last_channel: bool
    """Whether the hub was linked by data channel and is not any more."""


class Handshake:
    """The beginnings and ends of the links of one hub."""

    def __init__(
        self, own: PeerId, namespace: str, links: Links, credentials: Authenticator
    ) -> None:
        self._own = own
        self._namespace = namespace
        self._links = links
        self._authenticator = credentials
        self.departures = ClosingLinks()

    def has_room(self, opening: int) -> bool:
        """Tell whether a new connection may stay; one that we have opened may."""
        return opening != 0 or len(self._links) + len(self.departures) < LINK_LIMIT

    def hello(self, link: Link, own: Advert, digest: int) -> Hello:
        """Return what to say first on a new link."""
        link.nonce = self._authenticator.nonce()
        return Hello(self._own, own.incarnation, self._namespace, VERSION, digest, link.nonce)

    def meet(self, link: Link, frame: Frame) -> Verdict:
        """Take what a stranger says, and let him in, ask for more, or say why not."""
        match frame:
            case Hello() if link.hello is None:
                link.hello = frame
                if objection := self._objection(frame):
                    return Verdict(objection, code=POLICY_VIOLATION)
                if not self._authenticator.are_asked_for:
                    return self._judge(link, frame)
                mac = self._authenticator.prove(frame.hub, link.nonce, frame.nonce)
                return Verdict(reply=Proof(mac))
            case Proof(mac) if self._awaits_proof(link) and (hello := link.hello) is not None:
                if self._authenticator.holds(hello.hub, link.nonce, hello.nonce, mac):
                    return self._judge(link, hello)
                return Verdict("the two hubs have different hub_secrets", code=POLICY_VIOLATION)
            case _:
                return Verdict("a link begins with one hello", code=POLICY_VIOLATION)

    def _awaits_proof(self, link: Link) -> bool:
        return self._authenticator.are_asked_for and link.hub is None

    def _judge(self, link: Link, hello: Hello) -> Verdict:
        rival = self._links.over(link.carrier, hello.hub)
        if rival is not None and self._stays(rival, link, hello):
            return Verdict("second link")
        self._links.identify(link, hello.hub, hello.incarnation)
        return Verdict(replaced=rival)

    def _objection(self, hello: Hello) -> str:
        if hello.hub == self._own:
            return "this hub itself"
        if hello.version != VERSION:
            return f"protocol version {VERSION} is spoken here"
        if hello.namespace != self._namespace:
            return "another hub mesh namespace"
        if len(hello.nonce) != (NONCE_SIZE if self._authenticator.are_asked_for else 0):
            return "only one of the two hubs has a hub_secret"
        return ""

    def _stays(self, rival: Link, link: Link, hello: Hello) -> bool:
        """Tell whether a link stays when there is another to the same hub; both ends agree."""
        if hello.incarnation != rival.incarnation or bool(link.opening) == bool(rival.opening):
            return False  # the hub has begun a new life, or has opened the link anew
        return bool(rival.opening) == (self._own > hello.hub)

    def farewell(self, link: Link, code: int, reason: str, now: float) -> list[Action]:
        """Return what to do to close a link; it is still to be parted with."""
        closing = CloseLink(link.link, code, reason)
        if code != NORMAL_CLOSURE:
            return [closing]
        link.is_leaving = True
        return self.departures.begin(ClosingLink(link.hub, closing, is_ours=True), now)

    def take_leave(self, link: Link, reason: str, now: float) -> list[Action]:
        """Return what to say when the other end leaves; the link is still to be parted with."""
        link.is_leaving = True
        closing = CloseLink(link.link, NORMAL_CLOSURE, reason)
        return self.departures.begin(ClosingLink(link.hub, closing, is_ours=False), now)

    def part(self, link: Link) -> Parting | None:
        """Strike a link off; return what that means if it was known who was there."""
        hub, was_last = link.hub, self._links.close(link)
        if hub is None:
            return None
        is_channel = link.carrier is Carrier.P2P
        return Parting(
            hub,
            was_last,
            was_last and not link.is_leaving,
            is_channel and self._links.over(Carrier.P2P, hub) is None,
        )
