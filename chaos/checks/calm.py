"""Where nothing is wrong, everything arrives.

That is asked of a signal if both its ends have known each other for a while (``SETTLED``), keep
their sockets, and read them, and no hub was absent from when a mesh would still be getting over it
until the signal had its end. How large the signals of others are makes no difference.
``overloaded`` may be answered: that is what a hub says when more waits than it can hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.allowances import END_WITHIN, QUIET, REPAIR, SETTLED
from chaos.history import Answered, Discovered, Farewell
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lives import Lives

ARRIVES = "in calm all arrives"


def lost_in_calm(lives: Lives) -> Iterator[Finding]:
    """Yield each signal that was answered although nothing was wrong."""
    met: dict[tuple[int, str], float] = {}
    for record in lives.records:
        match record:
            case Discovered(at=at, socket=socket, peer=peer):
                met[socket, peer] = at
            case Farewell(socket=socket, peer=peer):
                met.pop((socket, peer), None)
            case Answered(serial=serial) if serial in lives.sent:
                sent = lives.sent[serial]
                since = met.get((sent.socket, sent.target))
                if since is not None and since + SETTLED <= sent.at and _is_calm(lives, record):
                    what = f"signal {serial} (sent at {sent.at:.3f} over socket {sent.socket},"
                    what += f" {sent.size} bytes) was answered {record.reason}"
                    yield Finding(ARRIVES, record.at, what)


def _is_calm(lives: Lives, answer: Answered) -> bool:
    sent = lives.sent[answer.serial]
    since = sent.at - QUIET
    if answer.reason == "overloaded" or lives.is_stalled(since, answer.at):
        return False
    if any(absence.meets(since, answer.at) for absence in lives.absences):
        return False
    if lives.is_split(sent.at - REPAIR, answer.at):
        return False
    near = [
        life
        for life in lives.by_peer.get(sent.target, ())
        if life.ended >= sent.at - END_WITHIN and life.opened.at <= answer.at
    ]
    if len(near) != 1 or near[0].settled + SETTLED > sent.at or near[0].ended <= answer.at:
        return False
    return not any(pause.meets(sent.at, answer.at) for pause in near[0].pauses)
