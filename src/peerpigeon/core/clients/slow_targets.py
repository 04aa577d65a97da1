"""Clients that read more slowly than is sent to them: their senders wait, not they.

While much waits for a client (``PeerBehind``), it is counted who sends it how much. Who sends more
than its share is not read for a while, and if that does not help, told that its signals are not
delivered. Who sends little goes on as if nothing were.

What is for a client that is being closed is not delivered at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import SessionId
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.clients.throttle import Throttle
    from peerpigeon.core.ids import PeerId

ROOM_PART = 8
"""Which part of ``max_outbox_size`` all senders together may add while a client is behind. It is
behind from a quarter on."""

LEAST_SHARE = 4096
"""Bytes that each sender may add, however many there are: an offer, or some dozen candidates."""

IN_FLIGHT = 4
"""How many times its share a stopped sender may add: that much may have been read before."""

PATIENCE = 1.0
"""Seconds for which a sender is stopped. A target at 1 MB a second has read a quarter of its outbox
by then; for a slower one signals to others are not kept waiting longer."""

MOST_SENDERS = 1024
"""Of which it is known how much they have sent to one target; then all begin anew."""


class Share(msgspec.Struct, eq=False):
    """What one sender has added for one client since that is behind."""

    socket: SessionId | None
    """By which it speaks; ``None`` if it is not ours alone to stop."""
    size: int = 0
    held_until: float | None = None


class SlowTargets:
    """The clients of one hub that are behind with reading, and who sends to them."""

    def __init__(self, max_outbox_size: int, throttle: Throttle) -> None:
        self._room = max_outbox_size // ROOM_PART
        self._throttle = throttle
        self.senders: dict[SessionId, dict[PeerId, Share] | None] = {}
        """By the socket of each client that is behind, and of each that is being closed (``None``).
        Empty nearly always, which is to be asked first: a signal costs no more then."""

    def fall_behind(self, target: SessionId) -> None:
        """Note that much waits for a client."""
        self.senders.setdefault(target, {})

    def catch_up(self, target: SessionId) -> None:
        """Note that a client has read what waited, or is gone: whoever was stopped may go on."""
        for share in (self.senders.pop(target, None) or {}).values():
            if share.socket is not None and share.held_until is not None:
                self._throttle.release(share.socket, share.held_until)

    def close(self, target: SessionId) -> None:
        """Note that a client is being closed: nothing reaches it any more."""
        self.catch_up(target)
        self.senders[target] = None

    def objection(
        self, target: SessionId, sender: PeerId, socket: SessionId | None, size: int, now: float
    ) -> Reason | None:
        """Count a signal of ``size`` bytes if it may be sent to ``target``; else return why not."""
        if target not in self.senders:
            return None
        senders = self.senders[target]
        if senders is None:
            return Reason.NOT_FOUND
        share = senders.get(sender)
        if share is None:
            if len(senders) == MOST_SENDERS:
                self.catch_up(target)
                self.senders[target] = senders = {}
            share = senders[sender] = Share(socket)
        most = max(LEAST_SHARE, self._room // len(senders))
        if share.size > most and not self._may_go_on(share, most, now):
            return Reason.OVERLOADED
        share.size += size
        return None

    def _may_go_on(self, share: Share, most: int, now: float) -> bool:
        """Stop a sender that has had its share; tell whether this signal was sent before that."""
        if share.socket is None:
            return False
        if share.held_until is None:
            share.held_until = now + PATIENCE
            self._throttle.hold(share.socket, share.held_until)
        return now < share.held_until and share.size <= IN_FLIGHT * most
