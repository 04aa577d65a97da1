"""Who gets an id that is in use: its holder, if it shows in time that it lives (S28).

An id belongs to the first socket that announces itself with it. Another one takes over only if the
first does not answer a ping within ``takeover_timeout``: so a client whose connection broke gets
its id back, and nobody can push out a client that is there. What else comes over the first socket
meanwhile may have been sent before its client was gone, and shows nothing. Who proves to be the
owner (``owners.py``) needs none of this.

A few wait for an id at a time, so that nobody keeps its owner out by waiting for it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.deadlines import LATE, TimerQueue
from peerpigeon.core.dialects.dialect import Enter
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.events import Permits
from peerpigeon.core.owners import NOBODY, same_owner
from peerpigeon.core.sessions.registry import Guest, ReferenceHub, Visitor
from peerpigeon.core.wire.hub_news import Challenge

if TYPE_CHECKING:
    from peerpigeon.core.sessions.registry import Party, Registry

BACKLOG_MESSAGES = 32
BACKLOG_SIZE = 64 * 1024
"""How many messages and characters of a contender are kept. A real client sends its announce."""

CONTENDERS = 4
"""How many wait for one id. More come only if somebody else wants it as well."""

READING_RATE = 256 * 1024
"""Bytes a second that a client reads at least, for whose answer to a ping is waited."""

LONGEST_READING = 30.0
"""Seconds for which an answer is waited for, at most, because of what there is to read before the
ping. By then a client that reads so fast has read the largest receive buffer of usual systems."""

_TEXT_BYTES = 64

HEARING = 1.0
"""Seconds that there are to read what came while this process stood still."""


def size_of_text(text: str) -> int:
    """Return about how many bytes a text takes: CPython has up to four for a character."""
    return _TEXT_BYTES + len(text) * (1 if text.isascii() else 4)


class LocalContender(msgspec.Struct, eq=False):
    """A socket here that waits: for an id in use with which it has announced itself, or a place."""

    session: SessionId
    peer_id: PeerId
    address: str
    last_heard: float
    owner: bytes = NOBODY
    """What shows whose the id is; see ``owners.py``."""
    resume_key: str = ""
    """To be told to it with its greeting; empty if it knows it, or has been greeted."""
    is_greeted: bool = False
    """Whether it has had its greeting, and with it a place."""
    backlog: list[str] = msgspec.field(default_factory=list)
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

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep what it has said."""
        return sum(map(size_of_text, self.backlog))


class GuestContender(msgspec.Struct, frozen=True):
    """A client of a hub of the npm package. It is served when it is announced again."""

    peer_id: PeerId


class RemoteClaim(msgspec.Struct, frozen=True):
    """Another hub of ours at which the id was announced."""

    hub: PeerId
    challenge: Challenge
    """What it asks; the answer names the same."""


class MemberContender(msgspec.Struct, frozen=True):
    """A visitor here that wants somebody for whom it speaks to have the id."""

    visitor: SessionId
    enter: Enter


Contender: TypeAlias = LocalContender | GuestContender | MemberContender | RemoteClaim


class _Contest(msgspec.Struct, eq=False):
    ping: int
    """The number of the ping that the holder has to answer."""
    until: float
    contenders: list[Contender] = msgspec.field(default_factory=list)
    """In the order in which they came."""
    reading: float = 0.0
    """Seconds of it that are for what the holder has to read before the ping."""
    was_late: bool = False
    """Whether its time was over before this hub could look, because its process stood still."""


class Takeovers:
    """The contests of one hub: one for each holder at a time."""

    def __init__(self, registry: Registry, timeout: float) -> None:
        self._registry = registry
        self._timeout = timeout
        self._contests: dict[SessionId, _Contest] = {}  # by the holder's session
        self._holders: dict[SessionId, SessionId] = {}  # by the session of a local contender
        self._timers: TimerQueue[SessionId] = TimerQueue()

    def begin(self, holder: Party, ping: int, now: float) -> None:
        """Have the holder of an id answer the ping with a number."""
        self._contests[holder.session] = _Contest(ping, now + self._timeout)
        self._timers.set(holder.session, now + self._timeout)

    def join(self, holder: Party, contender: Contender) -> LocalContender | None:
        """Let a contender wait for the answer of a holder; return who has to go for it, if any.

        That is the contender itself if there is no room. A hub that asks again waits once.
        """
        contenders = self._contests[holder.session].contenders
        if not isinstance(contender, LocalContender):
            again = [one for one in contenders if _origin(one) == _origin(contender)]
            for one in again:
                self._remove(contenders, one)
            contenders.append(contender)
            return None
        contenders.append(contender)
        self._holders[contender.session] = holder.session
        self._registry.aside += contender.is_greeted
        surplus = _surplus([one for one in contenders if isinstance(one, LocalContender)])
        if surplus is not None:
            self._remove(contenders, surplus)
        return surplus

    def extend(self, party: Party, number: int, unread: int) -> list[tuple[Party, list[Contender]]]:
        """Give a party time to read so many bytes that were sent before a ping, in its contests.

        Returns the holders to whom that matters, each with those that wait.
        """
        extended: list[tuple[Party, list[Contender]]] = []
        reading = min(LONGEST_READING, unread / READING_RATE)
        for session in self._judged_by(party):
            contest, holder = self._contests.get(session), self._registry.get(session)
            if contest is not None and contest.ping == number and holder is not None:
                contest.until, contest.reading = contest.until + reading, reading
                self._timers.set(session, contest.until)
                extended.append((holder, list(contest.contenders)))
        return extended

    def extension(self, holder: Party, now: float) -> float:
        """Return how many seconds a contest takes from now on, if more than usual; else 0."""
        contest = self._contests[holder.session]
        return contest.until - now if contest.reading else 0.0

    @property
    def size(self) -> int:
        """About how many bytes are kept of what contenders have said; O(contenders)."""
        contests = self._contests.values()
        contenders = (one for contest in contests for one in contest.contenders)
        return sum(one.size for one in contenders if isinstance(one, LocalContender))

    def is_contested(self, holder: Party) -> bool:
        """Tell whether somebody waits for the id of a party."""
        return holder.session in self._contests

    def contender(self, session: SessionId) -> LocalContender | None:
        """Return the contender whose socket here has a session."""
        holder = self._holders.get(session)
        contenders = () if holder is None else self._contests[holder].contenders
        local = (one for one in contenders if isinstance(one, LocalContender))
        return next((one for one in local if one.session == session), None)

    def is_crowded(self, holder: Party) -> bool:
        """Tell whether as many wait for the id of a party as may."""
        contest = self._contests.get(holder.session)
        return contest is not None and len(contest.contenders) >= CONTENDERS

    def find_owner(self, holder: Party, owner: bytes) -> LocalContender | None:
        """Return who waits here for the id of a party with an owner mark."""
        contest = self._contests.get(holder.session)
        contenders = () if contest is None else contest.contenders
        local = (one for one in contenders if isinstance(one, LocalContender))
        return next((one for one in local if same_owner(one.owner, owner)), None)

    def withdraw(self, contender: LocalContender) -> None:
        """Forget a contender whose socket has closed, and its contest if it was the only one."""
        holder = self._holders[contender.session]
        self.abandon(contender)
        if not self._contests[holder].contenders:
            self.end(holder)

    def abandon(self, contender: LocalContender) -> None:
        """Go on without a contender: the holder still has to show that it lives."""
        self._remove(self._contests[self._holders[contender.session]].contenders, contender)

    def answered(self, party: Party, number: int) -> list[Contender]:
        """Note that a ping was answered; return the contenders that have lost by it.

        Of several pings it may answer the last one only (RFC 6455, section 5.5.3).
        """
        if not self._contests:
            return []
        contests = self._contests
        judged = self._judged_by(party)
        beaten = [s for s in judged if s in contests and contests[s].ping <= number]
        return [contender for session in beaten for contender in self.end(session)]

    def _judged_by(self, party: Party) -> list[SessionId]:
        """Return the sessions for which a party's answers count."""
        sessions = [party.session]
        if isinstance(party, ReferenceHub | Visitor):
            # For those who speak by its socket it is the only sign there is.
            sessions += [one for one in self._contests if self._is_guest_of(one, party)]
        return sessions

    def _is_guest_of(self, session: SessionId, hub: ReferenceHub | Visitor) -> bool:
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

    def end(self, holder: SessionId) -> list[Contender]:
        """End a contest if there is one; return who has waited, in the order in which they came."""
        contest = self._contests.pop(holder, None)
        if contest is None:
            return []
        contenders = list(contest.contenders)
        for contender in contenders:
            self._remove(contest.contenders, contender)
        self._timers.drop(holder)
        return contenders

    def _remove(self, contenders: list[Contender], contender: Contender) -> None:
        contenders.remove(contender)
        if isinstance(contender, LocalContender):
            del self._holders[contender.session]
            self._registry.aside -= contender.is_greeted

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to say."""
        return self._timers.deadline()


def heir(holder: Party, contenders: list[Contender]) -> LocalContender | None:
    """Return who of those that wait here gets the id of a holder that is gone.

    The first that comes from the same address, as a client does that has lost its socket and not
    its network; else the first of all.
    """
    local = [one for one in contenders if isinstance(one, LocalContender)]
    neighbours = [one for one in local if one.address == holder.address]
    return next(iter(neighbours or local), None)


def _surplus(contenders: list[LocalContender]) -> LocalContender | None:
    """Return who is one too many, if anybody: the last of those from the commonest address."""
    if len(contenders) <= CONTENDERS:
        return None
    count = Counter(one.address for one in contenders)
    most = max(count.values())
    return next(one for one in reversed(contenders) if count[one.address] == most)


def _origin(contender: Contender) -> PeerId | SessionId | None:
    """Return the hub or visitor that asks for a contender; ``None`` for one that asks itself."""
    match contender:
        case RemoteClaim(hub):
            return hub
        case MemberContender(visitor):
            return visitor
    return None
