"""Which ids the clients of one hub have been granted, and who else may speak under an id."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.wire.ranges import is_session_over

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.hub_views import HubViews
    from peerpigeon.core.namespaces.local_namespace import LocalNamespace
    from peerpigeon.core.namespaces.lookup_cache import LookupCache
    from peerpigeon.core.namespaces.registrations import Registration
    from peerpigeon.core.wire.hub_news import Granted, Member


class Standing(Enum):
    """What is known of the registration that a signal comes from."""

    CURRENT = "the one that has the id"
    UNKNOWN = "none is known that has the id"
    CONTESTED = "another one is known that has the id, or may have it by now"
    OVER = "it is over"


class GrantedIds:
    """Whose an id is, as far as one hub knows: it marks its own clients, and reads all else.

    ``gone`` has the registrations, by hub and session, that are known to be over.
    """

    def __init__(
        self,
        namespaces: Mapping[str, LocalNamespace],
        lookups: LookupCache,
        gone: Container[tuple[PeerId, int]],
        views: HubViews,
    ) -> None:
        self._locals = namespaces
        self._lookups = lookups
        self._gone = gone
        self._views = views

    def grant(self, granted: Granted) -> tuple[list[Member], list[Registration]]:
        """Note that our clients have their ids.

        Returns those that had not before, and what is over by it: the registrations of their ids
        at other hubs.
        """
        local = self._locals.get(granted.namespace)
        if local is None:
            return [], []
        clients = (local.with_session(session) for session in granted.sessions)
        fresh = [client for client in clients if client is not None and not client.is_granted]
        for client in fresh:
            client.is_granted = True
        known = (local.by_key.get(client.key) for client in fresh)
        over = [one for one in known if one is not None]
        return [client.located.member for client in fresh], over

    def has_id(self, namespace: str, peer: PeerId) -> bool:
        """Tell whether a client of ours has been granted an id."""
        local = self._locals.get(namespace)
        client = local.clients.get(key_of(peer)) if local else None
        return client is not None and client.is_granted

    def standing(
        self, namespace: str, sender: PeerId, hub: PeerId, session: int, now: float
    ) -> Standing:
        """Judge whether another hub's client may speak under its id, as far as we know."""
        local, key = self._locals.get(namespace), key_of(sender)
        known = local.by_key.get(key) if local is not None else None
        found = self._lookups.find(namespace, sender, now)
        if found is None and known is not None:
            found = known.located
        client = local.clients.get(key) if local is not None else None
        is_ours = client is not None and client.is_granted
        if (
            found is not None
            and found.hub == hub
            and found.member.session == session
            and not is_ours
        ):
            return Standing.CURRENT
        if (hub, session) in self._gone or is_session_over(session, self._views.first_session(hub)):
            return Standing.OVER
        # Who was at a hub that was out of reach may have left it since, and speak from elsewhere.
        if is_ours or found is not None or self._views.has_returned(hub, now):
            return Standing.CONTESTED
        return Standing.UNKNOWN

    def may_be_over(
        self, namespace: str, sender: PeerId, hub: PeerId, session: int, now: float
    ) -> bool:
        """Tell whether a registration of which the primary knows nothing is best taken for over."""
        standing = self.standing(namespace, sender, hub, session, now)
        return standing is Standing.OVER or self._views.has_returned(hub, now)
