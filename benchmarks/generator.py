"""The load generator: a C program, since one in Python would be slower than the servers it tests.

It is compiled when it is needed, into ``build/``, and again when its source has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = Path(__file__).parent / "load"
BUILD = Path(__file__).parent.parent / "build" / "load"
PROGRAMS = {
    "load": (
        *("main.c", "clients.c", "latency.c", "stages.c", "visitors.c"),
        *("signals.c", "crowd.c", "return.c", "topics.c", "swarms.c"),
    ),
    "floor": ("floor.c",),
}
COMPILE_TIMEOUT = 120.0
DEADLINE = 120
"""Seconds that one scene may take, unless it says otherwise."""


class BenchmarkError(Exception):
    """A measurement cannot be made, or a server failed its clients; the text says how."""


def program(name: str) -> Path:
    """Return a program of ``PROGRAMS``, compiled."""
    compiler = find_compiler()
    sources = [SOURCE / each for each in PROGRAMS[name]]
    texts = b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))
    target = BUILD / f"{name}-{hashlib.sha256(texts).hexdigest()[:12]}"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        # Under a name of its own first: another run in this checkout may be compiling too.
        fresh = target.with_suffix(f".{os.getpid()}")
        flags = ("-O2", "-std=gnu17", "-Wall", "-Wextra")
        done = subprocess.run(
            [compiler, *flags, "-o", fresh, *sources],
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT,
            check=False,
        )
        if done.returncode != 0:
            raise BenchmarkError(f"{compiler} failed:\n{done.stderr}")
        fresh.rename(target)
    return target


@cache
def find_compiler() -> str:
    """Find a C compiler; the variable CC names one."""
    wanted = os.environ.get("CC")
    for name in (wanted,) if wanted else ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path:
            return path
    raise BenchmarkError(
        "the load generator is written in C, and no C compiler was found"
        " (on Debian and Ubuntu: apt install gcc libc6-dev; CC names one that is elsewhere)"
    )


def play(scene: str, watched: Sequence[int] = (), **options: object) -> dict[str, Any]:
    """Play a scene to its end, and return what it has measured (``load/scenes.h``).

    ``watched`` are the processes whose CPU seconds come back as ``cpu``.
    """
    process = begin(scene, watched, **options)
    output, errors = process.communicate()
    if process.returncode != 0:
        raise BenchmarkError(f"{scene} {options}: {errors.strip() or 'the generator died'}")
    result: dict[str, Any] = json.loads(output)
    return result


def begin(scene: str, watched: Sequence[int] = (), **options: object) -> subprocess.Popen[str]:
    """Start a scene that somebody else will end, by closing its standard input."""
    given = {"deadline": DEADLINE, "watch": ",".join(map(str, watched)), **options}
    return subprocess.Popen(
        [program("load"), scene, *(f"{name}={value}" for name, value in given.items())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
