"""How many messages a data channel between two hubs carries, and what each costs.

``python -m benchmarks.channels --engine builtin`` starts two processes that talk on the loopback,
and prints for messages of 300 and of 1000 bytes how many go one way in a second, the processor
time of both for each, and how long one takes there and back. Linux only: it forks.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import sys
import time
from dataclasses import dataclass

from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions
from peerpigeon.rtc.interface import LOW_WATER

SIZES = (300, 1000)  # bytes
ECHOES = 200
PAUSE = 0.01  # seconds between two messages that are sent there and back
END = b"end"
ECHO = b"echo"
TIMEOUT = 120.0  # seconds
HEADER = 4  # bytes: the length of a line of signaling


class End:
    """One end of the channel; describes itself over a pipe."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self.is_open = asyncio.Event()
        self.is_drained = asyncio.Event()
        self.has_ended = asyncio.Event()
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.count = 0

    def described(self, sdp: str) -> None:
        """Hand it to the other process."""
        data = sdp.encode()
        self._pipe.sendall(len(data).to_bytes(HEADER, "big") + data)

    def found_candidate(self, candidate: str) -> None:
        """There is none: no server is asked."""

    def advanced(self, stage: str, way: str) -> None:
        """Nobody asks."""

    def opened(self) -> None:
        """Go on."""
        self.is_open.set()

    def received(self, message: bytes) -> None:
        """Count it, or take note of an answer."""
        self.count += 1
        if len(message) < SIZES[0]:
            self.answers.put_nowait(message)

    def drained(self) -> None:
        """Send on."""
        self.is_drained.set()

    def ended(self, reason: str) -> None:
        """Take note."""
        self.has_ended.set()


@dataclass(frozen=True)
class Result:
    """What one size of messages came to."""

    rate: float
    """Messages in a second."""
    cost: float
    """Seconds of the processor for each, in the sending process."""


async def read(pipe: socket.socket) -> str:
    """Read the other process's description."""
    loop = asyncio.get_running_loop()
    size = int.from_bytes(await loop.sock_recv(pipe, HEADER), "big")
    data = b""
    while len(data) < size:
        data += await loop.sock_recv(pipe, size - len(data))
    return data.decode()


async def send(engine_name: str, pipe: socket.socket, count: int) -> None:
    """Be the process that sends, measures and prints."""
    engine = make_engine(engine_name, IceOptions(loopback_only=True))
    end = End(pipe)
    begun = time.perf_counter()
    channel = engine.offer(end)
    channel.take_answer(await read(pipe))
    await end.is_open.wait()
    sys.stdout.write(f"{engine.name}: open in {(time.perf_counter() - begun) * 1000:.0f} ms\n")
    for size in SIZES:
        message = b"x" * size
        begun, used = time.perf_counter(), time.process_time()
        for _ in range(count):
            channel.send(message)
            if channel.buffered > LOW_WATER:
                end.is_drained.clear()
                await end.is_drained.wait()
        channel.send(END)
        theirs = float(await end.answers.get())
        took, used = time.perf_counter() - begun, time.process_time() - used
        sys.stdout.write(
            f"  {size:5} B  {count / took:8.0f} messages/s"
            f"  {used / count * 1e6:5.0f} µs to send one, {theirs / count * 1e6:5.0f} to receive\n"
        )
    times = []
    for _ in range(ECHOES):
        await asyncio.sleep(PAUSE)
        begun = time.perf_counter()
        channel.send(ECHO)
        await end.answers.get()
        times.append(time.perf_counter() - begun)
    sys.stdout.write(f"  there and back, idle before: {statistics.median(times) * 1e3:.2f} ms\n")
    await engine.close()


async def receive(engine_name: str, pipe: socket.socket) -> None:
    """Be the process that receives."""
    engine = make_engine(engine_name, IceOptions(loopback_only=True))
    end = End(pipe)
    channel = engine.answer(await read(pipe), end)
    await end.is_open.wait()
    used = time.process_time()
    ending = asyncio.ensure_future(end.has_ended.wait())
    while not ending.done():
        answer = asyncio.ensure_future(end.answers.get())
        await asyncio.wait({answer, ending}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and answer.result() == END:
            now = time.process_time()
            channel.send(f"{now - used}".encode())
            used = now
        elif answer.done():
            channel.send(ECHO)
        else:
            answer.cancel()
    await engine.close()


def new_uvloop() -> asyncio.AbstractEventLoop:
    """Make the event loop that the server uses where there is one."""
    from uvloop import new_event_loop  # noqa: PLC0415

    return new_event_loop()


def run(name: str, count: int, *, with_uvloop: bool) -> None:
    """Measure one engine."""
    ours, theirs = socket.socketpair()
    for pipe in (ours, theirs):
        pipe.settimeout(0)
    # Before there is any thread: the libraries are loaded after it.
    child = os.fork()
    with asyncio.Runner(loop_factory=new_uvloop if with_uvloop else None) as runner:
        if not child:
            runner.run(asyncio.wait_for(receive(name, theirs), TIMEOUT))
            os._exit(0)
        runner.run(asyncio.wait_for(send(name, ours, count), TIMEOUT))
    os.waitpid(child, 0)


def main() -> None:
    """Measure the engine asked for."""
    parser = argparse.ArgumentParser(description="Messages over a data channel between hubs.")
    parser.add_argument(
        "--engine", choices=("builtin", "aiortc", "libdatachannel"), default="builtin"
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--no-uvloop", action="store_true", help="use asyncio's own event loop")
    options = parser.parse_args()
    run(options.engine, options.messages, with_uvloop=not options.no_uvloop)


if __name__ == "__main__":
    main()
