"""What is particular to the built-in engine: what it loads, and when."""

import asyncio
import gc
import subprocess
import sys

import pytest
from OpenSSL import SSL

from peerpigeon.rtc.builtin.channel import BuiltinChannel
from peerpigeon.rtc.sctp import Association
from tests.net.hubs import eventually
from tests.net.raw import on_every_loop
from tests.rtc.ends import Engines
from tests.rtc.environment import ROOT

DEADLINE = 10.0

PROGRAM = """
import asyncio, sys
from peerpigeon.rtc.engines import make_engine
from tests.rtc.ends import LOOPBACK, Engines

async def main():
    engine = make_engine("builtin", LOOPBACK)
    print(*sys.modules)
    await engine.close()
    async with Engines("builtin", "builtin") as engines:
        await engines.connect()
    print(*sys.modules)

asyncio.run(main())
"""


def test_libraries_are_loaded_with_the_first_channel_and_no_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    libraries = {"aioice", "dns", "OpenSSL", "cryptography", "ifaddr", "google_crc32c"}
    libraries.add("peerpigeon.rtc.sctp")
    assert not before & libraries
    assert after >= libraries
    assert not after & {"aiortc", "av", "pylibsrtp", "aiohttp", "jwt", "libdatachannel"}


@on_every_loop
async def test_what_is_due_at_once_may_become_due_again() -> None:
    """uvloop's handle of what is due within half a millisecond has no time."""
    loop = asyncio.get_running_loop()
    async with Engines("builtin", "builtin") as engines:
        one, other = await engines.connect()
        channel = one.channel
        assert isinstance(channel, BuiltinChannel)
        for _ in range(2):
            channel._wake_at(loop.time())
        channel.send(b"still there")
        await other.until(lambda: other.messages == [b"still there"])


async def test_what_has_waited_is_heard_before_what_came_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection breaks between ``go_on`` and the turn in which it is obeyed."""
    came = asyncio.Event()
    async with Engines("builtin", "builtin") as engines:
        one, other = await engines.connect()
        channel = other.channel
        assert isinstance(channel, BuiltinChannel)
        channel.halt()
        one.channel.send(b"first")
        await eventually(lambda: bool(channel._waiting))
        take = channel.packets_came

        def packets_came(packets: list[bytes]) -> None:
            take(packets)
            came.set()

        monkeypatch.setattr(channel, "_turn_later", lambda: None)
        monkeypatch.setattr(channel, "packets_came", packets_came)
        one.channel.send(b"last")
        await asyncio.wait_for(came.wait(), DEADLINE)
        channel.go_on()
        channel.transport_lost()
        assert other.messages == [b"first", b"last"]
        monkeypatch.undo()


async def test_what_openssl_and_sctp_hold_goes_with_the_channel_and_waits_for_no_collector() -> (
    None
):
    """It is tens of kilobytes each, which the collector does not see."""
    heavy = (SSL.Connection, Association)

    def held() -> int:
        return sum(type(each) in heavy for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = held()
        async with Engines("builtin", "builtin") as engines:
            one, other = await engines.connect()
            assert held() == before + 4
            one.channel.close()
            await other.until_ended()
        assert held() == before
    finally:
        gc.enable()
