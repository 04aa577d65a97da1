"""Listening at a Unix socket, as a proxy on the same machine connects to."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from peerpigeon.net.listen import BACKLOG

MODE = 0o660
"""The file's: this user and its group may connect. A proxy is put into the group."""


class UnixSocket:
    """A socket that listens at a path; a file at which nobody listens any more is replaced.

    Raises ``OSError``, whose text says what to do: if somebody listens there, if what is there is
    no socket, and if there can be none.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        family = getattr(socket, "AF_UNIX", None)
        if family is None:
            raise OSError(errno.EAFNOSUPPORT, f"this system has no Unix sockets as {path} (uds)")
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            _make_room(path)
            # From the first moment on nobody else may connect.
            mask = os.umask(0o777 & ~MODE)
            try:
                self.listener.bind(path)
            finally:
                os.umask(mask)
            self.listener.listen(BACKLOG)
            self._file = _file_at(path)
            # While it is held no other file can be taken for it.
            self._held = os.open(path, os.O_PATH) if hasattr(os, "O_PATH") else None
        except OSError as error:
            self.listener.close()
            raise _explained(error, path) from error
        self.listener.setblocking(False)  # noqa: FBT003 - the standard library has it so

    def remove(self) -> None:
        """Remove the file, unless another one has its place."""
        with contextlib.suppress(OSError):
            if _file_at(self._path) == self._file:
                os.unlink(self._path)
        held, self._held = self._held, None
        if held is not None:
            os.close(held)


def _make_room(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "what is there is no socket; remove it, or name another path")
    if _is_listened_at(path):
        raise OSError(errno.EADDRINUSE, "another program listens there; end that first")
    Path(path).unlink()


def _is_listened_at(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003 - the standard library has it so
        try:
            probe.connect(path)
        except BlockingIOError:
            return True  # so many wait there that there is no place for another
        except ConnectionRefusedError:
            return False
    return True


def _file_at(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _explained(error: OSError, path: str) -> OSError:
    reason = error.strerror or str(error)
    return OSError(error.errno, f"{path} (uds) cannot be served: {reason}")
