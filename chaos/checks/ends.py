"""A signal is delivered or answered: one of the two, once.

What the protocol cannot know is allowed, and only that:

- *Both*, if the hub that delivered it was killed, frozen or cut off before its acknowledgement can
  have been heard, or the hub of the sender was frozen or cut off for so long that it lost its
  links. A hub that stops in good order acknowledges first, so that stopping allows nothing.
- *Neither*, if the socket of the sender has ended, so that it could not be told, or one of the
  target has, over which the signal may have been on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.allowances import END_WITHIN, SIGNAL_LIFETIME, SOONEST_DEAD
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Sent
    from chaos.lives import Lives

DELIVERED_ONCE = "delivered once"
ANSWERED_ONCE = "answered once"
ONE_END = "delivered or answered, not both"
SOME_END = "delivered or answered"


def broken_ends(lives: Lives) -> Iterator[Finding]:
    """Yield each signal that has more ends than one, or none."""
    for serial, sent in lives.sent.items():
        heard, answered = lives.heard.get(serial, []), lives.answered.get(serial, [])
        signal = f"signal {serial} (sent at {sent.at:.3f} over socket {sent.socket})"
        if len(heard) > 1:
            where = ", ".join(f"{each.at:.3f} at socket {each.socket}" for each in heard)
            yield Finding(DELIVERED_ONCE, heard[1].at, f"{signal} arrived {where}")
        if len(answered) > 1:
            what = ", ".join(f"{each.reason} at {each.at:.3f}" for each in answered)
            yield Finding(ANSWERED_ONCE, answered[1].at, f"{signal} was answered {what}")
        if heard and answered and not _may_have_both(lives, sent):
            yield Finding(
                ONE_END,
                max(heard[0].at, answered[0].at),
                f"{signal} arrived at {heard[0].at:.3f} at socket {heard[0].socket}, and was"
                f" answered {answered[0].reason} at {answered[0].at:.3f}",
            )
    yield from without_end(lives)


def _may_have_both(lives: Lives, sent: Sent) -> bool:
    heard = lives.heard[sent.serial][0]
    theirs, ours = lives.sockets[heard.socket].opened.hub, lives.sockets[sent.socket].opened.hub
    window = (sent.at, heard.at + SIGNAL_LIFETIME)
    return any(absence.how != "stopped" for absence in lives.absent(theirs, *window)) or any(
        lives.absent(ours, *window, at_least=SOONEST_DEAD)
    )


def without_end(lives: Lives) -> Iterator[Finding]:
    """Yield each signal that should have an end by now and has none."""
    for serial, sent in lives.sent.items():
        if serial in lives.heard or serial in lives.answered:
            continue
        until = _latest_end(lives, sent)
        if until <= lives.now and not _may_have_none(lives, sent, until):
            what = f"signal {serial} of socket {sent.socket} to {sent.target[:8]} has no end"
            yield Finding(SOME_END, sent.at, what)


def _latest_end(lives: Lives, sent: Sent) -> float:
    """Return by when the sender must have been told; no hub tells while it is frozen."""
    hub = lives.sockets[sent.socket].opened.hub
    absences = lives.absent(hub, sent.at, sent.at + END_WITHIN)
    return max((each.until for each in absences), default=sent.at) + END_WITHIN


def _may_have_none(lives: Lives, sent: Sent, until: float) -> bool:
    if lives.sockets[sent.socket].ended <= until:
        return True
    return any(lives.ends_of(sent.target, sent.at - END_WITHIN, until))
