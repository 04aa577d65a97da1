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

    __slots__ = ("info_hash", "is_complete", "is_granted", "waiting")

    def __init__(self, info_hash: str, *, is_complete: bool) -> None:
        self.info_hash = info_hash
        self.is_complete = is_complete
        self.is_granted = False
        self.waiting: list[Draw | Send] = []


class _Socket:
    """What one socket has said."""

    __slots__ = ("counts", "last", "members", "waiting_size")

    def __init__(self) -> None:
        self.last: tuple[str, str, Place] | None = None
        """The hash and the peer of whom it has said more than once last, and the place: a hash
        less for each announce."""
        self.members: dict[Place, _Member] = {}
        self.waiting_size = 0
        self.counts = AwaitedCounts()


class Tracker:
    """What one hub knows of the tracker's clients that it serves."""

    def __init__(self) -> None:
        self._sockets: dict[SessionId, _Socket] = {}
        # When each peer last announced itself, the longest ago first.
        self._heard: dict[tuple[SessionId, str, PeerId], float] = {}

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
            message = decode(text)
        except TrackerError as error:
            return Say(error.answer), _NONSENSE
        if isinstance(message, Scrape):
            return self._scrape(socket, message)
        return self._announce(visitor, socket, message, now)

    def _announce(
        self, visitor: SessionId, socket: _Socket, message: Announce, now: float
    ) -> Iterable[Want]:
        info_hash = message.info_hash
        place = self._place(socket, info_hash, message.peer_id)
        member = socket.members.get(place)
        if message.event == "stopped":
            return self._stop(visitor, socket, place, info_hash)
        wants: list[Want] = []
        if member is None:
            if len(socket.members) >= MAX_MEMBERS:
                idle = self._most_idle(visitor, socket, now)
                if idle is None:
                    told = f"one socket speaks for {MAX_MEMBERS} peers in swarms at most"
                    return (Say(failure(told, info_hash)),)
                wants.append(self._drop(visitor, socket, idle))
            member = socket.members[place] = _Member(info_hash, is_complete=False)
            enters = True
        else:
            enters = False
        # Who has been complete stays so.
        if (message.is_complete or message.event == "completed") and not member.is_complete:
            member.is_complete = enters = True
        if enters:
            wants.append(Enter(*place, is_flagged=member.is_complete))
        heard = visitor, *place
        self._heard.pop(heard, None)
        self._heard[heard] = now
        want = self._wanted(place, message)
        if want is None:
            return wants
        if member.is_granted:
            wants.append(want)
        elif len(member.waiting) < MAX_WAITING and (
            socket.waiting_size + _size(want) <= MAX_WAITING_SIZE
        ):
            socket.waiting_size += _size(want)
            member.waiting.append(want)
        return wants

    def _place(self, socket: _Socket, info_hash: str, peer_id: str) -> Place:
        last = socket.last
        if last is not None and last[0] == info_hash and last[1] == peer_id:
            return last[2]
        place = namespace_of(Kind.SWARM, info_hash), member_id(Kind.SWARM, info_hash, peer_id)
        if place in socket.members:  # most clients that are idle have announced themselves once
            socket.last = info_hash, peer_id, place
        return place

    def _wanted(self, place: Place, message: Announce) -> Draw | Send | None:
        namespace, own = place
        if not message.to:
            return Draw(namespace, own, message.offers)
        if not message.answer:
            return None
        target = member_id(Kind.SWARM, message.info_hash, message.to)
        return Send(namespace, own, target, message.answer)

    def _stop(
        self, visitor: SessionId, socket: _Socket, place: Place, info_hash: str
    ) -> Iterable[Want]:
        wants = [self._drop(visitor, socket, place)] if place in socket.members else []
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
            interval = RETRY_INTERVAL if news.may_be_lost else INTERVAL
            return (Say(response(member.info_hash, *counts, interval)),)
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
        self._forget(visitor, socket, place)
        return socket.counts.ask((member.info_hash,), is_scrape=False, interval=SPARE_INTERVAL)

    def _denied(
        self, visitor: SessionId, socket: _Socket, place: Place, reason: str
    ) -> Iterable[Want]:
        member = socket.members.get(place)
        if member is None:
            return ()
        self._forget(visitor, socket, place)
        return (Say(failure(reason, member.info_hash)),)

    def closed(self, visitor: SessionId) -> None:
        """Forget a socket, and all for whom it has spoken."""
        socket = self._sockets.pop(visitor, None)
        if socket is not None:
            for place in list(socket.members):
                self._forget(visitor, socket, place)

    def tick(self, now: float) -> Iterable[tuple[SessionId, Want]]:
        """Have those leave who have not announced themselves for long."""
        wants = []
        while (due := self.deadline()) is not None and due <= now:
            visitor, namespace, own = next(iter(self._heard))
            place = namespace, own
            wants.append((visitor, self._drop(visitor, self._sockets[visitor], place)))
        return wants

    def deadline(self) -> float | None:
        """Return when the next peer has been silent for too long."""
        for heard in self._heard.values():
            return heard + MAX_IDLE
        return None

    def _most_idle(self, visitor: SessionId, socket: _Socket, now: float) -> Place | None:
        """Return who may make room for another one."""
        place = min(socket.members, key=lambda place: self._heard[visitor, *place])
        return place if self._heard[visitor, *place] + IDLE_ENOUGH <= now else None

    def _drop(self, visitor: SessionId, socket: _Socket, place: Place) -> Want:
        self._forget(visitor, socket, place)
        return Exit(*place)

    def _forget(self, visitor: SessionId, socket: _Socket, place: Place) -> None:
        _take_waiting(socket, socket.members.pop(place))
        del self._heard[visitor, *place]


def _size(want: Draw | Send) -> int:
    return sum(map(len, want.payloads)) if isinstance(want, Draw) else len(want.payload)


def _take_waiting(socket: _Socket, member: _Member) -> list[Draw | Send]:
    """Return what waits for the place of a peer; it waits no more."""
    waiting, member.waiting = member.waiting, []
    socket.waiting_size -= sum(map(_size, waiting))
    return waiting
