"""Who gets a place at a full hub: the first that waits, when a ghost is found that holds one.

A ghost is a socket whose client has gone without a word; it holds a place until it has been silent
for ``peer_timeout``. While somebody waits, those that have been silent for longest are pinged, and
who is not heard of within ``takeover_timeout`` makes room. Each live client is heard of every
``cleanup_interval``, so that a ghost is among the longest silent soon. Other than for an id, which
somebody may want to push its owner out of, whatever is heard shows life here: a client that talks
and is slow to answer keeps its place.
"""

from __future__ import annotations

from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.sessions.registry import Guest

if TYPE_CHECKING:
    from typing import TypeAlias

    from peerpigeon.core.ids import PeerKey, SessionId
    from peerpigeon.core.sessions.registry import Client, ReferenceHub, Registry, Visitor
    from peerpigeon.core.sessions.takeover import LocalContender, Takeovers

    Socket: TypeAlias = Client | ReferenceHub | Visitor

PINGS = 64
"""How many are pinged in one search. There is one search in a ``takeover_timeout``, whoever comes:
32 pings a second, which is what a thousand clients at rest get."""

APPLICANTS = 64
"""How many may wait for a place: not more come free in one search, and each may have said as much
as a contender. With 64 Ki characters each they keep 4 MiB."""

_silence = attrgetter("last_heard")


class Places:
    """Who waits for a place at one hub, and who has been asked whether it still needs its own."""

    def __init__(self, registry: Registry, takeovers: Takeovers, timeout: float) -> None:
        self._registry = registry
        self._takeovers = takeovers
        self._timeout = timeout
        self._applicants: dict[SessionId, LocalContender] = {}  # first come, first served
        self._wants: set[tuple[PeerKey, str]] = set()  # their ids, and whence they come
        self._hopeful: set[SessionId] = set()  # for whom the search under way was begun
        # Guests do not wait, they come again: how many found no place before and since it began.
        self._hopeful_guests = self._guests = 0
        # Both the longest silent first. What was found and nobody has needed yet is kept.
        self._asked: dict[SessionId, Socket] = {}
        self._ghosts: dict[SessionId, Socket] = {}
        self._asked_at = float("-inf")

    # Who waits

    def apply(self, applicant: LocalContender) -> bool:
        """Let a socket wait for a place; ``False`` if too many do.

        Another one with its id from its address counts as too many.
        """
        if len(self._applicants) >= APPLICANTS or _want(applicant) in self._wants:
            return False
        self._applicants[applicant.session] = applicant
        self._wants.add(_want(applicant))
        return True

    @property
    def size(self) -> int:
        """About how many bytes are kept of what those have said that wait."""
        return sum(applicant.size for applicant in self._applicants.values())

    def press(self) -> None:
        """Note that a guest has found no place: ghosts are searched for it, too."""
        self._guests += 1

    def applicant(self, session: SessionId) -> LocalContender | None:
        """Return who waits with a session."""
        return self._applicants.get(session)

    def withdraw(self, applicant: LocalContender) -> None:
        """Let somebody wait no longer."""
        del self._applicants[applicant.session]
        self._wants.discard(_want(applicant))
        self._hopeful.discard(applicant.session)

    def dismiss(self) -> list[LocalContender]:
        """Take out all who wait: there will be no place any more."""
        applicants = list(self._applicants.values())
        for applicant in applicants:
            self.withdraw(applicant)
        return applicants

    def next(self) -> LocalContender | None:
        """Take out who has waited for longest, if there is a place."""
        if not self._applicants or self._registry.is_full:
            return None
        applicant = next(iter(self._applicants.values()))
        self.withdraw(applicant)
        return applicant

    # Whose place it may be

    def answered(self, session: SessionId) -> bool:
        """Note a pong; tell whether it is one that was searched for."""
        return self._asked.pop(session, None) is not None

    def forget(self, session: SessionId) -> None:
        """Note that somebody is gone."""
        self._asked.pop(session, None)
        self._ghosts.pop(session, None)

    def expire(self, now: float) -> None:
        """Take for ghosts all that were asked in vain, when it is time.

        At no other event than the hub's alarm: a hub that stood still has first to hear what has
        come meanwhile, and that may be an answer.
        """
        if self._asked and now >= self._asked_at + self._timeout:
            self._ghosts, self._asked = self._asked, {}
            self._hopeful_guests = max(0, self._hopeful_guests - self._registry.vacancies)

    def ghost(self) -> Socket | None:
        """Take out who has to make room, if anybody hopes for it: the longest silent ghost."""
        while self._ghosts and (self._applicants or self._hopeful_guests):
            party = self._ghosts.pop(next(iter(self._ghosts)))
            if party.last_heard <= self._asked_at:
                if not self._applicants:
                    self._hopeful_guests -= 1
                return party
        return None

    def disappointed(self) -> list[LocalContender]:
        """Take out those for whom a search was made that is over: all that were asked live."""
        if self._asked:
            return []
        # In their order: they were the first ones.
        losers = [one for one in self._applicants.values() if one.session in self._hopeful]
        for applicant in losers:
            self.withdraw(applicant)
        return losers

    def search(self, now: float) -> list[Socket]:
        """Begin to search for ghosts, if it is time and there is need; return whom to ping."""
        is_wanted = self._applicants or self._guests
        if not is_wanted or self._asked or now < self._asked_at + self._timeout:
            return []
        sockets = (party for party in self._registry if not isinstance(party, Guest))
        free = (party for party in sockets if not self._takeovers.is_contested(party))
        self._asked = {party.session: party for party in nsmallest(PINGS, free, key=_silence)}
        self._ghosts, self._asked_at = {}, now
        self._hopeful = set(self._applicants)
        self._hopeful_guests, self._guests = self._guests, 0
        return list(self._asked.values())

    def deadline(self) -> float | None:
        """Return when a search is over, or the next one may begin."""
        if self._applicants or self._guests or (self._asked and self._hopeful_guests):
            return self._asked_at + self._timeout
        return None


def _want(applicant: LocalContender) -> tuple[PeerKey, str]:
    return key_of(applicant.peer_id), applicant.address
