"""Heads of requests that open a WebSocket, whole and spoilt, and what becomes of them."""

from __future__ import annotations

import pytest

from peerpigeon.net.http.opening_handshake import UpgradeRequest, accept
from peerpigeon.net.http.request import parse_request
from peerpigeon.net.http.response import HandshakeError
from tests.net.raw import upgrade


def head(*lines: str, target: str = "/?peerId=abc", leave_out: str = "-") -> bytes:
    return upgrade(*lines, target=target, leave_out=leave_out)[:-4]


def refusal(data: bytes) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        accept(parse_request(data))
    return caught.value


def status_of(data: bytes) -> int:
    try:
        accept(parse_request(data))
    except HandshakeError as error:
        return error.status
    return 101


def accepted(*lines: str, target: str = "/?peerId=abc", leave_out: str = "-") -> UpgradeRequest:
    return accept(parse_request(head(*lines, target=target, leave_out=leave_out)))
