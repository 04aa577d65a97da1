"""``run``: a server as all that a program does, until it is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Unpack

from peerpigeon.net.server import PeerPigeonServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig, ServerOptions


def run(
    config: ServerConfig | None = None,
    *,
    setup: Callable[[PeerPigeonServer], object] | None = None,
    **options: Unpack[ServerOptions],
) -> None:
    """Run a server until the process gets a signal to end; ``setup`` is given it before it starts.

    SIGTERM drains it, as ``peerpigeon server`` does: clients are let go within ``drain_time``. A
    second signal, and SIGINT, stop it at once. Uses uvloop where it is installed, and leaves the
    logging to the program. Raises what ``PeerPigeonServer`` and its ``start`` raise.
    """
    server = PeerPigeonServer(config, **options)
    if setup is not None:
        setup(server)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_run(server))


async def _run(server: PeerPigeonServer) -> None:
    asked = asyncio.Event()
    async with server, asyncio.TaskGroup() as tasks:
        draining: asyncio.Task[None] | None = None

        def terminate(number: int) -> None:
            nonlocal draining
            if number == signal.SIGTERM and draining is None:
                draining = tasks.create_task(server.drain())
            else:
                asked.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Windows has no handlers in the loop; there Ctrl-C ends the runner.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, terminate, number)
        stopping = tasks.create_task(_stop_when(server, asked))
        await server.wait_stopped()
        stopping.cancel()


async def _stop_when(server: PeerPigeonServer, asked: asyncio.Event) -> None:
    await asked.wait()
    await server.stop()


def new_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest event loop that there is here."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows and on PyPy
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
