"""What a new socket brings: its id, and what shows whose that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.owners import draw_key, owner_of_key, owner_of_subject
from peerpigeon.core.sessions.takeover import LocalContender

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.events import PeerOpened


def newcomer_of(event: PeerOpened, peer_id: PeerId, rng: Random, now: float) -> LocalContender:
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
        newcomer.resume_key = "" if key else draw_key(rng)
        newcomer.owner = owner_of_key(key or newcomer.resume_key)
    return newcomer
