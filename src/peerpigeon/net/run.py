"""``run``: a server as all that a program does, until it is asked to end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Unpack

from peerpigeon.core.interface.notices import Started
from peerpigeon.net.server import PeerPigeonServer
from peerpigeon.net.signals import on_termination_signal

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
        runner.run(serve_until_asked(server, asyncio.Event()))


async def serve_until_asked(
    server: PeerPigeonServer,
    asked: asyncio.Event,
    *,
    on_ready: Callable[[], object] = lambda: None,
    on_ending: Callable[[], object] = lambda: None,
    listen_to: Callable[[Callable[[signal.Signals], None]], object] = on_termination_signal,
) -> None:
    """Run a server until it is asked to end by a signal, or by ``asked``, or has stopped.

    The first SIGTERM drains it; SIGINT, a second signal, and ``asked`` stop it at once.
    ``on_ready`` is called when clients can connect, and ``on_ending`` with each signal. What
    ``listen_to`` is given takes the signals, as which a worker is told by another way.
    """
    draining: asyncio.Task[None] | None = None
    has_started = False

    def started(_: Started) -> None:
        nonlocal has_started
        has_started = True

    def terminate(number: signal.Signals) -> None:
        nonlocal draining
        on_ending()
        if number is signal.SIGTERM and draining is None and has_started:
            draining = asyncio.create_task(server.drain())
            draining.add_done_callback(lambda _: asked.set())
        else:
            asked.set()

    server.on(Started, started)
    listen_to(terminate)  # before it tells anybody that it is there
    async with server:
        on_ready()
        waits = {asyncio.create_task(each) for each in (asked.wait(), server.wait_stopped())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
    if draining is not None:
        await draining


def new_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest event loop that there is here."""
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows and on PyPy
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
