"""Each parser of what strangers send, as a function of bytes that raises if it fails."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from peerpigeon.core.config.addresses import ADDRESS_LIMIT
from peerpigeon.core.interface.link_pieces import Joiner, PieceError
from peerpigeon.core.wire import client_messages, hub_codec, reference_messages
from peerpigeon.core.wire.client_messages import MessageError, Signal, encode_signal
from peerpigeon.core.wire.hub_codec import FrameError, batch, encode
from peerpigeon.core.wire.hub_frames import Routed
from peerpigeon.core.wire.hub_validation import opened
from peerpigeon.net.http.lost_upgrade import check_upgrade
from peerpigeon.net.http.opening_handshake import accept, is_websocket
from peerpigeon.net.http.request import parse_request
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.websocket.client_handshake import ClientHandshake, UpgradeError, WebSocketUri
from peerpigeon.net.websocket.protocol import UNDECIDED, WebSocketProtocol
from peerpigeon.rtc.sdp import SdpError, parse_candidate, parse_description
from tests.core.harness import A, B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.net.websocket.protocol import Event

LARGEST_FRAME = 4096
"""Of a WebSocket and of a message in pieces here, so that a short input gets beyond it."""

NONCE = b"\0" * 16
MASK = b"\1\2\3\4"


def parts(data: bytes) -> Iterator[bytes]:
    """Return the input in the pieces that its first byte calls for."""
    if data:
        step = data[0] or len(data)
        yield from (data[start : start + step] for start in range(1, len(data), step))


def http_request(data: bytes) -> None:
    """Read the head of a request; a handshake's answer has to be in one piece."""
    with suppress(HandshakeError):
        request = parse_request(data)
        check_upgrade(request)
        if is_websocket(request):
            upgrade = accept(request)
            upgrade.parameter("peerId")
            answer = upgrade.response()
            assert answer.count(b"\r\n\r\n") == 1, answer


def handshake_answer(data: bytes) -> None:
    """Read what a server answers to our handshake, in pieces."""
    handshake = ClientHandshake(WebSocketUri.parse("ws://hub.example/"), NONCE)
    with suppress(UpgradeError):
        for part in parts(data):
            if handshake.receive_data(part) is not None:
                return


def websocket_uri(data: bytes) -> None:
    """Read an address; the request for it has to be the head of one request."""
    with suppress(ValueError):
        uri = WebSocketUri.parse(data.decode("utf-8", "replace")[:ADDRESS_LIMIT])
        head = ClientHandshake(uri, NONCE).request()
        assert head.count(b"\r\n") == 7, head
        parse_request(head[:-4])


def read(protocol: WebSocketProtocol, data: bytes) -> list[Event]:
    """Return the events in what has come."""
    return [event for event in protocol.receive_data(data) if event is not None]


def websocket(data: bytes) -> None:
    """Read frames as a server and as a client; in pieces and at once they mean the same."""
    for new_key in (None, lambda: MASK):
        whole = WebSocketProtocol(UNDECIDED, LARGEST_FRAME, new_key)
        pieces = WebSocketProtocol(UNDECIDED, LARGEST_FRAME, new_key)
        at_once = read(whole, data[1:])
        in_pieces = [event for part in parts(data) for event in read(pieces, part)]
        assert at_once == in_pieces
        assert whole.outgoing == pieces.outgoing
        whole.close(1000)
        for event in at_once:
            assert not isinstance(event, str | bytes) or len(event) <= LARGEST_FRAME


def client_message(data: bytes) -> None:
    """Read what a client says; a signal that is passed on is JSON."""
    with suppress(MessageError, UnicodeDecodeError):
        message = client_messages.decode(data.decode())
        if isinstance(message, Signal):
            said = json.loads(encode_signal(message, A, B, 1))
            assert said["fromPeerId"] == A


def reference_message(data: bytes) -> None:
    """Read what a hub of the npm package says."""
    reference_messages.is_greeting(data)
    reference_messages.addresses_in(data)
    with suppress(MessageError, UnicodeDecodeError):
        reference_messages.decode(data.decode())


def hub_message(data: bytes) -> None:
    """Read a message of a link; what was read is written and read again as the same."""
    with suppress(FrameError):
        frames = hub_codec.decode(data)
        for frame in frames:
            assert hub_codec.decode(batch([encode(frame)]))[0] == frame
            if isinstance(frame, Routed):
                opened(frame.body)


def link_pieces(data: bytes) -> None:
    """Put pieces together; no message is over the limit."""
    joiner = Joiner(LARGEST_FRAME)
    with suppress(PieceError):
        for part in parts(data):
            message = joiner.take(part)
            assert message is None or len(message) <= LARGEST_FRAME


def description(data: bytes) -> None:
    """Read a description of a data channel, or a candidate; what we write of it reads the same."""
    text = data.decode("utf-8", "replace")
    with suppress(SdpError):
        found = parse_description(text)
        assert str(parse_description(str(found))) == str(found)
    with suppress(SdpError):
        candidate = parse_candidate(text)
        assert candidate is None or parse_candidate(str(candidate)) == candidate
