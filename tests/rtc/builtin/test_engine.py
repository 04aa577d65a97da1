"""What is particular to the built-in engine: what it loads, and when."""

import subprocess
import sys

from tests.rtc.environment import ROOT

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
    libraries = {"aioice", "dns", "OpenSSL", "cryptography", "ifaddr"}
    assert not before & libraries
    assert after >= libraries
    assert not after & {"aiortc", "av", "pylibsrtp", "aiohttp", "jwt", "libdatachannel"}
