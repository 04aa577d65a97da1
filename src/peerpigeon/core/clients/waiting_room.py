"""Sockets that wait for a place at a full hub, while ghosts are looked for that hold one.

Who makes room for whom is decided in ``sessions/places.py``; here it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import PingPeer
from peerpigeon.core.interface.close_codes import (
    FULL,
    POLICY_VIOLATION,
    SERVER_DRAINING,
    SERVICE_RESTART,
    SILENT_AND_FULL,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Party
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.sessions.takeover import LocalContender


class WaitingRoom:
    """The waiting room of one hub.

    ``admit`` is called with who gets a place, and ``drop`` with a ghost that loses its own, why,
    and when; that calls ``fill`` in turn.
    """

    def __init__(
        self,
        sessions: Sessions,
        admit: Callable[[LocalContender, float], object],
        drop: Callable[[Party, str, float], None],
        effects: Effects,
    ) -> None:
        self._places = sessions.places
        self._liveness = sessions.liveness
        self._admit = admit
        self._drop = drop
        self._effects = effects

    def apply(self, applicant: LocalContender, now: float) -> None:
        """Let a socket wait for a place, or refuse it if too many do."""
        if self._places.apply(applicant):
            self._make_room(now)
        else:
            self._refuse(applicant)

    def press(self, now: float) -> None:
        """Search for ghosts because there is no place for a guest, which will come again."""
        self._places.press()
        self._make_room(now)

    def fill(self, now: float) -> None:
        """Let in who waits, as far as there are places."""
        while (applicant := self._places.next()) is not None:
            self._admit(applicant, now)

    def heard(self, party: Party, now: float) -> None:
        """Note that somebody lives, who may have been asked for its place."""
        if self._places.answered(party.session):
            self._make_room(now)

    def find(self, session: SessionId) -> LocalContender | None:
        """Return who waits with a session."""
        return self._places.applicant(session)

    def leave(self, applicant: LocalContender) -> None:
        """Let somebody wait no longer, who waits for something else or is gone."""
        self._places.withdraw(applicant)

    def turn_away(self, applicant: LocalContender) -> None:
        """Refuse somebody who waits."""
        self._places.withdraw(applicant)
        self._refuse(applicant)

    def shut(self) -> None:
        """Refuse all who wait: there will be no place any more."""
        for applicant in self._places.dismiss():
            self._effects.close(applicant.session, SERVICE_RESTART, SERVER_DRAINING)

    def tick(self, now: float) -> None:
        """Let those make room that were asked in vain."""
        self._places.expire(now)
        self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Let ghosts go as long as a place is wanted, and see whether there are more."""
        while (ghost := self._places.ghost()) is not None:
            self._drop(ghost, SILENT_AND_FULL, now)
        self._refuse_disappointed()
        for party in self._places.search(now):
            self._effects.act(PingPeer(party.session, self._liveness.next_ping()))
        self._refuse_disappointed()  # of a search that found nobody to ask

    def _refuse_disappointed(self) -> None:
        for applicant in self._places.disappointed():
            self._refuse(applicant)

    def _refuse(self, applicant: LocalContender) -> None:
        # Reference: every refusal is a policy violation.
        self._effects.close(applicant.session, POLICY_VIOLATION, FULL)
