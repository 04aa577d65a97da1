"""New sockets: what each brings, and how it becomes a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import BacklogReady
from peerpigeon.core.ids import key_of
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import PeerConnected
from peerpigeon.core.owners import draw_key, owner_of_key, owner_of_subject
from peerpigeon.core.sessions.registry import Client
from peerpigeon.core.sessions.takeover import LocalContender
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.events import PeerOpened
    from peerpigeon.core.sessions.sessions import Sessions


class Newcomers:
    """Those who come to one hub, from their handshake until they are its clients."""

    def __init__(self, sessions: Sessions, rng: Random, effects: Effects) -> None:
        self._sessions = sessions
        self._rng = rng
        self._effects = effects

    def of(self, event: PeerOpened, peer_id: PeerId, now: float) -> LocalContender:
        """Return a new socket, with what shows whose its id is."""
        key, permits = event.resume_key, event.permits
        newcomer = LocalContender(
            event.session, peer_id, event.address, now, permits=permits, is_page=event.is_page
        )
        if event.owner:
            newcomer.owner, newcomer.is_greeted = event.owner, True
        elif permits is not None and permits.peer_id:
            newcomer.owner = owner_of_subject(key_of(peer_id))
        else:
            newcomer.resume_key = "" if key else draw_key(self._rng)
            newcomer.owner = owner_of_key(key or newcomer.resume_key)
        return newcomer

    def admit(self, newcomer: LocalContender, now: float) -> Client:
        """Greet somebody who has not been greeted yet, and have it as a client."""
        session, peer_id, address = newcomer.session, newcomer.peer_id, newcomer.address
        client = Client(session, peer_id, address, now, newcomer.last_heard, newcomer.owner)
        client.permits, client.is_page = newcomer.permits, newcomer.is_page
        client.is_settled = newcomer.is_greeted
        self._sessions.open(client, now)
        self._effects.counts.admitted += 1
        if not newcomer.is_greeted:
            at = self._effects.milliseconds(now)
            greeting = client_messages.encode_connected(peer_id, newcomer.resume_key, at)
            self._effects.send(session, greeting)
        self._effects.act(Tell(PeerConnected(peer_id, len(self._sessions.registry))))
        if newcomer.backlog:
            self._effects.report(BacklogReady(session, tuple(newcomer.backlog)))
        return client
