"""Who listens on a port of this machine, as far as Linux tells this user (proc(5))."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TABLES = ("tcp", "tcp6")
_LISTENING = "0A"
_STATE, _INODE = 3, 9  # columns


def holder_of(port: int) -> str | None:
    """Return the process that listens on ``port``, as a text; ``None`` if that is not to be seen.

    It is seen of the user's own processes, and by root of all.
    """
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    if not wanted:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if any(os.readlink(each) in wanted for each in (process / "fd").iterdir()):
                name = (process / "comm").read_text(errors="replace").strip()
                return f"{name} (process {process.name})"
    return None


def _inodes(port: int) -> set[str]:
    """Return the inodes of the sockets that listen on a port, at whichever address."""
    found = set()
    for table in _TABLES:
        with suppress(OSError):  # no Linux, or no IPv6
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[_STATE] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                    found.add(columns[_INODE])
    return found
