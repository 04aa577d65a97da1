"""What comes over links, handed to the part that it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import Arrived, LoadTold
from peerpigeon.core.interface.close_codes import POLICY_VIOLATION
from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.wire.hub_frames import (
    Ack,
    Adverts,
    Bye,
    Carrier,
    Heartbeat,
    Hello,
    Load,
    Proof,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import Relay
from peerpigeon.core.wire.hub_validation import opened

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.mesh.identities import Identities
    from peerpigeon.core.mesh.link_lifecycle import LinkLifecycle
    from peerpigeon.core.mesh.links import Link
    from peerpigeon.core.mesh.mesh_view import MeshView
    from peerpigeon.core.mesh.parts import MeshParts
    from peerpigeon.core.wire.hub_frames import Frame


class IncomingFrames:
    """The frames that come over all links of one hub."""

    def __init__(self, parts: MeshParts, lifecycle: LinkLifecycle, view: MeshView) -> None:
        self._effects = parts.effects
        self._identities = parts.identities
        self._membership = parts.membership
        self._links = parts.links
        self._closing = parts.closing
        self._anti_entropy = parts.anti_entropy
        self._forwarder = parts.forwarder
        self._negotiation = parts.negotiation
        self._lifecycle = lifecycle
        self._view = view

    def receive(self, number: LinkId, frame: Frame, now: float) -> None:
        """Take one frame that has come over a link."""
        link = self._links.get(number)
        if link is None:
            self._on_late(number, frame, now)
            return
        self._links.heard(link, now)
        if not isinstance(link, NeighbourLink):
            self._on_first(link, frame, now)
        elif isinstance(frame, Routed):  # as most are
            self._on_routed(link.hub, frame, now)
        else:
            self._on_frame(link, frame, now)

    def _on_first(self, link: Link, frame: Frame, now: float) -> None:
        """Take a frame from an end that has not been let in yet."""
        if isinstance(frame, Bye):
            self._lifecycle.refused(link, frame.reason, now)
        else:
            self._lifecycle.on_handshake(link, frame, now)

    def _on_late(self, number: LinkId, frame: Frame, now: float) -> None:
        """Take what still comes over a link that is closing."""
        link = self._closing.get(number)
        if link is None:
            return
        match frame:
            case Bye():
                self._closing.answered(link)
            case Routed(body=Segment(news=Relay())) if link.is_stale:
                pass  # its source has given it up, or sends it again
            case Routed() | Sealed() if link.hub is not None:
                self._on_routed(link.hub, frame, now)
            case Adverts() if link.hub is not None:
                self._view.on_adverts(link.hub, frame, now)

    def _on_frame(self, link: NeighbourLink, frame: Frame, now: float) -> None:
        match frame:
            case Routed() | Sealed():
                self._on_routed(link.hub, frame, now)
            case Adverts():
                self._view.on_adverts(link.hub, frame, now)
            case Heartbeat(digest):
                self._anti_entropy.on_heartbeat(link, digest, now)
            case Summary():
                self._anti_entropy.on_summary(link, frame)
            case Load():
                if link.carrier is Carrier.LOCAL:
                    self._effects.report(LoadTold(link.hub, frame))
            case Bye(reason):
                self._lifecycle.left(link, reason, now)
            case Hello() | Proof():
                reason = "a link begins with one hello"
                self._lifecycle.close(link, POLICY_VIOLATION, reason, now)
            case _:
                assert_never(frame)

    def _is_genuine(self, identities: Identities, frame: Routed | Sealed) -> bool:
        """Tell whether a frame is by its source, and of the lives that both hubs have now.

        What is of another life may have been kept by somebody, to be said again.
        """
        known = self._membership.incarnation(frame.source)
        is_of_now = frame.source_incarnation == known and frame.destination_incarnation > 0
        return is_of_now and identities.is_by_source(frame, self._membership.key(frame.source))

    def _on_routed(self, sender: PeerId, frame: Routed | Sealed, now: float) -> None:
        own = self._membership.own
        if frame.destination != own.hub:
            self._forwarder.pass_on(frame, sender, now)
            return
        is_meant = frame.destination_incarnation in (0, own.incarnation)
        if frame.source == own.hub or not is_meant:
            return  # made up by a neighbour, or for an earlier life of this hub
        if self._identities is not None and not self._is_genuine(self._identities, frame):
            return
        match opened(frame.body):
            case Segment() | Ack() as body:
                self._effects.report(Arrived(frame.source, frame.source_incarnation, body))
            case step if step is not None:
                self._negotiation.on_step(frame.source, step, now)
