"""Opens a channel between two engines of one process, and says so: run where there is no network.

python -m tests.rtc.alone aiortc aiortc loopback
"""

import asyncio
import sys

from peerpigeon.rtc.ice import IceOptions
from tests.rtc.ends import Engines


async def main(offering: str, answering: str, where: str) -> None:
    options = IceOptions(loopback_only=where == "loopback")
    async with Engines(offering, answering, options) as engines:
        one, other = await engines.connect()
        one.channel.send(b"hello")
        assert await other.until_received(1) == [b"hello"]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    sys.stdout.write("connected\n")
