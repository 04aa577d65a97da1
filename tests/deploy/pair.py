"""Two clients find each other through a proxy, and one signals: pair.py URI AUTHORITY."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.deploy.clients import clients
from tests.mesh.processes import eventually


async def main(uri: str, authority: Path) -> None:
    """Print what has arrived."""
    async with clients(2, uri, authority) as (one, two):

        async def look() -> bool:
            return one.peer_id in two.met

        await eventually("they have met", look, bool)
        await one.say("offer", "from client to client", two.peer_id)

        async def heard() -> list[object]:
            return [each["data"] for each in two.heard if each["type"] == "offer"]

        [text] = await eventually("a signal has arrived", heard, bool)
        sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
