"""Who gets an id that is in use: its holder, if it shows in time that it lives (S28).

An id belongs to the first socket that opens with it. A second one takes over only if the first
does not answer a ping within ``takeover_timeout``: so a client whose connection broke gets its id
back at once, and nobody can push out a client that is there. What else comes over the first socket
meanwhile may have been sent before its client was gone, and shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.deadlines import LATE, TimerQueue
from peerpigeon.core.sessions.registry import Guest, ReferenceHub

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.interface.events import Permits
    from peerpigeon.core.sessions.registry import Party, Registry
    from peerpigeon.core.wire.hub_news import Challenge

BACKLOG_MESSAGES = 32
BACKLOG_SIZE = 64 * 1024
"""How many messages and characters of a contender are kept. A real client sends its announce."""

HEARING = 1.0
"""Seconds that there are to read what came while this process stood still."""


@dataclass(slots=True, eq=False)
class LocalContender:
    """A socket here that has opened with an id in use, or at a full hub, and waits."""

    session: SessionId
    peer_id: PeerId
    address: str
    backlog: list[str] = field(default_factory=list)
    """What it has said meanwhile; heeded when it is let in."""
    permits: Permits | None = None
    """What its token allows, if it has shown one."""
    is_page: bool = False
    """Whether it is a web page's."""

    def keep(self, text: str) -> bool:
        """Keep a message for later; ``False`` if that is more than is kept for a contender."""
        size = sum(map(len, self.backlog)) + len(text)
        if len(self.backlog) == BACKLOG_MESSAGES or size > BACKLOG_SIZE:
            return False
        self.backlog.append(text)
        return True


@dataclass(frozen=True, slots=True)
class GuestContender:
    """A client of a hub of the npm package. It is served when it is announced again."""

    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class RemoteClaim:
    """Another hub of ours at which the id was announced."""

    hub: PeerId
    challenge: Challenge
    """What it asks; the answer names the same."""


Contender: TypeAlias = LocalContender | GuestContender | RemoteClaim


@dataclass(slots=True, eq=False)
class _Contest:
    contender: Contender
    ping: int
    """The number of the ping that the holder has to answer."""
    until: float
    was_late: bool = False
    """Whether its time was over before this hub could look, because its process stood still."""


class Takeovers:
    """The contests of one hub: one contender for each holder at a time."""

    def __init__(self, registry: Registry, timeout: float) -> None:
        self._registry = registry
        self._timeout = timeout
        self._contests: dict[SessionId, _Contest] = {}  # by the holder's session
        self._holders: dict[SessionId, SessionId] = {}  # by the session of a local contender
        self._timers: TimerQueue[SessionId] = TimerQueue()

    def begin(self, holder: Party, contender: Contender, ping: int, now: float) -> bool:
        """Let a contender wait for the holder of an id to answer the ping with a number.

        Returns ``False`` if another one waits already.
        """
        if holder.session in self._contests:
            return False
        self._contests[holder.session] = _Contest(contender, ping, now + self._timeout)
        if isinstance(contender, LocalContender):
            self._holders[contender.session] = holder.session
        self._timers.set(holder.session, now + self._timeout)
        return True

    def is_contested(self, holder: Party) -> bool:
        """Tell whether somebody waits for the id of a party."""
        return holder.session in self._contests

    def contender(self, session: SessionId) -> LocalContender | None:
        """Return the contender whose socket here has a session."""
        holder = self._holders.get(session)
        contest = None if holder is None else self._contests[holder]
        if contest is None or not isinstance(contest.contender, LocalContender):
            return None
        return contest.contender

    def withdraw(self, contender: LocalContender) -> None:
        """Forget a contender whose socket has closed."""
        self.end(self._holders[contender.session])

    def abandon(self, contender: LocalContender) -> None:
        """Go on without a contender: the holder still has to show that it lives."""
        holder = self._holders.pop(contender.session)
        self._contests[holder].contender = GuestContender(contender.peer_id)

    def answered(self, party: Party, number: int) -> list[Contender]:
        """Note that a ping was answered; return the contenders that have lost by it.

        Of several pings it may answer the last one only (RFC 6455, section 5.5.3).
        """
        if not self._contests:
            return []
        holders = [party.session]
        if isinstance(party, ReferenceHub):
            # For its clients it is the only sign there is.
            holders += [session for session in self._contests if self._is_guest_of(session, party)]
        contests = self._contests
        beaten = [s for s in holders if s in contests and contests[s].ping <= number]
        return [contender for session in beaten if (contender := self.end(session)) is not None]

    def _is_guest_of(self, session: SessionId, hub: ReferenceHub) -> bool:
        holder = self._registry.get(session)
        return isinstance(holder, Guest) and holder.hub == hub.session

    def expire(self, now: float) -> list[Party]:
        """Return the holders that gave no sign of life in time; each contest still has to end."""
        due: list[SessionId] = []
        for session in self._timers.expire(now):
            contest = self._contests[session]
            if now > contest.until + LATE and not contest.was_late:
                contest.was_late = True
                self._timers.set(session, now + HEARING)
            else:
                due.append(session)
        return [holder for session in due if (holder := self._registry.get(session)) is not None]

    def end(self, holder: SessionId) -> Contender | None:
        """End a contest if there is one; return the contender."""
        contest = self._contests.pop(holder, None)
        if contest is None:
            return None
        if isinstance(contest.contender, LocalContender):
            del self._holders[contest.contender.session]
        self._timers.drop(holder)
        return contest.contender

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to say."""
        return self._timers.deadline()
