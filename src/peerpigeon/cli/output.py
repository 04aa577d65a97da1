"""Output of commands that must not wait for whoever reads it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, TextIO, cast

from peerpigeon.observe.background_writer import BackgroundWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def background_stderr(tell_loss: Callable[[int], str]) -> Iterator[None]:
    """Let nothing that is written to standard error wait for its reader, whoever writes it.

    That includes what other libraries log, and tracebacks. ``tell_loss`` makes the line that stands
    for so many that were not written. At the end the last lines get two seconds.
    """
    sys.stderr.flush()
    writer = BackgroundWriter(sys.stderr.fileno(), tell_loss)
    with contextlib.redirect_stderr(cast("TextIO", writer)):
        try:
            yield
        finally:
            writer.finish()


@contextlib.contextmanager
def background_stdout(
    tell_loss: Callable[[int], str], on_failure: Callable[[], object]
) -> Iterator[TextIO]:
    """Return what writes to standard output and never waits.

    ``on_failure`` is called in the running loop when nobody can read it any more. Otherwise as
    ``background_stderr``.
    """
    loop = asyncio.get_running_loop()

    def failed(_: OSError) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(on_failure)

    sys.stdout.flush()
    writer = BackgroundWriter(sys.stdout.fileno(), tell_loss, failed=failed)
    try:
        yield cast("TextIO", writer)
    finally:
        writer.finish()
