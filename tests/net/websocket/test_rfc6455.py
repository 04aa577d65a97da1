"""The table of RFC 6455, played to both ends of a WebSocket, whole and cut, without sockets."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from peerpigeon.net.websocket.frames import TEXT
from peerpigeon.net.websocket.protocol import (
    CloseReceived,
    Pinged,
    State,
    Violation,
    WebSocketProtocol,
)
from tests.net.raw import CLOSE, MASK, PONG
from tests.net.websocket.table import LIMIT, TABLE, Case, Pieces, close_frame, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peerpigeon.net.websocket.protocol import Event

NO_CODE = 1005


def whole(size: int) -> Iterator[int]:
    yield from ()


def halves(size: int) -> Iterator[int]:
    yield size // 2


def bytewise(size: int) -> Iterator[int]:
    # Where anything is decided: what lies between is payload.
    yield from range(1, min(size, 40))
    yield from range(max(40, size - 20), size)


def pieces(data: bytes, cut: Callable[[int], Iterator[int]]) -> Iterator[bytes]:
    for start, end in itertools.pairwise((0, *cut(len(data)), len(data))):
        yield data[start:end]


def protocol(*, is_server: bool) -> WebSocketProtocol:
    return WebSocketProtocol(TEXT, LIMIT, None if is_server else lambda: MASK)


def answers(case: Case, events: list[Event]) -> Pieces:
    """Return the frames that are to be sent back, the close frame last."""
    pongs = [frame(PONG, event.payload) for event in events if isinstance(event, Pinged)]
    match events[-1]:
        case CloseReceived(code):
            return *pongs, frame(CLOSE) if code == NO_CODE else close_frame(code)
        case Violation(code, reason):
            return *pongs, close_frame(code, reason.encode())
    raise AssertionError(case.name)


def faults(case: Case, cut: Callable[[int], Iterator[int]], *, is_server: bool) -> Iterator[str]:
    """Play one row, with a close behind it if it has no end of its own; say what goes wrong."""
    sent, expected = case.sent_by(client=is_server), list(case.events)
    if case.end is None:
        sent += close_frame(1000).sent_by(client=is_server)
        expected.append(CloseReceived(1000, ""))
    tested = protocol(is_server=is_server)
    read = (each for piece in pieces(sent, cut) for each in tested.receive_data(piece))
    events = [each for each in read if each is not None]
    if events != expected:
        yield f"events are {events}, not {expected}"
        return
    if tested.state is not State.CLOSE_OWED:
        yield f"the state is {tested.state} before the answer"
    match events[-1]:
        case CloseReceived(code):
            tested.close(code)
        case Violation(code, reason):
            tested.close(code, reason)
    answer = b"".join(each.sent_by(client=not is_server) for each in answers(case, events))
    if b"".join(tested.outgoing) != answer:
        yield f"{tested.outgoing} goes out, not {answer!r}"
    if tested.state is not State.CLOSED:
        yield f"the state is {tested.state} after the answer"


@pytest.mark.parametrize("cut", [whole, halves, bytewise])
@pytest.mark.parametrize("is_server", [True, False], ids=["server", "client"])
def test_all_rows_hold(cut: Callable[[int], Iterator[int]], is_server: bool) -> None:
    offenders = {
        case.name: found
        for case in TABLE
        if (found := list(faults(case, cut, is_server=is_server)))
    }
    assert not offenders


def test_the_table_is_as_long_as_it_was() -> None:
    """So that no row gets lost unseen."""
    assert len(TABLE) == len({case.name for case in TABLE}) == 187
