"""What one client sends another arrives in the order sent, whatever sockets either has had.

A rival has sockets of its own: what it sends and hears is judged by itself. This needs no times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lives import Life, Lives

ORDER = "in the order sent"


def broken_order(lives: Lives) -> Iterator[Finding]:
    """Yield each signal that arrived after a later one of the same client to the same."""
    latest: dict[tuple[str, str], int] = {}
    arrivals = sorted((each[0] for each in lives.heard.values()), key=lambda heard: heard.at)
    for heard in arrivals:
        sent = lives.sent.get(heard.serial)
        if sent is None:
            continue
        pair = _name(lives.sockets[sent.socket]), _name(lives.sockets[heard.socket])
        before = latest.get(pair, 0)
        if before > heard.serial:
            newer = lives.sent[before]
            yield Finding(
                ORDER,
                heard.at,
                f"signal {heard.serial} (sent at {sent.at:.3f} over socket {sent.socket}) arrived"
                f" at socket {heard.socket} after signal {before} (sent at {newer.at:.3f} over"
                f" socket {newer.socket})",
            )
        latest[pair] = max(before, heard.serial)


def _name(life: Life) -> str:
    is_rival = life.opened.role == "rival"
    return f"{life.opened.peer} {life.number}" if is_rival else life.opened.peer
