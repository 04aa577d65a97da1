"""Hands each piece of news that has come to this hub to the component that it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Counted,
    Dealt,
    Draw,
    Found,
    Granted,
    Handed,
    HandedOut,
    Join,
    News,
    Owned,
    Refusal,
    Relay,
    Spread,
    Undelivered,
    Unknown,
)

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.namespaces import Namespaces


class IncomingNews:
    """What one hub does with the news of others, and with what it tells itself."""

    def __init__(self, clients: ClientService, namespaces: Namespaces) -> None:
        self._clients = clients
        self._signaling = clients.signaling
        self._namespaces = namespaces
        self._authority = namespaces.presence.authority
        self.unusable = 0
        """How many pieces made no sense, or were not for their hub to say."""

    def take(self, hub: PeerId, news: News, now: float) -> None:
        """Take a piece of news that ``hub`` has said, when its turn has come."""
        # Most are relays, which are judged by their sender.
        if isinstance(news, Relay) or self._authority.may_say(hub, news, now):
            self._take(hub, news, now)
        else:
            self.unusable += 1

    def _take(self, hub: PeerId, news: News, now: float) -> None:
        match news:
            case Relay():
                self._signaling.relays.receive(hub, news, now)
            case Undelivered():
                self._clients.on_undelivered(hub, news, now)
            case Found():
                self._clients.on_found(news, now)
            case Challenge() | Refusal() | Owned():
                self._on_id(hub, news, now)
            case Granted():
                self._on_granted(news, now)
            case Join() if is_topic(news.namespace):
                self._namespaces.on_news(hub, news, now)
                self._clients.topics.on_join(hub, news)
            case Spread() | Handed() | HandedOut():
                self._clients.topics.on_news(hub, news, now)
            case Draw() | Dealt() | Counted():
                self._clients.draws.on_news(hub, news, now)
            case Unknown():
                self.unusable += 1
            case _:
                self._clients.deliver(self._namespaces.on_news(hub, news, now), now)

    def _on_granted(self, granted: Granted, now: float) -> None:
        members, news = self._namespaces.presence.on_granted(granted)
        self._clients.deliver(news, now)
        for member in members:
            self._signaling.on_granted(granted.namespace, member, now)

    def _on_id(self, hub: PeerId, news: Challenge | Refusal | Owned, now: float) -> None:
        """Take what the primary of a namespace has to say about the id of a client of ours."""
        match news:
            case Challenge():
                self._clients.contests.on_challenge(hub, news, now)
            case Refusal():
                self._clients.disconnects.on_refusal(news, now)
            case Owned():
                if hub == self._namespaces.placement.primary(news.namespace):
                    self._clients.admission.on_owned(news, now)
            case _:
                assert_never(news)
