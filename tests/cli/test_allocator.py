"""What a flood of large messages has taken goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

from peerpigeon.cli.allocator import give_back_large_memory

PROGRAM = """
import sys
from pathlib import Path

from peerpigeon.cli.allocator import give_back_large_memory


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if sys.argv[1] == "yes":
    give_back_large_memory()
before = resident()
del_me = bytearray(1 << 20)
del del_me
large, small = [], []
for _ in range(100):
    large.append(b"x" * 900_000)
    small.append(b"y" * 5000)
most = resident()
large.clear()
print(most - before, resident() - before)
"""


def taken_and_left(*, is_given_back: bool) -> tuple[int, int]:
    words = [sys.executable, "-c", PROGRAM, "yes" if is_given_back else "no"]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    taken, left = output.split()
    return int(taken), int(left)


def test_what_large_messages_have_taken_goes_back_to_the_system() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not give_back_large_memory()
        return
    taken, left = taken_and_left(is_given_back=False)
    assert taken > 90_000_000
    assert left > 50_000_000, "the C library gives it back by itself: nothing need be done"
    taken, left = taken_and_left(is_given_back=True)
    assert taken > 90_000_000
    assert left < 5_000_000
