"""Ghosts make room: a client is not kept out of a hub by sockets that nobody holds any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.allowances import MAX_CONNECTIONS, PLACE_WITHIN
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lives import Life, Lives

PLACES = "ghosts make room"
FULL = "Maximum connections reached"
NO_ANSWER = "server is full, no answer here"


def kept_out(lives: Lives) -> Iterator[Finding]:
    """Yield each client that got no place although there would have been one without ghosts."""
    for life in lives.sockets.values():
        if life.opened.role == "ghost":
            continue
        reason = "" if life.closed is None else life.closed.reason
        waited = min(life.ended, lives.now) - life.opened.at
        is_refused = reason == FULL or (
            life.opened.role == "newcomer" and waited > PLACE_WITHIN and life.greeted > life.ended
        )
        if is_refused and _living(lives, life) < MAX_CONNECTIONS and not _was_absent(lives, life):
            what = f"socket {life.number} got no place at hub {life.opened.hub}, with"
            what += (
                f" {_living(lives, life)} of {MAX_CONNECTIONS} places taken by clients that live"
            )
            yield Finding(PLACES, life.ended, what)


def _living(lives: Lives, newcomer: Life) -> int:
    return sum(
        other.opened.hub == newcomer.opened.hub
        and other.opened.role != "ghost"
        and other is not newcomer
        and other.opened.at <= newcomer.ended
        and other.ended >= newcomer.opened.at
        for other in lives.sockets.values()
    )


def _was_absent(lives: Lives, life: Life) -> bool:
    return any(lives.absent(life.opened.hub, life.opened.at, life.ended))
