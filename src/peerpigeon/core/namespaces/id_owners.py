"""Whose an id is, as the primary rendezvous hub of a namespace decides it.

An id belongs to the first that was published with it, as long as that one lives: a newcomer from
another hub is held aside while the hub of the holder is asked. Whoever gets an id is told so
(``Granted``), and is nobody before.

Views of the mesh differ for moments, so a hub that has just become the primary may hear of a
newcomer before it hears of the one that has had the id for long. So whoever has just come must ask
for every other of its id, also for those that this hub has only stored as the backup. And if the
elder turns up a little later it is asked, and has its id again as soon as it shows that it lives.
Of two that had the id before, in two halves of a mesh that has become one, the first here counts
as the first. All this the primary decides: a hub that is it no more leaves it to the next one.

A newcomer with the owner mark of the holder, or of who had the id shortly before, is the owner: it
has the id at once, and the other one is closed.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import LATE
from peerpigeon.core.namespaces.records import IdConflict, NamespaceRecords, Record, identity_of
from peerpigeon.core.owners import NOBODY, RecentOwners
from peerpigeon.core.wire.hub_news import Challenge, Granted, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_news import Claim, Located

CHALLENGE_TIMEOUT = 5.0
"""Seconds for the answer to a challenge. Longer than a serving hub's own ``takeover_timeout``."""

MOST_DELAYS = 7
"""How often that time passes again, at most, because a hub says that the answer takes longer: its
client has a lot to read. Longer than hubs wait for that, 30 s."""


class IdOwners:
    """The conflicts about ids in the namespaces of one rendezvous hub."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        # In order of time, because each answer may take equally long.
        self._until: dict[tuple[str, int], float] = {}
        # Those whose answer may have come while this process stood still: they have time again.
        self._late: set[tuple[str, int]] = set()
        # How often the time of an answer is to pass again.
        self._delays: dict[tuple[str, int], int] = {}
        self._recent: RecentOwners[tuple[str, int]] = RecentOwners()

    def rival(
        self, kept: NamespaceRecords, record: Record, *, was_granted: bool, has_waited: bool
    ) -> Record | None:
        """Return who else has the id of one that is published here as to the primary.

        ``has_waited``: it has waited for this hub to hear of the others. Of several the first to
        come is the first.
        """
        others = kept.elsewhere(record)
        if has_waited:
            others = [other for other in others if not other.is_waiting]
        introduced = next((other for other in others if other.is_introduced), None)
        if introduced is not None or was_granted:
            return introduced
        return others[0] if others else None

    def is_owner(
        self, kept: NamespaceRecords, newcomer: Record, holder: Record, now: float
    ) -> bool:
        """Tell whether a newcomer shows that the id of another one is its own."""
        key = kept.name, newcomer.number
        return self._recent.may_take(key, newcomer.owner, holder.owner, now)

    def is_owners(self, kept: NamespaceRecords, claim: Claim, now: float) -> bool:
        """Tell whether an id is that of somebody who waits for it at its own hub."""
        number = int(claim.peer, 16)
        holders = [one.owner for one in kept.with_id(number) if one.is_introduced]
        return any(
            self._recent.may_take((kept.name, number), claim.owner, holder, now)
            for holder in holders or [NOBODY]
        )

    def note_end(self, kept: NamespaceRecords, record: Record, now: float) -> None:
        """Remember whose an id was that is about to be free."""
        if record.is_introduced:  # here, where it was granted or is known to have been
            since = record.granted_at
            self._recent.note((kept.name, record.number), record.owner, since, now)

    def grant(self, kept: NamespaceRecords, hub: PeerId, sessions: list[int]) -> None:
        """Tell a hub that clients of it have their ids; there may be none."""
        if sessions:
            self._effects.tell_hub(hub, Granted(kept.name, tuple(sessions)))

    def refuse(self, kept: NamespaceRecords, located: Located) -> None:
        """Have the hub of a client close it, because another one has the id."""
        member = located.member
        self._effects.tell_hub(located.hub, Refusal(kept.name, member.peer, member.session))

    def hold_aside(
        self,
        kept: NamespaceRecords,
        newcomer: Record,
        holder: Record,
        now: float,
        *,
        is_return: bool = False,
    ) -> None:
        """Ask whether the one lives that had an id first; for one newcomer at a time."""
        if newcomer.number in kept.conflicts:
            self.refuse(kept, newcomer.located)
            return
        conflict = IdConflict(newcomer, holder, is_return)
        kept.hold_aside(conflict)
        self.ask(kept, conflict, now)

    def ask(self, kept: NamespaceRecords, conflict: IdConflict, now: float) -> None:
        """Ask whether the first owner of an id lives; the answer may take all its time again."""
        key = kept.name, conflict.newcomer.number
        self._until.pop(key, None)
        self._until[key] = now + CHALLENGE_TIMEOUT
        self._delays.pop(key, None)
        hub, peer, session = identity_of(conflict.asked)
        self._effects.tell_hub(hub, Challenge(kept.name, peer, session))

    def wait_longer(self, kept: NamespaceRecords, conflict: IdConflict, seconds: float) -> None:
        """Note that an answer takes so many seconds more, which is heeded once for a question."""
        delays = min(MOST_DELAYS, ceil(seconds / CHALLENGE_TIMEOUT))
        self._delays.setdefault((kept.name, conflict.newcomer.number), delays)

    def ask_elder(self, kept: NamespaceRecords, fresh: Record, elder: Record, now: float) -> None:
        """Ask whether one lives that had its id before another one has got it here a moment ago.

        Until that is clear the other one has it: an id is to change hands no more often than it
        must, and who decides may be another hub by then.
        """
        conflict = kept.conflicts.get(elder.number)
        if conflict is not None and not conflict.is_return:
            self.end(kept, conflict)
            self.refuse(kept, conflict.newcomer.located)
        self.hold_aside(kept, elder, fresh, now, is_return=True)

    def end(self, kept: NamespaceRecords, conflict: IdConflict) -> None:
        """Forget a conflict that is decided, or whose newcomer is gone."""
        kept.decide(conflict)
        self._drop((kept.name, conflict.newcomer.number))

    def contested(self) -> Iterator[str]:
        """Go over the namespaces with conflicts, each of them once for each."""
        return (namespace for namespace, _ in self._until)

    def forget(self, kept: NamespaceRecords) -> None:
        """Forget all conflicts of a namespace."""
        for number in kept.conflicts:
            self._drop((kept.name, number))

    def _drop(self, key: tuple[str, int]) -> None:
        self._until.pop(key, None)
        self._late.discard(key)
        self._delays.pop(key, None)

    def unanswered(self, now: float) -> Iterator[tuple[str, int]]:
        """Return namespace and id of the conflicts in which no answer has come in time."""
        while self._until:
            key, until = next(iter(self._until.items()))
            if until > now:
                return
            del self._until[key]
            if now > until + LATE and key not in self._late:
                self._late.add(key)
                self._until[key] = now + CHALLENGE_TIMEOUT
            elif self._delays.get(key, 0):
                self._delays[key] -= 1
                self._until[key] = now + CHALLENGE_TIMEOUT
            else:
                yield key

    def deadline(self) -> float | None:
        """Return when ``unanswered`` has something to say."""
        return next(iter(self._until.values()), None)
