"""What clients are to be sent and hubs to be told, gathered in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import Action, SendToPeer, SendToPeers

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.wire.hub_frames import News


class Outbox:
    """Written by all who deal with clients, emptied by the hub."""

    def __init__(self, epoch: float) -> None:
        self._epoch = epoch
        self._now, self._milliseconds = 0.0, int(epoch * 1000)
        self.actions: list[Action] = []
        self.news: list[tuple[PeerId, News]] = []

    def send(self, session: SessionId, payload: bytes) -> None:
        """Put down a message for a client."""
        actions = self.actions
        if actions and isinstance(last := actions[-1], SendToPeers):
            last.sessions.append(session)
            last.payloads.append(payload)
        else:
            actions.append(SendToPeers([session], [payload]))

    def send_all(self, session: SessionId, payloads: list[bytes]) -> None:
        """Put down messages for one client; there may be none. The list is kept."""
        if payloads:
            self.actions.append(SendToPeer(session, payloads))

    def send_each(self, sessions: list[SessionId], payloads: list[bytes]) -> None:
        """Put down messages, each for the client at its place. The lists stay the caller's."""
        actions = self.actions
        if actions and isinstance(last := actions[-1], SendToPeers):
            last.sessions.extend(sessions)
            last.payloads.extend(payloads)
        else:
            actions.append(SendToPeers([*sessions], [*payloads]))

    def milliseconds(self, now: float) -> int:
        """Return the time as the wire's ``timestamp`` has it: milliseconds since 1970."""
        if now != self._now:  # it is the same for all that happens in one turn of an event loop
            self._now, self._milliseconds = now, int((self._epoch + now) * 1000)
        return self._milliseconds

    def take_actions(self) -> list[Action]:
        """Return the actions gathered since the last call."""
        actions, self.actions = self.actions, []
        return actions

    def take_news(self) -> list[tuple[PeerId, News]]:
        """Return the news gathered since the last call, each with the hub that it is for."""
        news, self.news = self.news, []
        return news
