"""A signal reaches only a socket that was granted the id, and nobody speaks for an id not granted.

From outside one cannot see a grant, so the owner is defined narrowly, that nothing is called wrong
that is not. A socket owns its id if no other socket under it was open when it opened, from when it
was first told of another client, until the first of these:

- it ends, for whatever reason but that the mesh gives its id away;
- the driver does not read it or stands still, so that it may miss the ping of a contest;
- its hub is killed or stopped;
- its hub has been frozen or cut off, or the mesh may be in parts, for as long as others take at the
  quickest to think it gone (``SOONEST_GONE``), if it lasted long enough to lose links.

Another socket under the id that opens meanwhile is told of nobody, gets nothing, and nothing that
it sends arrives, until then; and the owner is not closed for its sake.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from chaos.allowances import SOONEST_DEAD, SOONEST_GONE
from chaos.history import Discovered
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lives import Life, Lives

HEARS = "a signal reaches only who was granted the id"
SPEAKS = "nobody speaks for an id not granted"
TOLD = "who was not granted the id is told of nobody"
KEEPS = "an owner that lives keeps its id"

OUSTED = "peerId connected again, no answer here"
REFUSED = "Peer already connected"


def stolen_ids(lives: Lives) -> Iterator[Finding]:
    """Yield what a socket got or said under the id that another one owned."""
    until = {}
    for sockets in lives.by_peer.values():
        for place, owner in enumerate(sockets):
            if any(other.ended > owner.opened.at for other in sockets[:place]):
                continue
            end = owned_until(lives, owner)
            for rival in sockets[place + 1 :]:
                if max(owner.settled, rival.opened.at) < end and owner.settled < rival.opened.at:
                    until[rival.number] = (owner, end)
            if _is_ousted(owner) and end >= owner.ended:
                what = f"socket {owner.number} was closed for another one: {_reason(owner)}"
                yield Finding(KEEPS, owner.ended, what)
    yield from _heard_or_said(lives, until)


def owned_until(lives: Lives, owner: Life) -> float:
    """Return until when a socket certainly owns its id."""
    hub, since = owner.opened.hub, owner.opened.at
    ends = [owner.ended]
    ends += [each.since for each in (*owner.pauses, *lives.stalls) if each.until > since]
    for absence in lives.absent(hub, since, inf):
        if absence.how in ("frozen", "cut off"):
            if absence.seconds >= SOONEST_DEAD:
                ends.append(max(absence.since, since) + SOONEST_GONE)
        else:
            ends.append(absence.since)
    ends += [max(each.since, since) + SOONEST_GONE for each in lives.splits if each.until > since]
    return min(ends)


def _is_ousted(life: Life) -> bool:
    return _reason(life) in (OUSTED, REFUSED) and life.settled < life.ended


def _reason(life: Life) -> str:
    return "" if life.closed is None else life.closed.reason


def _heard_or_said(lives: Lives, until: dict[int, tuple[Life, float]]) -> Iterator[Finding]:
    for arrivals in lives.heard.values():
        for heard in arrivals:
            if heard.socket in until and heard.at < until[heard.socket][1]:
                owner, end = until[heard.socket]
                what = f"socket {heard.socket} got signal {heard.serial}"
                yield Finding(HEARS, heard.at, f"{what}, {_owned(owner, end)}")
            sent = lives.sent.get(heard.serial)
            if sent is not None and sent.socket in until and heard.at < until[sent.socket][1]:
                owner, end = until[sent.socket]
                what = f"signal {heard.serial} of socket {sent.socket} arrived"
                yield Finding(SPEAKS, heard.at, f"{what}, {_owned(owner, end)}")
    for record in lives.records:
        if isinstance(record, Discovered) and record.socket in until:
            owner, end = until[record.socket]
            if record.at < end:
                what = f"socket {record.socket} was told of {record.peer[:8]}"
                yield Finding(TOLD, record.at, f"{what}, {_owned(owner, end)}")


def _owned(owner: Life, end: float) -> str:
    return f"though socket {owner.number} owned {owner.opened.peer[:8]} until {end:.3f}"
