"""The one way out of a hub's components: what to do, what to tell other hubs, what has changed.

And the one account of what they keep, and the numbers of what they have done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.counts import Counts, add
from peerpigeon.core.interface.actions import Action, ClosePeer, SendToPeers
from peerpigeon.core.lagging import Lagging
from peerpigeon.core.memory import MOST_BY_ITSELF, MemoryAccount

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from peerpigeon.core.changes import Change
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.tracing import Tracer
    from peerpigeon.core.wire.hub_news import News


class Effects:
    """Three lanes, each in order, written by all components of one hub and emptied by the hub.

    - ``act`` and ``send``: actions for the shell;
    - ``tell_hub``: news for a hub, this one included, which the hub hands to its streams;
    - ``report``: what other components of this hub have to know.

    ``epoch`` is what to add to the time to get seconds since 1970, for what people and clients
    read: all durations are taken from the time, which never goes back.
    """

    def __init__(self, epoch: float, memory: MemoryAccount | None = None) -> None:
        self.memory = memory or MemoryAccount(MOST_BY_ITSELF)
        """What the components, and the shell, keep for others."""
        self._looked = self.memory.looked
        self.counts = Counts()
        """What the components have done, for people."""
        self.lagging = Lagging()
        """Which hubs are told more than they take; streams note it, and who paces its work asks."""
        self.tracer: Tracer | None = None
        """What follows some signals on their way, if any are to be followed."""
        self.set_clock(epoch)
        self._actions: list[Action] = []
        # Messages since the last other action. They become one action when that is complete, so
        # that none is changed after it was made: 0.1 microseconds a message less than one each.
        self._sessions: list[SessionId] = []
        self._payloads: list[bytes] = []
        self.news: list[tuple[PeerId, News]] = []
        """What was told to hubs since ``take_news``; components only append, by ``tell_hub``."""
        self.changes: list[Change] = []
        """What was reported since ``take_changes``; components only append, by ``report``."""

    # For the shell

    def act(self, action: Action) -> None:
        """Have the shell do something, after all that was asked for before."""
        if self._sessions:
            self._close_messages()
        self._actions.append(action)

    def close(self, session: SessionId, code: int, reason: str) -> None:
        """Close a client's socket, and count it by the reason: one of few."""
        add(self.counts.closed, reason)
        self.act(ClosePeer(session, code, reason))

    def send(self, session: SessionId, payload: bytes) -> None:
        """Send a message to a client: JSON in UTF-8."""
        self._sessions.append(session)
        self._payloads.append(payload)

    def send_all(self, session: SessionId, payloads: Sequence[bytes]) -> None:
        """Send messages to one client; there may be none."""
        self._sessions.extend([session] * len(payloads))
        self._payloads.extend(payloads)

    def send_each(self, sessions: Collection[SessionId], payloads: Sequence[bytes]) -> None:
        """Send as many messages, each to the client at its place."""
        self._sessions.extend(sessions)
        self._payloads.extend(payloads)

    def _close_messages(self) -> None:
        self._actions.append(SendToPeers(tuple(self._sessions), tuple(self._payloads)))
        self._sessions.clear()
        self._payloads.clear()

    def take_actions(self) -> list[Action]:
        """Return the actions since the last call."""
        if self._looked:
            self._looked.clear()
        if self._sessions:
            self._close_messages()
        actions, self._actions = self._actions, []
        return actions

    # For other hubs

    def tell_hub(self, hub: PeerId, news: News) -> None:
        """Tell a hub something; this hub takes what it tells itself in the same way."""
        self.news.append((hub, news))

    def take_news(self) -> list[tuple[PeerId, News]]:
        """Return the news since the last call, each with the hub that it is for."""
        news, self.news = self.news, []
        return news

    # For other components

    def report(self, change: Change) -> None:
        """Let the hub know what has changed; it tells the components that it concerns."""
        self.changes.append(change)

    def take_changes(self) -> list[Change]:
        """Return the changes since the last call."""
        changes, self.changes = self.changes, []
        return changes

    # Time on the wire

    def set_clock(self, epoch: float) -> None:
        """Take another ``epoch``, because the wall clock was set."""
        self.epoch = epoch
        self._now, self._milliseconds = 0.0, int(epoch * 1000)

    def milliseconds(self, now: float) -> int:
        """Return the time as the wire's ``timestamp`` has it: milliseconds since 1970."""
        if now != self._now:  # it is the same for all that happens in one turn of an event loop
            self._now, self._milliseconds = now, int((self.epoch + now) * 1000)
        return self._milliseconds
