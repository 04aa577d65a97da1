"""Hands news that did not reach another hub back to the component that has said it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_news import Dealt, Draw, Handed, HandedOut, Relay, Spread

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.streams.outgoing import Failure


class FailedNews:
    """What one hub does about news that its streams have given up."""

    def __init__(self, clients: ClientService, namespaces: Namespaces) -> None:
        self._clients = clients
        self._namespaces = namespaces

    def take(self, failure: Failure, now: float) -> None:
        """Take a piece of news that was given up."""
        news = failure.news
        if isinstance(news, Relay):
            self._clients.on_failure(news, failure.reason, now)
        elif isinstance(news, Spread | Handed | HandedOut):
            self._clients.topics.on_failure(news, failure.reason, now)
        elif isinstance(news, Draw | Dealt):
            self._clients.draws.on_failure(failure.destination, news, failure.reason)
        else:
            # Control news is given up only in heaps; then all of it has to be told anew.
            self._namespaces.given_up(failure.destination, now)
