"""What clients of PeerJS must not have seen: two with one id, and messages with two ends or none.

A message may be lost without a word with what was in a socket: its target's, between the end of
that and the moment when its hub notices, or its sender's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.checks.reach import sound_until, was_out_of_reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from peerpigeon.sim.visitors.peer import Heard, PeerSocket, Sent

PATIENCE = 5.0
"""Seconds for which a message waits for a target that is not there."""

NOTICED = 20.0
"""Seconds from a trouble until it has changed nothing any more for anybody's id."""

PROMPT = 5.0
"""Seconds within which a hub answers a new socket, and delivers to a peer that is there."""

EXPIRY = PATIENCE + 2.0
"""Seconds within which a message for nobody is given up, in a quiet time."""

IN_TIME = PATIENCE - 0.5
"""Seconds after which a target may come for which a message waits."""

FATE = LIFETIME + PATIENCE
"""Seconds after which a sender knows at the latest that a message did not arrive."""

DEATH_NOTICED = 70.0
"""Seconds after which a hub knows at the latest that a client is gone whose line is silent."""


@dataclass(slots=True)
class PeerLedger:
    """All that peers have said and heard, and when the mesh was quiet."""

    sockets: Sequence[PeerSocket]
    quiet: Sequence[tuple[float, float]] = ()
    now: float = 0.0
    lost: int = 0
    """Messages that were lost with a socket, as is allowed."""
    by_id: dict[str, list[PeerSocket]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Sort the sockets."""
        for socket in self.sockets:
            self.by_id[socket.peer].append(socket)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for whatever must not be."""
        yield from self._ids()
        yield from self._answers()
        yield from self._messages()
        yield from self._order()

    def _is_quiet(self, since: float, until: float) -> bool:
        return any(first <= since and until <= last for first, last in self.quiet)

    # Ids

    def _ids(self) -> Iterator[str]:
        for peer, sockets in self.by_id.items():
            opened = [socket for socket in sockets if socket.since is not None]
            opened.sort(key=lambda socket: socket.since or 0.0)
            for former, later in combinations(opened, 2):
                yield from self._judge(peer, former, later)

    def _judge(self, peer: str, former: PeerSocket, later: PeerSocket) -> Iterator[str]:
        since = later.since or 0.0
        over = min(sound_until(former.connection), former.until or self.now)
        if over <= since:
            return
        both = min(over, sound_until(later.connection), later.until or self.now) - since
        if former.token == later.token:
            if both > PROMPT and not self._is_excused(former, later, since, since + both):
                yield f"{peer} was open at two sockets with its token for {both:.1f} s"
        elif not self._is_excused(former, later, later.asked - LIFETIME, since):
            yield f"{peer} was opened at {since:.2f} though its holder was there"
        elif both > NOTICED and self._is_quiet(since + both - PROMPT, since + both):
            yield f"{peer} was open at two for {both:.1f} s"

    def _is_excused(
        self, former: PeerSocket, later: PeerSocket, since: float, until: float
    ) -> bool:
        lines = former.connection, later.connection
        return any(was_out_of_reach(line, since, until) for line in lines)

    def _answers(self) -> Iterator[str]:
        """Each request is answered soon, and nobody is turned out whose socket is sound."""
        for socket in self.sockets:
            due = socket.asked + PROMPT
            answer = socket.since or socket.refused
            if (answer is None or answer > due) and self._is_quiet(socket.asked, due):
                is_there = sound_until(socket.connection) > due
                if is_there and (socket.until is None or socket.until > due):
                    yield f"{socket.peer} of {socket.asked:.2f} was not answered"
            if socket.since is not None and socket.closed_by == NORMAL_CLOSURE:
                yield from self._turned_out(socket, socket.until or self.now)

    def _turned_out(self, socket: PeerSocket, until: float) -> Iterator[str]:
        is_taken = False
        for each in self.by_id[socket.peer]:
            was_there = each.until is None or each.until > until - LIFETIME
            if each is socket or each.asked > until or not was_there or each.refused:
                continue
            if each.token == socket.token:
                return
            if self._is_excused(socket, each, each.asked - LIFETIME, until):
                return
            is_taken = True
        by = "somebody else has its id" if is_taken else "nobody else has come for its id"
        yield f"{socket.peer} was closed at {until:.2f}, and {by}"

    # Messages

    def _messages(self) -> Iterator[str]:
        heard: dict[str, list[tuple[PeerSocket, Heard]]] = defaultdict(list)
        for socket in self.sockets:
            for one in socket.heard:
                heard[one.serial].append((socket, one))
        for socket in self.sockets:
            by_target: dict[str, list[Sent]] = defaultdict(list)
            for sent in socket.sent:
                by_target[sent.target].append(sent)
                ends = heard[sent.serial]
                if len(ends) > 1:
                    yield f"{sent.serial} arrived {len(ends)} times"
                for at, one in ends:
                    if at.peer != sent.target or one.source != socket.peer:
                        yield f"{sent.serial} for {sent.target} came to {at.peer}"
            for target, sents in by_target.items():
                yield from self._pair(socket, target, sents, heard)

    def _pair(
        self,
        socket: PeerSocket,
        target: str,
        sents: list[Sent],
        heard: dict[str, list[tuple[PeerSocket, Heard]]],
    ) -> Iterator[str]:
        """Judge all that one socket has sent one target."""
        expired = [one.time for one in socket.expired if one.source == target]
        waits = [sent for sent in sents if sent.kind != "LEAVE"]
        lacking = [sent for sent in waits if not heard[sent.serial]]
        for sent in lacking:
            answers = [time for time in expired if sent.time <= time <= sent.time + FATE]
            if not answers:
                yield from self._judge_loss(socket, sent)
        for number, time in enumerate(expired, 1):
            # One word stands for all that waits for a target, and each has some of its own.
            unsure = [sent for sent in waits if self._is_unsure(sent, heard[sent.serial])]
            reasons = [one for one in (*lacking, *unsure) if one.time <= time]
            if number > len(reasons):
                yield f"{socket.peer} was told at {time:.2f} that {target} is not there"
        for sent in waits:
            # All that waits for a target is given up with the first of it.
            is_given_up = any(
                first.time < sent.time <= first.time + EXPIRY
                and sent.time <= told <= first.time + EXPIRY
                for first in waits
                for told in expired
            )
            if heard[sent.serial] or not is_given_up:
                yield from self._judge_quiet(socket, sent, heard[sent.serial], expired)

    def _judge_loss(self, socket: PeerSocket, sent: Sent) -> Iterator[str]:
        over = min(sound_until(socket.connection), socket.until or self.now)
        if over < sent.time + FATE or self._has_broken(sent):
            self.lost += 1
        else:
            yield f"{sent.serial} for {sent.target} of {sent.time:.2f} was lost without a word"

    def _has_broken(self, sent: Sent) -> bool:
        """Tell whether a socket of the target has taken what was in it along."""
        return any(
            over <= sent.time + FATE and sent.time <= noticed
            for over, noticed in map(self._end_of, self.by_id[sent.target])
        )

    def _end_of(self, socket: PeerSocket) -> tuple[float, float]:
        """Return when a socket ended, and when its hub knew at the latest."""
        line = socket.connection
        over = min(sound_until(line), socket.until or float("inf"))
        if line.silent_since is not None and line.broken_at is None:
            return over, line.silent_since + DEATH_NOTICED
        return over, over + PROMPT

    def _is_unsure(self, sent: Sent, ends: list[tuple[PeerSocket, Heard]]) -> bool:
        """Tell whether the hub of a sender may not know that a message has arrived."""
        return any(
            sound_until(at.connection) <= one.time + LIFETIME
            or was_out_of_reach(at.connection, sent.time, one.time + LIFETIME)
            for at, one in ends
        )

    def _judge_quiet(
        self,
        socket: PeerSocket,
        sent: Sent,
        ends: list[tuple[PeerSocket, Heard]],
        expired: list[float],
    ) -> Iterator[str]:
        """Judge what a quiet time must bring: arrival, or soon the word that nobody is there."""
        time, due = sent.time, sent.time + PATIENCE + PROMPT
        over = min(sound_until(socket.connection), socket.until or self.now)
        if not self._is_quiet(time, due) or over < due:
            return
        others = [(each, *self._end_of(each)) for each in self.by_id[sent.target]]
        if any(over < due and time < noticed for _, over, noticed in others):
            return  # its target has come or gone meanwhile
        since = min(
            (each.since for each, over, _ in others if over >= due and each.since), default=None
        )
        if since is None:
            if not any(time <= one <= time + EXPIRY for one in expired):
                yield f"{sent.serial} of {time:.2f} for {sent.target}, who is not there, waits"
            return
        if since > time + IN_TIME:
            return
        if not ends or ends[0][1].time > max(since, time) + PROMPT:
            yield f"{sent.serial} of {time:.2f} did not reach {sent.target}, open from {since:.2f}"

    def _order(self) -> Iterator[str]:
        """Judge what came from one socket to one, whatever was held or has come back."""
        said = {sent.serial: each for each in self.sockets for sent in each.sent}
        for socket in self.sockets:
            last: dict[int, Heard] = {}
            for one in socket.heard:
                sender = id(said[one.serial])
                before = last.get(sender)
                last[sender] = one
                if before is not None and _number(before) > _number(one):
                    yield (
                        f"{one.serial} came to {socket.peer} at {one.time:.2f},"
                        f" after {before.serial} of {before.time:.2f}"
                    )


def _number(heard: Heard) -> int:
    return int(heard.serial.partition(".")[2])
