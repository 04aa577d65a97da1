"""The life of a link: opened, greeted, let in, left or lost; and what follows for this hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import RoutesChanged
from peerpigeon.core.interface import close_codes
from peerpigeon.core.interface.actions import CloseLink, SendToLink, Tell, TrustLink, Warn
from peerpigeon.core.interface.notices import HubP2PConnected, HubP2PDisconnected
from peerpigeon.core.mesh.handshake import Admitted, IdShared, ProofNeeded, Rejected, Unlisted
from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.mesh.refusals import (
    ID_SHARED,
    NO_PROOF,
    REFUSING,
    SILENT,
    TOO_MANY_LINKS,
    UNLISTED_THERE,
    is_refusal,
    refused_here,
    refused_there,
)
from peerpigeon.core.wire.hub_frames import Carrier

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import LinkId
    from peerpigeon.core.interface.events import LinkLost, LinkOpened
    from peerpigeon.core.mesh.links import Link, Parting
    from peerpigeon.core.mesh.parts import MeshParts
    from peerpigeon.core.mesh.readiness import Readiness
    from peerpigeon.core.wire.hub_frames import Frame


class LinkLifecycle:
    """All links of one hub, from their beginning to their end."""

    def __init__(self, parts: MeshParts, readiness: Readiness) -> None:
        self._most_links = parts.limits.open_links
        self._effects = parts.effects
        self._addresses = parts.addresses
        self._alone = parts.alone
        self._membership = parts.membership
        self._namesakes = parts.namesakes
        self._links = parts.links
        self._handshake = parts.handshake
        self._closing = parts.closing
        self._strangers = parts.strangers
        self._bootstrap = parts.bootstrap
        self._dialer = parts.dialer
        self._planner = parts.planner
        self._roles, self._migration = parts.roles, parts.migration
        self._gossip = parts.gossip
        self._anti_entropy = parts.anti_entropy
        self._readiness = readiness

    # Beginning

    def opened(self, event: LinkOpened, now: float) -> None:
        """Greet whoever is at the other end of a new connection."""
        link = self._links.open(event.link, event.carrier, event.opening, now, event.address)
        if event.opening:
            self._strangers.expect(link.id, now)
        else:
            self._make_room(self._strangers.admit(link.id, event.address, now), now)
        dialled = self._dialer.opened(link)
        hello = self._handshake.begin(link, self._membership.digest, dialled)
        self._effects.act(SendToLink(link.id, hello))

    def on_handshake(self, link: Link, frame: Frame, now: float) -> None:
        """Take a frame from an end that has not been let in yet."""
        decision = self._handshake.receive(link, frame)
        match decision:
            case Admitted(replaced=None) if self._is_full_for(link):
                self.close(link, close_codes.TRY_AGAIN_LATER, TOO_MANY_LINKS, now)
            case Admitted():
                self._admit(link, decision, now)
            case ProofNeeded(proof):
                self._effects.act(SendToLink(link.id, proof))
            case Rejected(hub, code, reason, is_proved):
                if is_proved:
                    self._effects.act(TrustLink(link.id))
                if hub is not None:
                    self._dialer.answered(link, hub)
                self.close(link, code, reason, now)
            case IdShared():
                self._namesakes.meet(self._dialer.addresses(link))
                self.close(link, close_codes.POLICY_VIOLATION, ID_SHARED, now)
            case Unlisted(hub):
                self._dialer.answered(link, hub)
                self.close(link, close_codes.POLICY_VIOLATION, UNLISTED_THERE, now)
            case _:
                assert_never(decision)

    def _is_full_for(self, link: Link) -> bool:
        # One that we have opened may stay, however many there are.
        admitted = len(self._links) - len(self._strangers) + len(self._closing)
        return not link.opening and admitted >= self._most_links

    def _make_room(self, evicted: LinkId | None, now: float) -> None:
        if evicted is not None and (link := self._links.get(evicted)) is not None:
            self.close(link, close_codes.TRY_AGAIN_LATER, TOO_MANY_LINKS, now)

    def _admit(self, link: Link, admitted: Admitted, now: float) -> None:
        self._effects.act(TrustLink(link.id))
        hello, had_neighbours = admitted.hello, bool(self._links.neighbours)
        digest = self._membership.digest
        named = self._links.identify(link, hello.hub, hello.life)
        self._effects.counts.links_opened[link.carrier.name.lower()] += 1
        self._handshake.end(link)
        self._strangers.forget(link.id)
        self._dialer.answered(link, hello.hub)
        self._addresses.told(hello.hub, hello.dialled)
        self._membership.move(self._addresses.latest)
        if admitted.replaced is not None:
            self.close(admitted.replaced, close_codes.NORMAL_CLOSURE, "second link", now)
        elif link.carrier is Carrier.P2P:
            self._effects.act(Tell(HubP2PConnected(hello.hub)))
        if not had_neighbours:
            self._alone.end()
            self._effects.report(RoutesChanged())  # before, there was no way to anybody
            ends = self._roles.ends(is_ready=self._migration.is_ready)
            self._gossip.begin(ends, self._planner.admission_bar, now)
        self._gossip.greet(named)
        self._anti_entropy.greet(named, is_same=hello.digest == digest)
        self._gossip.flush_soon(now)
        self._planner.replan_soon(now)
        self._readiness.update(now)

    # End

    def close(self, link: Link, code: int, reason: str, now: float) -> None:
        """Close a link from this end; in good order the other end is heard until it is done."""
        self._warn(link, code, reason, refused_here)
        if code == close_codes.NORMAL_CLOSURE:
            self._closing.begin(link, reason, now, is_ours=True)
        else:
            self._effects.act(CloseLink(link.id, code, reason))
        self._end(link, code, reason, now)

    def left(self, link: Link, reason: str, now: float) -> None:
        """Take the other end's ``Bye``."""
        self._closing.begin(link, reason, now, is_ours=False)
        self._end(link, close_codes.NORMAL_CLOSURE, reason, now)

    def refused(self, link: Link, reason: str, now: float) -> None:
        """Take the ``Bye`` of an end that has not been let in: there is nothing to wait for."""
        self._effects.act(CloseLink(link.id, close_codes.NORMAL_CLOSURE, reason))
        self._end(link, close_codes.NORMAL_CLOSURE, reason, now)

    def lost(self, event: LinkLost, now: float) -> None:
        """Go on without a link that has broken."""
        self._closing.end(event.link)
        if (link := self._links.get(event.link)) is not None:
            self._warn(link, event.code, event.reason, refused_there)
            self._end(link, event.code, event.reason, now)
            is_cut = event.code == close_codes.ABNORMAL_CLOSURE
            if is_cut and link.carrier is Carrier.LOCAL and isinstance(link, NeighbourLink):
                # No network is between workers: such a link breaks with the process at its end.
                self._membership.ended(link.hub, now)

    def end_silent(self, interval: float, now: float) -> None:
        """End the links that are silent though hearts beat every ``interval`` seconds."""
        for link in self._links.silent(interval, now):
            self._effects.act(CloseLink(link.id, close_codes.POLICY_VIOLATION, SILENT))
            self._end(link, close_codes.ABNORMAL_CLOSURE, SILENT, now)

    def end_unproved(self, now: float) -> None:
        """End the links over which nobody has proved in time to be of the mesh."""
        for number in self._strangers.expire(now):
            if (link := self._links.get(number)) is not None:  # pragma: no branch
                self.close(link, close_codes.POLICY_VIOLATION, NO_PROOF, now)

    def end_stale(self, now: float) -> None:
        """End all links, because this process was asleep and the other ends have given them up."""
        for link in self._links:
            self._closing.begin(link, "asleep", now, is_ours=True, is_stale=True)
            self._end(link, close_codes.ABNORMAL_CLOSURE, "asleep", now)

    def _warn(self, link: Link, code: int, reason: str, say: Callable[[str], str | None]) -> None:
        """Have it in the log that a hub was refused, by whichever end."""
        if code not in REFUSING:
            return
        if isinstance(link, NeighbourLink) and not is_refusal(code, reason):
            return
        if (text := say(reason)) is not None:
            hub = link.hub if isinstance(link, NeighbourLink) else self._handshake.hub(link) or ""
            address = next(iter(self._dialer.addresses(link)), link.address)
            self._effects.act(Warn(text, address, hub, reason))

    def _end(self, link: Link, code: int, reason: str, now: float) -> None:
        parting = self._links.close(link)
        self._handshake.end(link)
        self._strangers.forget(link.id)
        self._anti_entropy.forget(link)
        self._dialer.ended(link, code, reason, now)
        if parting is not None:
            if code != close_codes.NORMAL_CLOSURE:
                self._effects.counts.links_lost[link.carrier.name.lower()] += 1
            self._part(link, parting, now, is_refused=is_refusal(code, reason))

    def _part(self, link: Link, parting: Parting, now: float, *, is_refused: bool) -> None:
        """See to what the end of a link to a neighbour means."""
        if parting.was_last_channel:
            self._effects.act(Tell(HubP2PDisconnected(parting.hub)))
        if parting.was_last:
            self._effects.report(RoutesChanged())
        if parting.was_last and link.id not in self._closing:
            # Without a word: frames on their way may be lost, and all have to know at once.
            self._gossip.flush_by(now, is_urgent=True)
            self._membership.check_soon(now)
        else:
            self._gossip.flush_soon(now)
        if not self._links.neighbours and not self._membership.is_leaving:
            if not is_refused:  # else it would be refused again, as often as it can dial
                self._bootstrap.links_lost(now)
            self._alone.begin(now)
        self._planner.replan_by(now)
        self._readiness.update(now)
