"""Our own clients: who has a socket here, under which id, in which namespace, and is it alive.

A *guest* is a client that has no socket of its own here: it speaks by that of a reference hub.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.deadlines import TimerQueue, earliest
from peerpigeon.core.ids import SessionId, key_of
from peerpigeon.core.interface.snapshot import PeerRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.sessions.recent_offers import RecentOffers
    from peerpigeon.core.wire.hub_frames import Challenge

Claim: TypeAlias = "tuple[PeerId, Challenge]"

BACKLOG_MESSAGES = 32
BACKLOG_SIZE = 64 * 1024
"""How many messages and characters of a contender are kept. A real client sends its announce."""

LOOKS = 256
"""How often silent clients are looked for in a ``cleanup_interval``."""


@dataclass(slots=True, eq=False)
class Peer:
    """One client with an accepted socket."""

    session: SessionId
    peer_id: PeerId
    address: str
    opened_at: float
    last_heard: float
    socket: SessionId
    """By which session it speaks: its own, or that of the reference hub that it is a client of."""
    is_hub: bool = False
    """Whether it is a reference hub itself."""
    is_guest: bool = False
    """Whether it speaks by a reference hub's socket."""
    namespace: str | None = None
    """Where it has announced itself; ``None`` before that and after its goodbye."""
    announced_at: float = 0.0
    sent_offers: RecentOffers | None = None
    """Its offers to others; ``None`` before the first."""
    far_offers: RecentOffers | None = None
    """RecentOffers that clients of other hubs have made to it; those of ours are in their own."""


@dataclass(slots=True, eq=False)
class Contender:
    """Who else wants an id that is taken, while the first is asked for a sign of life."""

    wants: SessionId | Claim
    """Its session here, negative without a socket; or, if it is at another hub, that hub and its
    question."""
    peer_id: PeerId
    address: str
    incumbent: SessionId
    ping: int = 0
    """The number of the ping that the first has to answer."""
    backlog: list[str] = field(default_factory=list)

    def keep(self, text: str) -> bool:
        """Keep a message for later; ``False`` if that is more than a hub keeps for a contender."""
        size = sum(map(len, self.backlog)) + len(text)
        if len(self.backlog) == BACKLOG_MESSAGES or size > BACKLOG_SIZE:
            return False
        self.backlog.append(text)
        return True


@dataclass(frozen=True, slots=True)
class Checkup:
    """What the silence of clients calls for."""

    ping: list[Peer]
    drop: list[Peer]


class Registry:
    """The clients of one hub.

    An id belongs to the first socket that opens with it. A second one takes over only if the
    first does not answer a ping within ``takeover_timeout``: so a client whose connection broke
    gets its id back at once, and nobody can push out a client that is there. What else comes over
    the first socket meanwhile may have been sent before its client was gone, and shows nothing.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._peers: dict[SessionId, Peer] = {}
        self.by_id: dict[str, Peer] = {}
        """The accepted clients by their ids in lower case. Not to be changed."""
        self.get: Callable[[SessionId], Peer | None] = self._peers.get
        """Return the accepted client of a session."""
        self._silence: TimerQueue[SessionId] = TimerQueue()
        self._look_every = config.cleanup_interval / LOOKS
        self.contenders: dict[SessionId, Contender] = {}
        """Who waits for an id, by the incumbent's session: one for each. Not to be changed."""
        self._incumbents: dict[SessionId, SessionId] = {}  # by the contender's session
        self._contests: TimerQueue[SessionId] = TimerQueue()
        self._last_guest = 0
        self._last_ping = 0

    def __len__(self) -> int:
        """Return how many clients are accepted."""
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        """Go over the clients in the order in which they came."""
        return iter(self._peers.values())

    @property
    def is_full(self) -> bool:
        """Whether no further client may be accepted."""
        return len(self._peers) >= self._config.max_connections

    def find(self, peer_id: PeerId) -> Peer | None:
        """Return the accepted client with an id, however the id is spelled."""
        return self.by_id.get(peer_id) or self.by_id.get(peer_id.lower())

    def members(self, peer_ids: Iterable[PeerId]) -> list[Peer]:
        """Return the clients with ids that are known to be here."""
        by_id = self.by_id
        return [by_id.get(peer_id) or by_id[peer_id.lower()] for peer_id in peer_ids]

    def add(self, session: SessionId, peer_id: PeerId, address: str, now: float) -> Peer:
        """Accept a client whose id is free, or a hub that has not said who it is: id empty."""
        self._silence.set(session, self._look_at(now + self._config.cleanup_interval))
        return self._add(Peer(session, peer_id, address, now, now, socket=session))

    def name(self, hub: Peer, peer_id: PeerId) -> None:
        """Note who a hub is that was added without an id, because we dialled it."""
        hub.peer_id = peer_id
        self.by_id[key_of(peer_id)] = hub

    def add_guest(self, hub: Peer, peer_id: PeerId, now: float) -> Peer:
        """Accept a client of a reference hub whose id is free; whether it lives, its hub knows."""
        session = self.guest_session()
        return self._add(
            Peer(session, peer_id, hub.address, now, now, socket=hub.session, is_guest=True)
        )

    def _add(self, peer: Peer) -> Peer:
        self._peers[peer.session] = peer
        if peer.peer_id:
            self.by_id[key_of(peer.peer_id)] = peer
        return peer

    def guest_session(self) -> SessionId:
        """Return a fresh session for who has no socket; those of sockets are positive."""
        self._last_guest -= 1
        return SessionId(self._last_guest)

    def remove(self, peer: Peer) -> Contender | None:
        """Forget a client; return the contender for its id, whose turn it is now."""
        del self._peers[peer.session]
        if peer.peer_id:
            del self.by_id[peer.peer_id.lower()]
        self._silence.drop(peer.session)
        return self._end_contest(peer.session)

    def records(self, epoch: float) -> list[PeerRecord]:
        """Return a record of every client for people; ``epoch`` as the hub has it."""
        return [
            PeerRecord(
                peer.peer_id,
                peer.namespace,
                peer.address,
                epoch + peer.opened_at,
                epoch + peer.last_heard,
            )
            for peer in self
            if peer.peer_id
        ]

    # Contests for an id

    def contend(self, contender: Contender, now: float) -> bool:
        """Let a contender wait for an id; ``False`` if another one waits for it already."""
        if contender.incumbent in self.contenders:
            return False
        self.contenders[contender.incumbent] = contender
        contender.ping = self.next_ping()
        if not isinstance(contender.wants, tuple):
            self._incumbents[contender.wants] = contender.incumbent
        self._contests.set(contender.incumbent, now + self._config.takeover_timeout)
        return True

    def next_ping(self) -> int:
        """Return the number of one more ping."""
        self._last_ping += 1
        return self._last_ping

    def contender(self, session: SessionId) -> Contender | None:
        """Return the contender with a session of its own."""
        incumbent = self._incumbents.get(session)
        return None if incumbent is None else self.contenders[incumbent]

    def withdraw(self, contender: Contender) -> None:
        """Forget a contender whose socket has closed."""
        self._end_contest(contender.incumbent)

    def abandon(self, contender: Contender) -> None:
        """Let a contest go on for nobody: its incumbent still has to show that it lives."""
        if not isinstance(contender.wants, tuple):
            del self._incumbents[contender.wants]
            contender.wants = self.guest_session()
            self._incumbents[contender.wants] = contender.incumbent
            contender.backlog.clear()

    def answered(self, peer: Peer, number: int) -> list[Contender]:
        """Note that a client has answered a ping; return the contenders that have lost by it.

        Of several pings it may answer the last one only (RFC 6455, section 5.5.3).
        """
        if not self.contenders:
            return []
        incumbents = [peer.session]
        if peer.is_hub:
            # For its clients it is the only sign there is.
            peers = self._peers
            incumbents = [s for s in self.contenders if peers[s].socket == peer.session]
        asked = (self.contenders.get(session) for session in incumbents)
        beaten = [each for each in asked if each is not None and each.ping <= number]
        for contender in beaten:
            self._end_contest(contender.incumbent)
        return beaten

    def lost_contests(self, now: float) -> list[Peer]:
        """Return the incumbents that gave no sign of life in time."""
        return [self._peers[session] for session in self._contests.expire(now)]

    def _end_contest(self, incumbent: SessionId) -> Contender | None:
        contender = self.contenders.pop(incumbent, None)
        if contender is not None:
            if not isinstance(contender.wants, tuple):
                del self._incumbents[contender.wants]
            self._contests.drop(incumbent)
        return contender

    # Silence

    def check_silence(self, now: float) -> Checkup:
        """Return whom to ping and whom to drop, and look at the others again in time."""
        checkup = Checkup([], [])
        for session in self._silence.expire(now):
            peer = self._peers[session]
            ping_at = peer.last_heard + self._config.cleanup_interval
            drop_at = peer.last_heard + self._config.peer_timeout
            if now >= drop_at:
                checkup.drop.append(peer)
            elif now + self._look_every >= ping_at:
                # Also if it answered the last ping in the meantime, as most do.
                checkup.ping.append(peer)
                ping_at = now + self._config.cleanup_interval
                self._silence.set(session, min(self._look_at(ping_at), drop_at))
            else:
                self._silence.set(session, self._look_at(ping_at))
        return checkup

    def _look_at(self, when: float) -> float:
        """Return a time soon after ``when``, the same for many clients: one tick serves them."""
        return max(when, ceil(when / self._look_every) * self._look_every)

    def deadline(self) -> float | None:
        """Return when ``check_silence`` or ``lost_contests`` has something to say."""
        return earliest(self._silence.deadline(), self._contests.deadline())
