"""Nothing crosses namespaces, and nobody hears what is not for him. This needs no times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.history import Discovered, Farewell
from chaos.lives import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Heard
    from chaos.lives import Lives

APART = "nothing crosses namespaces"


def crossings(lives: Lives) -> Iterator[Finding]:
    """Yield what a socket heard from or of another namespace, or was meant for another peer."""
    for record in lives.records:
        if isinstance(record, Discovered | Farewell):
            own = lives.sockets[record.socket].opened.namespace
            theirs = {life.opened.namespace for life in lives.by_peer.get(record.peer, ())}
            if record.namespace != own or own not in theirs:
                what = f"socket {record.socket} of {own!r} was told of {record.peer[:8]}"
                yield Finding(APART, record.at, f"{what} of {sorted(theirs)}")
    for arrivals in lives.heard.values():
        for heard in arrivals:
            if stray := _stray(lives, heard):
                yield Finding(APART, heard.at, f"socket {heard.socket} got {stray}")


def _stray(lives: Lives, heard: Heard) -> str:
    """Say what is wrong with a signal that was heard; nothing if all is right."""
    here, sent = lives.sockets[heard.socket].opened, lives.sent.get(heard.serial)
    if sent is None:
        return f"signal {heard.serial}, which nobody sent"
    there = lives.sockets[sent.socket].opened
    if there.namespace != here.namespace or heard.namespace != here.namespace:
        return f"signal {heard.serial} from namespace {there.namespace!r} to {here.namespace!r}"
    if sent.target != here.peer:
        return f"signal {heard.serial}, which is for {sent.target[:8]}"
    if heard.source != there.peer:
        return f"signal {heard.serial} in the name of {heard.source[:8]}, sent by {there.peer[:8]}"
    return ""
