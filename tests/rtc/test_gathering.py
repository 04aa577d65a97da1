"""What an aiortc channel's ICE connection does beyond what aioice does."""

import asyncio

import aioice
import pytest
from aioice import stun
from aioice.ice import CandidatePair

from peerpigeon.rtc.gathering import NOMINATION_TIMEOUT, HubConnection
from peerpigeon.rtc.ice import IceOptions

LOOPBACK = IceOptions(loopback_only=True)
BOUND = NOMINATION_TIMEOUT + 4.0


class Silent(HubConnection):
    """Takes it that it has nominated a pair, without a word of that to the other end."""

    def build_request(self, pair: CandidatePair, nominate: bool) -> stun.Message:
        return super().build_request(pair, nominate=False)


@pytest.mark.slow
async def test_a_pair_that_works_is_used_though_its_nomination_was_lost() -> None:
    one: aioice.Connection = Silent(LOOPBACK, is_controlling=True)
    other: aioice.Connection = HubConnection(LOOPBACK, is_controlling=False)
    for each in (one, other):
        await each.gather_candidates()
    for each, remote in ((one, other), (other, one)):
        each.remote_username = remote.local_username
        each.remote_password = remote.local_password
        for candidate in remote.local_candidates:
            await each.add_remote_candidate(candidate)
        await each.add_remote_candidate(None)
    try:
        async with asyncio.timeout(BOUND):
            await asyncio.gather(one.connect(), other.connect())
            await other.send(b"\x80hello")
            assert await one.recv() == b"\x80hello"
    finally:
        await asyncio.gather(one.close(), other.close())
