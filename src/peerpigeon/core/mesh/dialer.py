"""Which addresses this hub dials, and what becomes of its attempts to open links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import Dial, DropChannel
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.core.interface.events import NO_ENGINE
from peerpigeon.core.mesh.attempts import ChannelAttempt, DialAttempt
from peerpigeon.core.mesh.channel_failures import channel_failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.interface.events import OpeningFailed
    from peerpigeon.core.mesh.attempts import Attempt, Attempts
    from peerpigeon.core.mesh.bootstrap import Bootstrap
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.mesh.reference_hubs import ReferenceHubs
    from peerpigeon.core.mesh.siblings import Siblings


class Dialer:
    """The dials of one hub, and the ends of all its attempts."""

    def __init__(  # noqa: PLR0913, PLR0917 - as for ``Mesh``
        self,
        links: Links,
        membership: Membership,
        attempts: Attempts,
        bootstrap: Bootstrap,
        reference_hubs: ReferenceHubs,
        effects: Effects,
        siblings: Siblings,
    ) -> None:
        self._siblings = siblings
        self._links = links
        self._membership = membership
        self._attempts = attempts
        self._bootstrap = bootstrap
        self._policy = bootstrap.policy
        self._reference_hubs = reference_hubs
        self._effects = effects
        self._addresses: dict[LinkId, str] = {}  # those that have led to the open links

    # Dialling

    def dial(self, uri: str, now: float) -> None:
        """Dial an address that the operator has named, if it is not being dialled or linked."""
        self._dial(uri, now, is_told=False)

    def dial_told(self, uris: Iterable[str], now: float) -> None:
        """Dial addresses, those that only other hubs have named if that is allowed."""
        for uri in uris:
            is_ours = uri in self._policy.own or self._bootstrap.is_configured(uri)
            if is_ours or self._policy.admits(uri):
                self._dial(uri, now, is_told=not is_ours)

    def _dial(self, uri: str, now: float, *, is_told: bool) -> None:
        if not self._is_taken(uri):
            self._effects.act(Dial(self._attempts.dial(uri, None, now).opening, uri, is_told))

    def _is_taken(self, uri: str) -> bool:
        return (
            self._attempts.is_dialling(uri)
            or uri in self._addresses.values()
            or self._reference_hubs.is_linked_at(uri)
        )

    def dial_due(self, now: float) -> None:
        """Dial the bootstrap addresses and the other workers whose time has come."""
        for uri in self._siblings.next_round(now):
            self._dial(uri, now, is_told=False)
        if not self._bootstrap.is_due(now):
            return
        is_linked = bool(self._links.neighbours)
        former = [] if is_linked else self._former_addresses()
        live, theirs = self._membership.live, set[str]()
        if is_linked:
            theirs.update(*(advert.addresses for advert in self._membership.live_adverts()))
        uris = self._bootstrap.next_round(live, former, now, is_linked=is_linked, theirs=theirs)
        # A hub that has dialled us needs no second socket.
        behind, is_reference_hub = self._bootstrap.behind, self._reference_hubs.is_linked
        self.dial_told([uri for uri in uris if not is_reference_hub(behind(uri))], now)

    def _former_addresses(self) -> list[str]:
        """Return the addresses of the hubs known from before, to try when there is no link left."""
        return [uri for hub in sorted(self._membership.known()) for uri in self._addresses_of(hub)]

    def _addresses_of(self, hub: PeerId) -> tuple[str, ...]:
        advert = self._membership.advert(hub)
        return () if advert is None else tuple(filter(self._policy.admits, advert.addresses))

    def search(self, gap: list[PeerId], now: float) -> None:
        """Dial some of the missing hubs that are this hub's to look for."""
        for hub in self._bootstrap.search(gap, now):
            self.dial_told(self._addresses_of(hub), now)

    def reach_for(self, hubs: Iterable[PeerId], now: float) -> None:
        """Dial some of the hubs that most others are with, without waiting until they are gone."""
        self.dial_told(self._bootstrap.draw([u for h in hubs for u in self._addresses_of(h)]), now)

    # What becomes of it

    def opened(self, link: Link) -> str:
        """Note the link to which an attempt has led; return the address if one was dialled."""
        attempt = self._attempts.get(link.opening)
        if attempt is None:
            return ""
        self._attempts.succeed(attempt)
        if not isinstance(attempt, DialAttempt):
            return ""
        self._addresses[link.id] = attempt.uri
        self._siblings.found(attempt.uri)
        self._bootstrap.connected(attempt.uri)
        return attempt.uri

    def addresses(self, link: Link) -> tuple[str, ...]:
        """Return the address that has led to a link, if we have dialled it."""
        uri = self._addresses.get(link.id)
        return () if uri is None else (uri,)

    def answered(self, link: Link, hub: PeerId) -> None:
        """Note who is at the other end of a link, welcome or not."""
        if (uri := self._addresses.get(link.id)) is not None:
            self._bootstrap.found(uri, hub)

    def ended(self, link: Link, code: int, reason: str, now: float) -> None:
        """Note the end of a link."""
        if (uri := self._addresses.pop(link.id, None)) is not None:
            self._siblings.lost(uri, now)
            self._bootstrap.disconnected(uri, code, reason)

    def bootstrap_links(self) -> list[Link]:
        """Return the links to which the bootstrap addresses have led."""
        uris = self._addresses
        return [
            link
            for link in self._links
            if link.id in uris and self._bootstrap.is_configured(uris[link.id])
        ]

    def failed(self, event: OpeningFailed, now: float) -> None:
        """Take the shell's word that an attempt leads to nothing."""
        attempt = self._attempts.get(event.opening)
        if attempt is not None:
            self._fail(attempt, event.reason, now, is_final=True)

    def expire(self, now: float) -> None:
        """Give up the attempts whose time is up."""
        for attempt in self._attempts.expire(now):
            if isinstance(attempt, ChannelAttempt):
                self._effects.act(DropChannel(attempt.opening))
            self._fail(attempt, "no answer", now)

    def _fail(self, attempt: Attempt, reason: str, now: float, *, is_final: bool = False) -> None:
        self._attempts.fail(attempt, now, is_final=is_final)
        failed = self._effects.counts.attempts_failed
        if isinstance(attempt, ChannelAttempt):
            failed["p2p"] += 1
            if attempt.is_agreed or (is_final and reason != NO_ENGINE):
                addresses = self._addresses_of(attempt.hub)
                self._effects.act(channel_failure(attempt, reason, next(iter(addresses), "")))
        else:
            failed["local" if attempt.uri in self._siblings else "websocket"] += 1
            self._siblings.lost(attempt.uri, now)
            self._bootstrap.disconnected(attempt.uri, ABNORMAL_CLOSURE, reason)
