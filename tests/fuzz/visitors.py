"""Visitors of every dialect at one hub, as a function of bytes that raises if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.events import PeerSent
from tests.core.harness import Desk

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId

OPENINGS = (
    ("y-webrtc", "/y-webrtc"),
    ("y-webrtc", "/y-webrtc"),
    ("peerjs", "/peerjs?key=peerjs&id=one&token=1"),
    ("peerjs", "/peerjs?key=peerjs&id=two&token=2"),
    ("tracker", "/announce"),
    ("tracker", "/announce"),
)

LINES = 64
"""How many messages of one input are said."""

LONG_AFTER = 10_000.0


def visitors(data: bytes) -> None:
    """Let visitors say each line, whose first byte says who; all they hear has to be JSON.

    A line without text ends a visitor, and another one comes. Nothing is left when all are gone.
    """
    desk = Desk()
    sessions = [_come(desk, number) for number in range(len(OPENINGS))]
    for line in data.split(b"\n")[:LINES]:
        number = (line[0] if line else 0) % len(OPENINGS)
        if len(line) > 1:
            desk.feed(PeerSent(sessions[number], line[1:].decode("utf-8", "replace")))
        else:
            desk.lose(sessions[number])
            sessions[number] = _come(desk, number)
    for session in sessions:
        desk.lose(session)
    desk.tick(LONG_AFTER)
    topics, picture = desk.hub.status.figures().topics, desk.hub.status.snapshot(LONG_AFTER)
    left = picture.connections, picture.namespaces, topics.listened, topics.draws
    assert not any(left), left


def _come(desk: Desk, number: int) -> SessionId:
    dialect, target = OPENINGS[number]
    return desk.visit(target, dialect=dialect)
