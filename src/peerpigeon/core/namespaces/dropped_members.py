"""The members at hubs that are gone, which clients know until they are told that they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.dropping import Dropping
from peerpigeon.core.namespaces.records import RECORD_BYTES
from peerpigeon.core.wire.ranges import is_session_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.memory import Pot
    from peerpigeon.core.namespaces.acquaintances import Acquaintances
    from peerpigeon.core.namespaces.client_news import ClientNews
    from peerpigeon.core.namespaces.hub_views import HubViews
    from peerpigeon.core.namespaces.local_namespace import LocalNamespace
    from peerpigeon.core.namespaces.names_by_hub import NamesByHub
    from peerpigeon.core.namespaces.registrations import LocalMember
    from peerpigeon.core.wire.hub_news import Meet


class DroppedMembers(Dropping):
    """Has the members of hubs that are gone end for all clients that know them.

    What these are to be told is kept until ``take_told``.
    """

    def __init__(
        self,
        namespaces: Mapping[str, LocalNamespace],
        by_hub: NamesByHub,
        acquaintances: Acquaintances,
        views: HubViews,
        memory: Pot,
    ) -> None:
        super().__init__()
        self._locals = namespaces
        self._by_hub = by_hub
        self._acquaintances = acquaintances
        self._views = views
        self._memory = memory
        self._told: list[ClientNews] = []

    def members(self, hub: PeerId, before: int, now: float) -> Iterator[int]:
        """End the members of a hub one by one: those with sessions below ``before``, 0 for all."""
        for local in [self._locals[name] for name in self._by_hub.at(hub)]:
            concerned: dict[LocalMember, None] = {}
            for session, one in list(local.registrations.get(hub, {}).items()):
                is_over = not before or is_session_over(session, before)
                if is_over and local.find(hub, session) is one:
                    told = self._acquaintances.end(local, [one], concerned, has_said_goodbye=False)
                    self._told += told
                    yield 1 + sum(len(news.peers) for news in told)
            self._acquaintances.ask_all(local, concerned)
            if hub in local.registrations:
                self._views.note_remains(hub, now)

    def finish_before(self, meet: Meet) -> None:
        """Drop first what is left of hubs that are heard of again, or what takes the room."""
        if not self._memory.is_spacious(len(meet.members) * RECORD_BYTES):
            self.finish_all()
        for located in meet.members:
            hub, session = located.hub, located.member.session
            if hub in self and not is_session_over(session, self._views.first_session(hub)):
                self.finish(hub)

    def take_told(self) -> list[ClientNews]:
        """Return what clients are to be told, once."""
        told, self._told = self._told, []
        return told
