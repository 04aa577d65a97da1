"""What a signal costs between one read and one write, without a network.

``python -m benchmarks.path`` prints microseconds a signal, the best of several rounds, for signals
of some sizes that come one in each read and 16: all that is done with one in Python, from its
bytes as a client has sent them to the bytes that its target gets. The system's part is left out.
"""

from __future__ import annotations

import asyncio
import json
import sys
from random import SystemRandom
from time import perf_counter
from typing import TYPE_CHECKING, cast

import uvloop
from tests.net.raw import TEXT, frame

from benchmarks.generator import BenchmarkError
from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import ID_DIGITS, PeerId
from peerpigeon.net.driver import Driver
from peerpigeon.net.http.opening_handshake import UpgradeRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS = 64
ROUNDS = 40
SIGNALS = 12_800  # in a round
SIZES = (1000, 3000, 6900)  # bytes
READS = (1, 16)  # signals in each


class Pipe:
    """What a socket knows of its connection: what it writes is counted and forgotten."""

    protocol: asyncio.Protocol

    def __init__(self) -> None:
        self.written = 0

    def get_extra_info(self, _: str) -> None:
        """Return nothing: nobody is at the other end."""

    def set_write_buffer_limits(self, *, high: int) -> None:
        """Take no heed."""

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Remember who reads."""
        self.protocol = protocol

    def is_closing(self) -> bool:
        """Return ``False``."""
        return False

    def pause_reading(self) -> None:
        """Take no heed: who has read much waits for its next turn."""

    def resume_reading(self) -> None:
        """Take no heed."""

    def write(self, data: bytes) -> None:
        """Count it."""
        self.written += len(data)


class Bench:
    """Pairs of clients that are where a hub's event loop would call them."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        config = ServerConfig()
        hub = Hub(PeerId("f" * ID_DIGITS), config, SystemRandom(), now=loop.time())
        self._driver = Driver(hub, config, lambda _: None)
        self.pipes = [self._open(number) for number in range(2 * PAIRS)]

    def _open(self, number: int) -> Pipe:
        pipe, peer_id = Pipe(), name(number)
        request = UpgradeRequest("/", f"peerId={peer_id}", "localhost", None, "key")
        announce = {"type": "announce", "data": {"peerId": peer_id}, "networkName": "path"}
        early = frame(TEXT, json.dumps(announce).encode())
        self._driver.clients.sockets.open(cast("asyncio.Transport", pipe), request, early)
        return pipe

    async def measure(self, size: int, together: int) -> float:
        """Return the seconds for one signal; every second client gets what the one before sends."""
        senders = [pipe.protocol for pipe in self.pipes[::2]]
        reads = [frame(TEXT, signal(size, 2 * pair + 1)) * together for pair in range(PAIRS)]
        best = float("inf")
        for _ in range(ROUNDS):
            busy, turns = 0.0, SIGNALS // (PAIRS * together)
            before = sum(pipe.written for pipe in self.pipes)
            for _ in range(turns):
                began = perf_counter()
                for sender, read in zip(senders, reads, strict=True):
                    sender.data_received(bytes(memoryview(read)))  # a read is a fresh object
                await asyncio.sleep(0)
                busy += perf_counter() - began
            if sum(pipe.written for pipe in self.pipes) - before < turns * sum(map(len, reads)):
                raise BenchmarkError("signals were lost")
            best = min(best, busy / (turns * PAIRS * together))
        return best

    def close(self) -> None:
        """Take no more."""
        self._driver.close()


def name(number: int) -> str:
    """Return a client's id."""
    return f"{number + 1:0{ID_DIGITS}x}"


def signal(size: int, target: int) -> bytes:
    """Return an offer of about so many bytes, with a line end every 24 as an SDP has."""
    data = {"type": "offer", "sdp": ""}
    message = {"type": "offer", "data": data, "targetPeerId": name(target), "networkName": "path"}
    lines = "a=candidate:1 1 udp 2\r\n" * (size // 24)
    data["sdp"] = lines[: size - len(json.dumps(message)) - 2 * (size // 24)]
    return json.dumps(message).encode()


async def measure_all(sizes: Sequence[int] = SIZES) -> None:
    """Print a line for each size and number."""
    bench = Bench()
    await asyncio.sleep(0)
    for size in sizes:
        for together in READS:
            taken = await bench.measure(size, together)
            sys.stdout.write(
                f"{size:5} B, {together:2} in a read: {1e6 * taken:5.2f} µs a signal\n"
            )
    bench.close()


def main() -> None:
    """Measure on the event loop that a server has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure_all())


if __name__ == "__main__":
    main()
