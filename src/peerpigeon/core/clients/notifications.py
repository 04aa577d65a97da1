"""What clients are told of each other, and hubs of the npm package on behalf of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.namespaces.client_news import ClientNews, Departure, Introduction
from peerpigeon.core.sessions.registry import Client, Guest, VisitorMember
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.reference.updates import ReferenceUpdates
    from peerpigeon.core.sessions.registry import Holder, Party, Registry


class Notifications:
    """Puts the news of namespaces into the words of those who get them."""

    def __init__(self, registry: Registry, updates: ReferenceUpdates, effects: Effects) -> None:
        self._registry = registry
        self._updates = updates
        self._effects = effects

    def deliver(self, told: Iterable[ClientNews], now: float) -> None:
        """Tell clients of arrivals and departures."""
        at = self._effects.milliseconds(now)
        for news in told:
            parties = self._registry.members(news.peers)
            # A hub of the npm package can do nothing with other ones: it is told nothing.
            clients = [party for party in parties if isinstance(party, Client)]
            if len(clients) < len(parties):
                self._tell_guests(parties, news, now, at)
            if clients:
                self._tell(clients, news, at)

    def _tell_guests(self, parties: list[Holder], news: ClientNews, now: float, at: int) -> None:
        for guest in parties:
            if isinstance(guest, Guest) and not isinstance(guest, VisitorMember):
                self._effects.send_all(guest.hub, self._updates.tell(guest, news, now, at))

    def _tell(self, clients: list[Client], news: ClientNews, at: int) -> None:
        sessions = [client.session for client in clients]
        namespace, peers = news.namespace, [client.peer_id for client in clients]
        send_each = self._effects.send_each
        match news:
            case Introduction(members=members) if len(clients) == 1:
                known = [client_messages.introduced(located.member) for located in members]
                payloads = client_messages.encode_members(known, namespace, peers[0], at)
                self._effects.send_all(sessions[0], payloads)
            case Introduction(members=members):
                for member in (located.member for located in members):
                    introduction = client_messages.introduced(member)
                    send_each(
                        sessions, client_messages.encode_arrival(introduction, namespace, peers, at)
                    )
            case Departure(located=located, has_said_goodbye=has_said_goodbye):
                peer = located.member.peer
                if has_said_goodbye:
                    goodbye = client_messages.encode_goodbye(peer, namespace, at)
                    send_each(sessions, [goodbye] * len(sessions))
                send_each(sessions, client_messages.encode_departure(peer, namespace, peers, at))
            case _:
                assert_never(news)

    def leave(self, party: Party, namespace: str, now: float) -> None:
        """Note that somebody leaves a namespace: its hub may have nobody there any more."""
        if isinstance(party, Guest) and not isinstance(party, VisitorMember):
            at = self._effects.milliseconds(now)
            self._effects.send_all(party.hub, self._updates.withdraw(party, namespace, at))
