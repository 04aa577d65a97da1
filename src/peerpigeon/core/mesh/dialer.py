"""Which addresses this hub dials, and what becomes of those dials and of its channels' openings."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import (
    HubReported,
    ReferenceChange,
    ReferenceFound,
    ReferenceGone,
    ReferenceNamed,
)
from peerpigeon.core.interface.actions import Action, ClosePeer, Dial, DropChannel, Tell
from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.interface.notices import BootstrapConnected, BootstrapDisconnected
from peerpigeon.core.mesh.bootstrap import Bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.interface.events import OpeningFailed, ReferenceOpened
    from peerpigeon.core.mesh.attempts import Attempts, Opening
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.mesh.membership import Membership


class Dialer:
    """The openings of one hub: begun towards addresses, ended towards anybody."""

    def __init__(
        self,
        config: ServerConfig,
        links: Links,
        membership: Membership,
        attempts: Attempts,
        rng: Random,
        now: float,
    ) -> None:
        self._config = config
        self._links = links
        self._membership = membership
        self._attempts = attempts
        self._references: dict[SessionId, str] = {}  # the addresses where hubs of the package are
        self._found: dict[PeerId, None] = {}  # those hubs, and who of them has dialled us
        self._bootstrap = Bootstrap(
            membership.own.hub,
            config.bootstrap_hubs if config.auto_connect else (),
            rng,
            interval=config.reconnect_interval,
            quick_rounds=config.max_reconnect_attempts,
            now=now,
        )

    def deadline(self) -> float | None:
        """Return when ``dial_due`` or ``search`` has something to do."""
        return self._bootstrap.deadline()

    # Dialling

    def dial(self, uris: Iterable[str], now: float) -> list[Action]:
        """Dial addresses, but for those that are being dialled or linked."""
        attempts, links = self._attempts, self._links
        references = self._references.values()
        return [
            Dial(attempts.dial(uri, None, now).opening, uri)
            for uri in uris
            if not (attempts.is_dialling(uri) or links.has_dialled(uri) or uri in references)
        ]

    def bootstrap_links(self) -> list[Link]:
        """Return the links to which the bootstrap addresses have led."""
        return [link for link in self._links if self._bootstrap.is_configured(link.uri)]

    def leave_bootstrap(self) -> None:
        """Dial the bootstrap addresses no more."""
        self._bootstrap.leave()

    def dial_due(self, now: float) -> list[Action]:
        """Dial the bootstrap addresses whose time has come."""
        uris = self._bootstrap.due(
            self._membership.__contains__,
            len(self._membership),
            self._former_addresses,
            is_linked=bool(self._links.neighbours),
            now=now,
        )
        # A hub of the package that has dialled us needs no second socket.
        behind = self._bootstrap.behind
        return self.dial([uri for uri in uris if behind(uri) not in self._found], now)

    def is_searching(self, now: float) -> bool:
        """Tell whether it is time for a round of ``search``."""
        return self._bootstrap.is_searching(now)

    def search(self, gap: list[PeerId], now: float) -> list[Action]:
        """Dial some of the missing hubs that are this hub's to look for."""
        actions: list[Action] = []
        for hub in self._bootstrap.search(gap, now):
            actions += self.dial(self._addresses(hub), now)
        return actions

    def _addresses(self, hub: PeerId) -> tuple[str, ...]:
        advert = self._membership.advert(hub)
        return () if advert is None else advert.addresses

    def _former_addresses(self) -> list[str]:
        """Return addresses of some hubs known from before, to try when there is no link left."""
        known = sorted(self._membership.known())
        return self._bootstrap.draw([uri for hub in known for uri in self._addresses(hub)])

    def reach_for(self, hubs: list[PeerId], now: float) -> list[Action]:
        """Dial some of the hubs that most others are with, without waiting until they are gone."""
        return self.dial(self._bootstrap.draw([u for h in hubs for u in self._addresses(h)]), now)

    # What becomes of it

    def opened(self, link: Link) -> list[Action]:
        """Note the link to which an opening has led."""
        opening = self._attempts.get(link.opening)
        if opening is None:
            return []
        link.uri = opening.uri
        self._attempts.succeed(opening)
        if self._bootstrap.is_configured(link.uri):
            return [Tell(BootstrapConnected(link.uri))]
        return []

    def reference_opened(self, event: ReferenceOpened, now: float) -> tuple[str, list[Action]]:
        """Return the address where a hub of the package has answered; none if it is unwelcome."""
        opening, config = self._attempts.get(event.opening), self._config
        if opening is None:
            return "", [ClosePeer(event.session, POLICY_VIOLATION, "too late")]
        uri, is_configured = opening.uri, self._bootstrap.is_configured(opening.uri)
        # Who has named it as a bootstrap hub trusts it.
        is_welcome = is_configured and config.reference_hubs != "no"
        if not (is_welcome or config.welcomes_reference_hubs):
            close = ClosePeer(event.session, POLICY_VIOLATION, "hubs of this kind are not let in")
            return "", [close, *self._fail(opening, "a hub of the npm package", now)]
        self._attempts.end(opening)
        self._references[event.session] = uri
        return uri, [Tell(BootstrapConnected(uri))] if is_configured else []

    def on_reference(self, change: ReferenceChange, now: float) -> list[Action]:
        """Note what has become of a hub of the package, or what one has said."""
        match change:
            case ReferenceNamed(session, hub):
                self._bootstrap.found(self._references.get(session, ""), hub)
            case ReferenceFound(hub):
                self._found[hub] = None
            case HubReported(hub, addresses):
                self._bootstrap.report(hub, addresses, now)
            case ReferenceGone(hub, session, code, reason):
                if hub is not None:
                    del self._found[hub]
                uri = self._references.pop(session, None)
                if uri is not None:
                    self._bootstrap.reference_lost(now)
                    return self._disconnected(uri, code, reason)
            case _:
                assert_never(change)
        return []

    def identified(self, link: Link, hub: PeerId) -> None:
        """Note who has answered at the other end of a link, welcome or not."""
        self._bootstrap.found(link.uri, hub)

    def failed(self, event: OpeningFailed, now: float) -> list[Action]:
        """Note that the shell says that an opening leads to nothing."""
        known = self._attempts.get(event.opening)
        return [] if known is None else self._fail(known, event.reason, now, is_final=True)

    def expire(self, now: float) -> list[Action]:
        """Give up the openings whose time is up."""
        actions: list[Action] = []
        for opening in self._attempts.expire(now):
            if not opening.uri:
                actions.append(DropChannel(opening.opening))
            actions += self._fail(opening, "no answer", now)
        return actions

    def _fail(
        self, opening: Opening, reason: str, now: float, *, is_final: bool = False
    ) -> list[Action]:
        self._attempts.fail(opening, now, is_final=is_final)
        return self._disconnected(opening.uri, ABNORMAL_CLOSURE, reason)

    def ended(self, link: Link, code: int, reason: str) -> list[Action]:
        """Note the end of a link."""
        return self._disconnected(link.uri, code, reason)

    def _disconnected(self, uri: str, code: int, reason: str) -> list[Action]:
        if self._bootstrap.is_configured(uri):
            return [Tell(BootstrapDisconnected(uri, code, reason))]
        return []

    def links_lost(self, now: float) -> None:
        """Note that there is no neighbour left: dial at once."""
        self._bootstrap.links_lost(now)

    def hubs_lost(self, now: float) -> None:
        """Note that hubs have gone missing: look for them."""
        self._bootstrap.hubs_lost(now)
