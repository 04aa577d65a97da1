"""Makes the pictures of docs/dashboard.md anew: `python -m tests.e2e.pictures`.

Five hubs are started, with clients that signal each other for a minute; then one hub is killed.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.clients import Browser
from tests.e2e.environment import install_packages
from tests.e2e.hubs import Place
from tests.e2e.small_png import shrink

if TYPE_CHECKING:
    from tests.e2e.clients import Page
    from tests.e2e.hubs import Hub

FOLDER = Path(__file__).parents[2] / "docs" / "images"
MINUTE = 75.0  # seconds of traffic, which the charts show
SIZES = {"lobby": 14, "chess": 8, "garden": 6, "room-42": 4, "night shift": 2}
PATIENT: dict[str, Any] = {"proxy": None, "max_queue": None, "ping_interval": None}
WIDE = {"width": 1200, "height": 900}
PHONE = {"width": 360, "height": 1120}


class Ports(Place):
    """Hubs at ports that are easily read."""

    _ports = itertools.count(4001)

    def _reserve(self) -> int:
        return next(self._ports)


def main() -> None:
    """Take the pictures."""
    install_packages()
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as stack, Browser() as browser:
        place = Ports(stack, "--rebalance")
        place.add_first()
        place.add(4)
        place.wait_until_migrated()
        here, *others = place.hubs
        url = f"http://127.0.0.1:{here.port}/dashboard"
        wide = browser.open(url, viewport=WIDE)
        dark = browser.open(url, viewport=WIDE, colorScheme="dark")
        phone = browser.open(url, viewport=PHONE)
        is_over = threading.Event()
        stack.callback(is_over.set)
        for number, (namespace, size) in enumerate(SIZES.items()):
            rng = random.Random(number)
            hubs = rng.choices([here, *others], (5, 2, 3, 4, 3), k=2 * size)
            arguments = (namespace, hubs, rng, is_over)
            threading.Thread(target=chatter, args=arguments, daemon=True).start()
        time.sleep(MINUTE)
        take(wide, "dashboard")
        others[2].kill()
        time.sleep(8.0)
        take(dark, "dashboard-lost")
        take(phone, "dashboard-phone", is_whole=False)


def take(page: Page, name: str, *, is_whole: bool = True) -> None:
    """Write one picture, and say how large it is."""
    path = FOLDER / f"{name}.png"
    if is_whole:
        page.full_screenshot(path)
    else:
        page.screenshot(path)
    shrink(path)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KiB\n")


def chatter(namespace: str, hubs: list[Hub], rng: random.Random, is_over: threading.Event) -> None:
    """Have clients in a namespace, of which one after the other signals another, more and less."""
    with ExitStack() as stack:
        ids, sockets = [], []
        for hub in hubs:
            peer_id = f"{rng.getrandbits(160):040x}"
            socket = stack.enter_context(connect(f"{hub.url}/?peerId={peer_id}", **PATIENT))
            socket.send(json.dumps({"type": "announce", "networkName": namespace, "data": {}}))
            ids.append(peer_id)
            sockets.append(socket)
            is_over.wait(0.3)
        began = time.monotonic()
        while not is_over.wait(0.15 + 0.1 * math.sin((time.monotonic() - began) / 7)):
            offer = {"type": "offer", "data": "x", "networkName": namespace}
            target = rng.choice(ids) if rng.random() < 0.95 else "0" * 40
            socket = rng.choice(sockets)
            try:
                socket.send(json.dumps({**offer, "targetPeerId": target}))
            except ConnectionClosed:  # its hub was killed
                sockets.remove(socket)


if __name__ == "__main__":
    main()
