"""What another end of a data channel sends, as a function of bytes that raises if it fails."""

from __future__ import annotations

import random

from peerpigeon.rtc.interface import MAX_MESSAGE
from peerpigeon.rtc.sctp import Association, Ended, Received
from peerpigeon.rtc.sctp import chunks as c

MTU = 1160


def _pair() -> tuple[Association, Association]:
    one, other = (Association(mtu=MTU, rng=random.Random(seed)) for seed in (1, 2))
    one.connect(0.0)
    other.connect(0.0)
    for _ in range(4):
        for end, target in ((one, other), (other, one)):
            for packet in end.packets(0.0):
                target.receive(packet, 0.0)
            end.events()
    return one, other


def sctp(data: bytes) -> None:
    """Take packets with any chunks, whole and in their order or as they are; then tell the time.

    The first byte says how many bytes are the chunks of one packet.
    """
    one, association = _pair()
    association.send(b"something is under way")
    association.packets(0.0)
    association.receive(data, 0.0)
    now, has_ended = 0.0, False
    step = 4 * (data[0] if data else 0) or max(len(data), 1)
    for start in range(1, len(data), step):
        part = data[start : start + step]
        association.receive(c.packet(one._header, [part]), now)
        for event in association.events():
            assert not has_ended, "something after the end"
            has_ended = isinstance(event, Ended)
            assert not isinstance(event, Received) or len(event.message) <= MAX_MESSAGE
        assert all(len(packet) <= MTU for packet in association.packets(now))
        now = association.deadline() or now
        association.tick(now)
        association.packets(now)
        deadline = association.deadline()
        assert deadline is None or deadline > now, "it would never come to rest"
