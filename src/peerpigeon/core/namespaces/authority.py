"""What another hub may say of clients that it does not serve.

Introductions, departures, grants and the like come from the rendezvous hubs of a namespace, which
know of our clients by what we have published to them. So who says such a thing of a namespace that
we have not published to it has made it up. A hub that is ahead of our view of the mesh says nothing
of the kind: it has nobody of ours in its records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_news import (
    Challenge,
    Dealt,
    Found,
    Gone,
    Granted,
    Handed,
    Meet,
    Refusal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.local_namespace import LocalNamespace
    from peerpigeon.core.namespaces.placement import Placement
    from peerpigeon.core.wire.hub_news import News

RENDEZVOUS_NEWS = Meet | Gone | Granted | Challenge | Refusal | Found | Handed | Dealt
"""What only a namespace's rendezvous hubs may say."""


class Authority:
    """Who may say what, as far as one hub knows; ``own`` is that hub, which may say all."""

    def __init__(
        self, own: PeerId, namespaces: Mapping[str, LocalNamespace], placement: Placement
    ) -> None:
        self._own = own
        self._locals = namespaces
        self._placement = placement

    def may_say(self, hub: PeerId, news: News, now: float) -> bool:
        """Tell whether it is up to a hub to say this."""
        if hub == self._own or not isinstance(news, RENDEZVOUS_NEWS):
            return True
        local = self._locals.get(news.namespace)
        if local is not None and hub in local.publication.audience(now):
            return True
        match news:
            case Found():  # who was asked answers, though we may have nobody there any more
                return hub in self._placement.rendezvous_hubs(news.namespace)
            case Challenge():  # that there is nobody of ours is the answer, and soon
                return local is None
            case _:
                return False
