"""Visitors: sockets whose clients speak a dialect, and what the dialect wants for them.

A visitor is among the parties of the registry like a client, so that all that holds for sockets
holds for it too: how many there may be, from one address and in all, pings, tokens that expire,
the drain. It holds no id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import IdFreed, VisitorGone, VisitorTold
from peerpigeon.core.clients.rates import ENTRY, UNUSABLE
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import (
    Close,
    Count,
    Counted,
    Draw,
    Enter,
    Exit,
    Fault,
    Granted,
    Listen,
    Publish,
    Say,
    Send,
    Unlisten,
)
from peerpigeon.core.dialects.dialects import Dialects
from peerpigeon.core.dialects.names import readable
from peerpigeon.core.interface.actions import Warn
from peerpigeon.core.interface.close_codes import (
    ADDRESS_IS_FULL,
    FULL,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
    SERVER_DRAINING,
    SERVICE_RESTART,
    TRY_AGAIN_LATER,
)
from peerpigeon.core.sessions.registry import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.clients.admission import Admission
    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.clients.members import Members
    from peerpigeon.core.clients.permissions import Permissions
    from peerpigeon.core.clients.rates import Rates
    from peerpigeon.core.dialects.dialect import DialectNews, SeldomWant, Want
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.interface.events import VisitorOpened
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.swarms.draws import Draws
    from peerpigeon.core.topics.topics import Topics

MOST_TOPICS = 256
"""In how many topics one visitor may listen: a page has one for each document that is open."""

VISITOR_REFUSED = "a message of a foreign client was ignored; most protocols of these cannot say so"


class Visitors:
    """The visitors of one hub."""

    def __init__(  # noqa: PLR0913
        self,
        sessions: Sessions,
        admission: Admission,
        disconnects: Disconnects,
        topics: Topics,
        effects: Effects,
        *,
        members: Members,
        draws: Draws,
        rates: Rates,
        permissions: Permissions,
    ) -> None:
        self._sessions = sessions
        self._registry = sessions.registry
        self._members = members
        self._draws = draws
        self._admission = admission
        self._disconnects = disconnects
        self._topics = topics
        self._effects = effects
        self._rates = rates
        self._permissions = permissions
        self._dialects = Dialects(topics.count)
        self.messages_refused = 0
        """How many messages made no sense or were not allowed."""

    # Sockets

    def on_opened(self, event: VisitorOpened, now: float) -> None:
        """Let a visitor in, or refuse it."""
        session, close = event.session, self._effects.close
        if self._admission.is_draining:
            close(session, SERVICE_RESTART, SERVER_DRAINING)
        elif self._sessions.addresses.is_full(event.address):
            close(session, TRY_AGAIN_LATER, ADDRESS_IS_FULL)
        elif self._sessions.registry.is_full:
            close(session, POLICY_VIOLATION, FULL)
            self._disconnects.waiting_room.press(now)  # these clients come again
        else:
            visitor = Visitor(session, event.dialect, event.address, now, now, event.permits)
            self._sessions.open(visitor, now)
            self._effects.counts.admitted += 1
            dialect = self._dialects[event.dialect]
            self._follow(visitor, dialect.opened(session, event.target, now), now)

    def on_change(self, change: VisitorGone | VisitorTold | IdFreed, now: float) -> None:
        """Take the end of a visitor, or what has become of what it wanted."""
        match change:
            case VisitorGone(session, dialect):
                self._dialects[dialect].closed(session)
            case VisitorTold(session, news):
                if isinstance(visitor := self._registry.get(session), Visitor):
                    self._tell(visitor, news, now)
            case IdFreed(session, enter):
                if isinstance(visitor := self._registry.get(session), Visitor):
                    self._members.enter(visitor, enter, now)
            case _:
                assert_never(change)

    def _tell(self, visitor: Visitor, news: DialectNews, now: float) -> None:
        dialect = self._dialects[visitor.dialect]
        if isinstance(news, Granted):
            self._members.note_grant(visitor, news)
        self._follow(visitor, dialect.told(visitor.session, news, now), now)
        if isinstance(news, Granted):
            self._members.begin(visitor, news, now)

    # Messages

    def on_text(self, visitor: Visitor, text: str, now: float) -> bool:
        """Take what a visitor says; return whether nothing of it is left for later."""
        said = self._dialects[visitor.dialect].said(visitor.session, text, now)
        return self._follow(visitor, said, now)

    def _follow(self, visitor: Visitor, wants: Iterable[Want], now: float) -> bool:
        """Do what a dialect wants; return whether nothing of it is left for later."""
        is_done = True
        for want in wants:
            match want:
                case Publish():  # as most are
                    is_done = self._publish(visitor, want, now) and is_done
                case Send():
                    is_done = self._members.send(visitor, want, now) and is_done
                case Say():
                    self._effects.send(visitor.session, want.payload)
                case Draw():
                    is_done = self._draw(visitor, want, now) and is_done
                case Count():
                    is_done = self._count(visitor, want.namespace, now) and is_done
                case _:
                    self._follow_seldom(visitor, want, now)
                    is_done = False
        return is_done

    def _follow_seldom(self, visitor: Visitor, want: SeldomWant, now: float) -> None:
        match want:
            case Listen() | Unlisten():
                self._hear(visitor, want, now)
            case Enter():
                self._rates.drawn(visitor, ENTRY, now)
                self._members.follow(visitor, want, now)
            case Exit():
                self._members.follow(visitor, want, now)
            case Close(reason):
                self._disconnects.drop(visitor, reason, now, code=NORMAL_CLOSURE)
            case Fault(reason):
                self._refuse(visitor, reason, now)
            case _:
                assert_never(want)

    def _hear(self, visitor: Visitor, want: Listen | Unlisten, now: float) -> None:
        namespace = want.namespace
        if isinstance(want, Listen):
            self._listen(visitor, namespace, now)
        elif namespace in visitor.topics:
            self._topics.unlisten(visitor, namespace, now)

    def _draw(self, visitor: Visitor, want: Draw, now: float) -> bool:
        session, payloads = visitor.session, want.payloads
        is_fine = self._rates.drawn(visitor, 1 + len(payloads), now)
        counted = self._draws.draw(session, want.namespace, want.member, payloads, now)
        return counted is not None and self._tell_counts(visitor, counted, now) and is_fine

    def _count(self, visitor: Visitor, namespace: str, now: float) -> bool:
        is_fine = self._rates.drawn(visitor, 1, now)
        counted: Counted | None = Counted(namespace, None, 0, 0)  # as of one that is not there
        if self._permissions.objection(readable(namespace), visitor.permits) is None:
            counted = self._draws.draw(visitor.session, namespace, None, (), now)
        return counted is not None and self._tell_counts(visitor, counted, now) and is_fine

    def _tell_counts(self, visitor: Visitor, counted: Counted, now: float) -> bool:
        told = self._dialects[visitor.dialect].told(visitor.session, counted, now)
        return self._follow(visitor, told, now)

    def _listen(self, visitor: Visitor, namespace: str, now: float) -> None:
        if namespace in visitor.topics:
            return
        if len(visitor.topics) >= MOST_TOPICS:
            self._refuse(visitor, f"it listens in {MOST_TOPICS} topics already", now)
        elif reason := self._permissions.objection(readable(namespace), visitor.permits):
            self._refuse(visitor, reason, now)
        elif not self._topics.has_room(namespace):
            self._refuse(visitor, "there is no memory for more topics (max_memory)", now)
        else:
            self._topics.listen(visitor, namespace, now)
            self._rates.listened(visitor, now)

    def _publish(self, visitor: Visitor, want: Publish, now: float) -> bool:
        namespace, payload = want.namespace, want.payload
        # Who listens was allowed to.
        if namespace not in visitor.topics and (
            reason := self._permissions.objection(readable(namespace), visitor.permits)
        ):
            self._refuse(visitor, reason, now)
            return False
        nobody_waits = not self._topics.newcomers
        count = self._topics.publish(visitor, namespace, payload, now)
        return self._rates.published(visitor, len(payload), count, now) and nobody_waits

    def _refuse(self, visitor: Visitor, reason: str, now: float) -> None:
        self.messages_refused += 1
        self._effects.act(Warn(VISITOR_REFUSED, visitor.address, "", reason))
        self._rates.faulted(visitor, UNUSABLE, now)

    # Time

    def tick(self, now: float) -> None:
        """Do what is due."""
        for dialect in self._dialects.values():
            for session, want in dialect.tick(now):
                visitor = self._registry.get(session)
                if isinstance(visitor, Visitor):  # pragma: no branch: it is forgotten when it ends
                    self._follow(visitor, (want,), now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(*(dialect.deadline() for dialect in self._dialects.values()))
