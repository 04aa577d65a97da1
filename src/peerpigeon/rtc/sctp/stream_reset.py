"""How another end closes the channel: it asks for its stream to be reset (RFC 6525).

aiortc, libdatachannel and browsers close a channel by that (RFC 8831, section 6.7), and expect that
the stream in the other direction is reset, too.
"""

from __future__ import annotations

from peerpigeon.rtc.interface import STREAM
from peerpigeon.rtc.sctp import chunks as c

_NOTHING_TO_DO, _PERFORMED, _IN_PROGRESS = 0, 1, 6  # RFC 6525, section 4.4


def answer(body: bytes, cumulative: int, last_sent: int, number: int) -> tuple[bytes, bool]:
    """Answer a RE-CONFIG chunk's body: with which chunk, if any, and whether the channel is closed.

    It is once all that was sent before has come, up to ``cumulative``; the other end asks again
    until then. ``last_sent`` is the last TSN of ours, ``number`` that of our own request. Raises
    ``ValueError`` or ``struct.error``.
    """
    request = dict(c.parameters(body)).get(c.RESET_OUTGOING)
    if request is None:
        return b"", False
    theirs, _, last = c.RESET_BODY.unpack_from(request)
    streams = request[c.RESET_BODY.size :]
    named = {streams[at : at + 2] for at in range(0, len(streams), 2)}
    if named and c.STREAM_NUMBER.pack(STREAM) not in named:
        return _answered(theirs, _NOTHING_TO_DO), False
    if (cumulative - last) & 0xFFFF_FFFF >= 1 << 31:
        return _answered(theirs, _IN_PROGRESS), False
    own = c.RESET_BODY.pack(number, theirs, last_sent) + c.STREAM_NUMBER.pack(STREAM)
    return _answered(theirs, _PERFORMED, c.parameter(c.RESET_OUTGOING, own)), True


def _answered(number: int, result: int, more: bytes = b"") -> bytes:
    response = c.parameter(c.RECONFIG_RESPONSE, c.PAIR.pack(number, result))
    return c.chunk(c.RE_CONFIG, response + more)
