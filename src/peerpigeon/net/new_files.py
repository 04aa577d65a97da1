"""Files that are made here and hold what is secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OWN = 0o600
"""The mode of a file that only this user reads."""


def write_new(path: Path, text: str, mode: int = OWN) -> None:
    """Write a file with a mode. Raises ``OSError`` if there is one already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
