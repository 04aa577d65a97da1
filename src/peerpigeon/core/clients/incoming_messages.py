"""What comes over the sockets of clients: each message to the component that it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.clients.rates import UNUSABLE
from peerpigeon.core.interface.actions import Warn
from peerpigeon.core.sessions.registry import Client, ReferenceHub, Visitor
from peerpigeon.core.wire import client_messages
from peerpigeon.core.wire.announce_validation import objection
from peerpigeon.core.wire.client_messages import (
    Announce,
    Cleanup,
    Goodbye,
    MessageError,
    Ping,
    Signal,
)

if TYPE_CHECKING:
    from peerpigeon.core.clients.admission import Admission
    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.clients.guests import Guests
    from peerpigeon.core.clients.homes import Homes
    from peerpigeon.core.clients.permissions import Permissions
    from peerpigeon.core.clients.rates import Rates
    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.clients.visitors import Visitors
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Party, Registry


MESSAGE_REFUSED = "a message was refused, and its sender told why"


class IncomingMessages:
    """What one hub does with what is said by its clients, its visitors and reference hubs."""

    def __init__(  # noqa: PLR0913 - all whom a message may concern
        self,
        config: ServerConfig,
        registry: Registry,
        effects: Effects,
        *,
        admission: Admission,
        announcements: Announcements,
        guests: Guests,
        homes: Homes,
        permissions: Permissions,
        rates: Rates,
        references: ReferenceLinks,
        signaling: Signaling,
        visitors: Visitors,
    ) -> None:
        self._config = config
        self._registry = registry
        self._effects = effects
        self._admission = admission
        self._announcements = announcements
        self._guests = guests
        self._homes = homes
        self._permissions = permissions
        self._rates = rates
        self._references = references
        self._signaling = signaling
        self._visitors = visitors
        self.refused = 0
        """How many messages of clients made no sense or were not allowed."""

    def on_text(self, session: SessionId, text: str, now: float) -> bool:
        """Take a message of a session if there is one.

        Returns whether it was of those that leave nothing for later, as most are: no deadline is
        another one, unless there is news or a change. ``False`` is never wrong.
        """
        party = self._registry.get(session)
        if party is None:
            if not self._homes.keep(session, text):
                self._admission.keep_message(session, text, now)
            return False
        party.last_heard = now
        try:
            if isinstance(party, Client):
                message = client_messages.decode(text)
                if isinstance(message, Signal):  # as most are: a call less for each
                    return self._signaling.on_signal(party, message, now)
                self._on_message(party, message, text, now)
            elif isinstance(party, Visitor):
                return self._visitors.on_text(party, text, now)
            elif isinstance(party, ReferenceHub):
                self._references.on_message(party, text, now)
        except MessageError as error:
            self._refuse_message(party, str(error), now)
        return False

    def on_backlog(self, session: SessionId, texts: tuple[str, ...], now: float) -> None:
        """Take what somebody has said while it waited; it was heard of then, and not now."""
        party = self._registry.get(session)
        if party is not None:  # pragma: no branch: it was let in a moment ago
            heard = party.last_heard
            for text in texts:
                self.on_text(session, text, now)
            party.last_heard = heard

    def _on_message(
        self,
        client: Client,
        message: Announce | Goodbye | Ping | Cleanup,
        text: str,
        now: float,
    ) -> None:
        match message:
            case Announce():
                self._on_announce(client, message, text, now)
            case Goodbye():
                self._announcements.say_goodbye(client, now)
            case Ping():
                at = self._effects.milliseconds(now)
                pong = client_messages.encode_pong(client.peer_id, client.namespace, at)
                self._effects.send(client.session, pong)
            case Cleanup():
                pass
            case _:
                assert_never(message)

    def _on_announce(self, client: Client, announce: Announce, text: str, now: float) -> None:
        is_reserved = announce.namespace == self._config.hub_mesh_namespace
        is_hub = is_reserved and announce.is_hub and not client.is_page
        is_hub = is_hub and self._config.welcomes_reference_hubs
        complaint = None
        if not is_hub:
            complaint = objection(announce, self._config) or self._permissions.objection(
                announce.namespace, client.permits
            )
        if complaint is not None:
            self._refuse_message(client, complaint, now)
        elif not is_hub and self._homes.pass_on(client, announce.namespace, text, now):
            pass  # it is heeded there
        elif not self._admission.claim(client, announce.namespace, text, now):
            pass  # it is heeded when the client has its id
        elif is_hub:
            self._guests.welcome(client, announce, now)
        else:
            self._announcements.enter(client, announce, now)
            self._rates.announced(client, now)

    def _refuse_message(self, party: Party, text: str, now: float) -> None:
        self.refused += 1
        at = self._effects.milliseconds(now)
        self._effects.send(party.session, client_messages.encode_error(text, party.namespace, at))
        peer = party.peer_id or ""
        self._effects.act(Warn(MESSAGE_REFUSED, party.address, peer, text))
        if isinstance(party, Client):
            self._rates.faulted(party, UNUSABLE, now)
