"""How the clients of one hub are let go before it stops: one after the other, in a given time.

All at once they would come back all at once, to hubs that have their own. Those whose hub serves
them still are served meanwhile as if nothing were, and newcomers are sent elsewhere. A client that
is let go is heard until it has answered the close frame (``DismissPeer``), so that nothing is lost
that it had on its way; what is for it is answered with an error from then on.

Clients of trackers are the last: the others are at another hub within seconds, while those come
again after 10 s to 5 min, and are found by nobody until then; some give up after five times.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from peerpigeon.core.config.dialects import TRACKER
from peerpigeon.core.interface.actions import Drained, Tell
from peerpigeon.core.interface.close_codes import SERVER_DRAINING, SERVICE_RESTART
from peerpigeon.core.interface.notices import Draining
from peerpigeon.core.sessions.registry import Client, ReferenceHub, Visitor

if TYPE_CHECKING:
    from peerpigeon.core.clients.admission import Admission
    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Registry


def _comes_again_late(party: Client | Visitor) -> bool:
    return isinstance(party, Visitor) and party.dialect == TRACKER


class Drain:
    """Lets the clients of one hub go when it is asked to."""

    def __init__(
        self,
        registry: Registry,
        admission: Admission,
        disconnects: Disconnects,
        effects: Effects,
    ) -> None:
        self._registry = registry
        self._admission = admission
        self._disconnects = disconnects
        self._effects = effects
        self._queue: deque[SessionId] = deque()  # who is still to be let go, the first first
        self._next_at: float | None = None
        self._ends_at = 0.0
        self.is_done = False
        """Whether the last client is gone."""

    def begin(self, over: float, now: float) -> None:
        """Let all clients go within ``over`` seconds, the first one now, unless that is under way.

        Who waits for a place is sent away at once.
        """
        if self._admission.is_draining:
            return
        parties = [party for party in self._registry if isinstance(party, Client | Visitor)]
        self._queue.extend(party.session for party in sorted(parties, key=_comes_again_late))
        self._effects.act(Tell(Draining(len(self._queue), over)))
        self._admission.shut()
        self._next_at, self._ends_at = now, now + over
        self.tick(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        while self._next_at is not None and now >= self._next_at:
            self._let_go_next(self._next_at)
        if self._has_last:
            self._let_go_last(now)

    def _let_go_next(self, due: float) -> None:
        while self._queue:
            party = self._registry.get(self._queue.popleft())
            if isinstance(party, Client | Visitor):
                self._disconnects.dismiss(party, SERVICE_RESTART, SERVER_DRAINING)
                break
        # The time of those that are gone by themselves is saved.
        rest = self._ends_at - due
        self._next_at = due + rest / (len(self._queue) + 1) if self._queue else None

    @property
    def _has_last(self) -> bool:
        """Whether all have been let go who were there, and the end is to be seen to."""
        is_through = self._admission.is_draining and self._next_at is None
        return is_through and not self.is_done and not self._disconnects.dismissed

    def _let_go_last(self, now: float) -> None:
        """Let go who has got an id since, and when no client is left the hubs of guests."""
        clients = [party for party in self._registry if isinstance(party, Client | Visitor)]
        for client in clients:
            self._disconnects.dismiss(client, SERVICE_RESTART, SERVER_DRAINING)
        if clients:
            return
        for hub in [party for party in self._registry if isinstance(party, ReferenceHub)]:
            self._disconnects.drop(hub, SERVER_DRAINING, now, code=SERVICE_RESTART)
        self.is_done = True
        self._effects.act(Drained())

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        # Whatever the last one was gone by, it is seen to at once.
        return 0.0 if self._has_last else self._next_at
