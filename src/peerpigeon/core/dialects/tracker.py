"""The dialect of WebTorrent clients, as npm ``bittorrent-tracker`` 11.2.3, the server, speaks it.

Peers of a swarm give their tracker offers, which it hands to other members drawn at random, and it
passes the answers back. One socket may speak for many peers, in many swarms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from peerpigeon.core.dialects.dialect import (
    Counted,
    Denied,
    Draw,
    Enter,
    Exit,
    Fault,
    Granted,
    Say,
    Send,
    Taken,
)
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of
from peerpigeon.core.dialects.tracker_counts import (
    INTERVAL,
    RETRY_INTERVAL,
    SPARE_INTERVAL,
    AwaitedCounts,
)
from peerpigeon.core.dialects.tracker_messages import (
    Announce,
    Scrape,
    TrackerError,
    decode,
    digits,
    failure,
    response,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.dialects.dialect import DialectNews, Want
    from peerpigeon.core.ids import PeerId, SessionId

MAX_MEMBERS: Final = 64
"""Peers in swarms for which one socket may speak."""

MAX_IDLE: Final = 1200.0
"""Seconds after which a peer that announces itself no more has left its swarm, as in the reference.
Some clients never say that they leave."""

IDLE_ENOUGH: Final = 300.0
"""Seconds after which it makes room for another one of its socket: two announces are lacking."""

MAX_WAITING: Final = 8
"""Messages that a peer may say before the mesh has granted it its place; more are dropped."""

MAX_WAITING_SIZE: Final = 256 * 1024
"""Bytes that wait so for all peers of a socket: the offers of 60 announces."""

_NONSENSE: Final = Fault("a message that makes no sense")

Place: TypeAlias = "tuple[str, PeerId]"
"""Namespace and member."""


class _Member:
    """A peer in a swarm."""

    __slots__ = ("info_hash", "is_complete", "is_granted", "place", "visitor", "waiting")

    def __init__(self, visitor: SessionId, place: Place, info_hash: str) -> None:
        self.visitor = visitor
        self.place = place
        self.info_hash = info_hash
        self.is_complete = False
        self.is_granted = False
        self.waiting: list[Draw | Send] = []


class _Socket:
    """What one socket has said."""

    __slots__ = ("counts", "last", "members", "named", "waiting_size")

    def __init__(self) -> None:
        self.last: _Member | None = None
        """Of whom it has said more than once last."""
        self.named: tuple[str, ...] = ()
        """The hash and the id of that one, as messages have them: so most announces need no digits
        of these, and no digest."""
        self.members: dict[Place, _Member] = {}
        self.waiting_size = 0
        self.counts = AwaitedCounts()


class Tracker:
    """What one hub knows of the tracker's clients that it serves."""

    def __init__(self) -> None:
        self._sockets: dict[SessionId, _Socket] = {}
        # When each peer last announced itself, the longest ago first.
        self._heard: dict[_Member, float] = {}
        self._crowded = 0
        """How many announces were made when too many others were."""

    def __len__(self) -> int:
        return len(self._sockets)

    def opened(self, visitor: SessionId, target: str, now: float) -> Iterable[Want]:
        """Take a new socket; the client speaks first."""
        self._sockets[visitor] = _Socket()
        return ()

    def said(self, visitor: SessionId, text: str, now: float) -> Iterable[Want]:
        """Take an announce, an answer or a scrape."""
        socket = self._sockets[visitor]
        try:
            message = decode(text, socket.named)
        except TrackerError as error:
            return Say(error.answer), _NONSENSE
        if isinstance(message, Scrape):
            return self._scrape(socket, message)
        return self._announce(visitor, socket, message, now)

    def _announce(
        self, visitor: SessionId, socket: _Socket, message: Announce, now: float
    ) -> Iterable[Want]:
        info_hash, member = message.info_hash, socket.last
        if member is not None and socket.named == (info_hash, message.peer_id):
            place = member.place
        else:
            place, member = _find(socket, info_hash, message.peer_id)
        if message.event == "stopped":
            return self._stop(socket, place, info_hash)
        wants: list[Want] = []
        enters = member is None
        if member is None:
            room = self._make_room(socket, now)
            if room is None:
                told = f"one socket speaks for {MAX_MEMBERS} peers in swarms at most"
                return (Say(failure(told, info_hash)),)
            wants += room
            member = socket.members[place] = _Member(visitor, place, info_hash)
        # Who has been complete stays so.
        if not member.is_complete and (message.is_complete or message.event == "completed"):
            member.is_complete = enters = True
        if enters:
            wants.append(Enter(*place, is_flagged=member.is_complete))
        self._heard.pop(member, None)
        self._heard[member] = now
        want = self._wanted(place, message)
        if want is not None:
            if member.is_granted:
                wants.append(want)
            else:
                _let_wait(socket, member, want)
        return wants

    def _wanted(self, place: Place, message: Announce) -> Draw | Send | None:
        namespace, own = place
        if not message.to:
            return Draw(namespace, own, message.offers)
        if not message.answer:
            return None
        target = member_id(Kind.SWARM, digits(message.info_hash), digits(message.to))
        return Send(namespace, own, target, message.answer)

    def _stop(self, socket: _Socket, place: Place, info_hash: str) -> Iterable[Want]:
        member = socket.members.get(place)
        wants = [] if member is None else [self._drop(socket, member)]
        return [*wants, *socket.counts.ask((info_hash,), is_scrape=False)]

    def _scrape(self, socket: _Socket, message: Scrape) -> Iterable[Want]:
        asked = message.info_hashes
        if asked is None:
            # Reference: all swarms there are. No hub knows them; its own ones a client can know.
            asked = tuple(dict.fromkeys(each.info_hash for each in socket.members.values()))
        return socket.counts.ask(asked, is_scrape=True)

    def told(self, visitor: SessionId, news: DialectNews, now: float) -> Iterable[Want]:
        """Take the place of a peer, and counts."""
        socket = self._sockets.get(visitor)
        if socket is None:
            return ()
        if isinstance(news, Counted) and news.member is not None:  # as most are
            member = socket.members.get((news.namespace, news.member))
            if member is None:
                return ()  # it has stopped meanwhile
            counts = news.flagged, news.members - news.flagged
            return (Say(response(member.info_hash, *counts, self._interval(news))),)
        match news:
            case Granted(namespace, own):
                return self._granted(socket, (namespace, own))
            case Taken(namespace, own):
                return self._taken(visitor, socket, (namespace, own))
            case Denied(namespace, own, reason):
                return self._denied(visitor, socket, (namespace, own), reason)
            case Counted():
                return socket.counts.counted(news)
        return ()

    def _interval(self, news: Counted) -> int:
        """Return when a peer is to announce itself again."""
        if news.is_crowded:
            # A crowd that came at once is asked to come one after the other, or it would come at
            # once for ever.
            self._crowded += 1
            return RETRY_INTERVAL + self._crowded % (INTERVAL - RETRY_INTERVAL + 1)
        return RETRY_INTERVAL if news.may_be_lost else INTERVAL

    def _granted(self, socket: _Socket, place: Place) -> Iterable[Want]:
        member = socket.members.get(place)
        if member is None:
            return ()
        member.is_granted = True
        return _take_waiting(socket, member)

    def _taken(self, visitor: SessionId, socket: _Socket, place: Place) -> Iterable[Want]:
        """Answer for a peer that is in its swarm by another socket, until it announces itself anew.

        A client that has been given several hubs as its trackers is at each of them with one id.
        Its offers go out by the first one only, as answers come to that one.
        """
        member = socket.members.get(place)
        if member is None:
            return ()
        # Each announce has its answer; one that had its place before has none waiting.
        announces = sum(isinstance(waiting, Draw) for waiting in member.waiting)
        self._forget(socket, member)
        asked = (member.info_hash,)
        wants: list[Want] = []
        for _ in range(max(1, announces)):
            wants += socket.counts.ask(asked, is_scrape=False, interval=SPARE_INTERVAL)
        return wants

    def _denied(
        self, visitor: SessionId, socket: _Socket, place: Place, reason: str
    ) -> Iterable[Want]:
        member = socket.members.get(place)
        if member is None:
            return ()
        self._forget(socket, member)
        return (Say(failure(reason, member.info_hash)),)

    def closed(self, visitor: SessionId) -> None:
        """Forget a socket, and all for whom it has spoken."""
        socket = self._sockets.pop(visitor, None)
        if socket is not None:
            for member in list(socket.members.values()):
                self._forget(socket, member)

    def tick(self, now: float) -> Iterable[tuple[SessionId, Want]]:
        """Have those leave who have not announced themselves for long."""
        wants = []
        while (due := self.deadline()) is not None and due <= now:
            member = next(iter(self._heard))
            visitor = member.visitor
            wants.append((visitor, self._drop(self._sockets[visitor], member)))
        return wants

    def deadline(self) -> float | None:
        """Return when the next peer has been silent for too long."""
        for heard in self._heard.values():
            return heard + MAX_IDLE
        return None

    def _make_room(self, socket: _Socket, now: float) -> list[Want] | None:
        """Have somebody leave for another one if need be; ``None`` if nobody is idle enough."""
        if len(socket.members) < MAX_MEMBERS:
            return []
        idle = min(socket.members.values(), key=self._heard.__getitem__)
        if self._heard[idle] + IDLE_ENOUGH > now:
            return None
        return [self._drop(socket, idle)]

    def _drop(self, socket: _Socket, member: _Member) -> Want:
        self._forget(socket, member)
        return Exit(*member.place)

    def _forget(self, socket: _Socket, member: _Member) -> None:
        del socket.members[member.place]
        socket.last, socket.named = None, ()
        _take_waiting(socket, member)
        del self._heard[member]


def _find(socket: _Socket, info_hash: str, peer_id: str) -> tuple[Place, _Member | None]:
    """Return where a peer is, by its swarm's hash and its own id as messages have them.

    And what it is, if its socket has spoken for it before.
    """
    swarm = digits(info_hash)
    place = namespace_of(Kind.SWARM, swarm), member_id(Kind.SWARM, swarm, digits(peer_id))
    member = socket.members.get(place)
    if member is not None:  # most clients that are idle have announced themselves once
        socket.last, socket.named = member, (info_hash, peer_id)
    return place, member


def _let_wait(socket: _Socket, member: _Member, want: Draw | Send) -> None:
    """Keep what a peer says before it has its place, or drop it if that is too much."""
    size = _size(want)
    if len(member.waiting) < MAX_WAITING and socket.waiting_size + size <= MAX_WAITING_SIZE:
        socket.waiting_size += size
        member.waiting.append(want)


def _size(want: Draw | Send) -> int:
    return sum(map(len, want.payloads)) if isinstance(want, Draw) else len(want.payload)


def _take_waiting(socket: _Socket, member: _Member) -> list[Draw | Send]:
    """Return what waits for the place of a peer; it waits no more."""
    waiting, member.waiting = member.waiting, []
    socket.waiting_size -= sum(map(_size, waiting))
    return waiting
