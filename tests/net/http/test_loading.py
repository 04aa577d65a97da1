"""What a server does not load before it is needed: start time and idle memory are made of it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = r"""
import asyncio, sys, threading
from peerpigeon import PeerPigeonServer

threads = []

class Finder:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "aiohttp":
            threads.append(threading.current_thread())

sys.meta_path.insert(0, Finder)
HOST = "HTTP/1.1\r\nHost: localhost\r\n"
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

async def main():
    async with PeerPigeonServer(host="127.0.0.1", port=0) as server:
        client, opening = await asyncio.open_connection("127.0.0.1", server.port)
        opening.write(f"GET /?peerId={'a' * 40} {HOST}{UPGRADE}\r\n".encode())
        assert b" 101 " in await client.readuntil(b"\r\n\r\n")
        print("with a client:", len(threads), "peerpigeon.net.http.site" in sys.modules)
        page, asking = await asyncio.open_connection("127.0.0.1", server.port)
        asking.write(f"GET /health {HOST}\r\n".encode())
        assert b" 200 OK" in await page.read()
        print("with a page:", [thread is threading.main_thread() for thread in threads])

asyncio.run(main())
"""


def test_the_library_for_pages_is_loaded_with_the_first_page_and_holds_up_nobody() -> None:
    """In a thread: who is connected is served meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "with a client: 0 False\nwith a page: [False]\n", done.stderr
