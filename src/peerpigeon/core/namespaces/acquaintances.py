"""Who of one hub's clients comes to know whom, and who asks for more because it knows too few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.client_news import ClientNews, Departure, Introduction
from peerpigeon.core.wire.hub_news import More

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.local_namespace import LocalNamespace
    from peerpigeon.core.namespaces.registrations import LocalMember, Registration


class Acquaintances:
    """Has clients know members and forget them; what they are to be told is returned.

    ``limit`` is the discovery limit.
    """

    def __init__(self, limit: int, effects: Effects) -> None:
        self._limit = limit
        self._effects = effects

    def end(
        self,
        local: LocalNamespace,
        over: list[Registration],
        concerned: dict[LocalMember, None],
        *,
        has_said_goodbye: bool,
    ) -> list[ClientNews]:
        """End registrations for all that know them; adds these to ``concerned``."""
        news: list[ClientNews] = []
        for registration in over:
            told = local.end(registration)
            if not told:
                continue
            concerned |= dict.fromkeys(told)
            peers = tuple(client.peer for client in told)
            news.append(Departure(local.name, peers, registration.located, has_said_goodbye))
            news += [
                Introduction(local.name, (client.peer,), (successor.located,))
                for client, successor in told.items()
                if successor is not None
            ]
        return news

    def end_all(
        self, local: LocalNamespace, over: list[Registration], *, has_said_goodbye: bool
    ) -> list[ClientNews]:
        """End registrations; who knows too few by it asks for more."""
        concerned: dict[LocalMember, None] = {}
        news = self.end(local, over, concerned, has_said_goodbye=has_said_goodbye)
        self.ask_all(local, concerned)
        return news

    def ask_all(self, local: LocalNamespace, concerned: Iterable[LocalMember]) -> None:
        """Have those ask for more that know too few now."""
        for client in concerned:
            if local.clients.get(client.key) is client:
                self.ask_if_needed(local, client)

    def ask_if_needed(self, local: LocalNamespace, client: LocalMember) -> None:
        """Have a client of a large namespace ask for more, once, if it knows too few."""
        if client.was_large and not client.has_asked:
            self.ask(local, client, self._limit // 2)

    def ask(self, local: LocalNamespace, client: LocalMember, enough: int) -> None:
        """Have a client ask for more if it knows fewer than ``enough``."""
        known, primary = len(client.known), local.publication.primary
        if known < enough and primary is not None:
            client.has_asked = True
            more = More(local.name, client.peer, self._limit - known)
            self._effects.tell_hub(primary, more)


def acquaint(
    local: LocalNamespace, client: LocalMember, others: list[Registration]
) -> list[ClientNews]:
    """Introduce members to a client of ours, and it to those that are our clients too."""
    ours = [other.client for other in others if other.client is not None]
    met = local.introduce_to(client, others)
    told = local.introduce(client, ours)
    news: list[ClientNews] = []
    if met:
        news.append(Introduction(local.name, (client.peer,), tuple(met)))
    if told:
        news.append(Introduction(local.name, tuple(told), (client.located,)))
    return news
