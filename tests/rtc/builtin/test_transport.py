"""ICE and DTLS of the built-in engine, as its channels use them."""

import asyncio

from peerpigeon.rtc.builtin.dtls import Identity
from peerpigeon.rtc.builtin.transport import MAX_EARLY, Transport
from peerpigeon.rtc.sdp import Description
from tests.rtc.ends import CONDITION_TIMEOUT, LOOPBACK


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.packets: list[bytes] = []
        self.is_lost = asyncio.Event()
        self.has_come = asyncio.Event()

    def advanced(self, stage: str, way: str) -> None:
        self.stages.append(stage)

    def packets_came(self, packets: list[bytes]) -> None:
        self.packets += packets
        self.has_come.set()

    def transport_lost(self) -> None:
        self.is_lost.set()


def new_transport(listener: Listener, identity: Identity, is_offering: bool) -> Transport:
    return Transport(LOOPBACK, identity, listener, is_offering=is_offering)


async def describe_both(one: Transport, other: Transport) -> tuple[Description, Description]:
    offer = await one.describe(None)
    return offer, await other.describe(offer)


async def test_packets_go_both_ways_and_the_end_is_heard() -> None:
    first, second = Listener(), Listener()
    one = new_transport(first, Identity(), is_offering=True)
    other = new_transport(second, Identity(), is_offering=False)
    one.send(b"too early")
    offer, answer = await describe_both(one, other)
    async with asyncio.timeout(CONDITION_TIMEOUT):
        await asyncio.gather(one.connect(answer), other.connect(offer))
        one.send(b"there")
        other.send(b"back")
        await first.has_come.wait()
        await second.has_come.wait()
        assert (first.packets, second.packets) == ([b"back"], [b"there"])
        assert first.stages == second.stages == ["ICE", "DTLS"]
        await one.close()
        await second.is_lost.wait()
        other.send(b"too late")
        await other.close()


async def test_a_handshake_that_came_before_the_description_is_not_lost() -> None:
    listener = Listener()
    one = new_transport(listener, Identity(), is_offering=True)
    for _ in range(10 * MAX_EARLY):
        one._take(b"\x16" * 100)
    assert len(one._early) == MAX_EARLY
    await one.close()
