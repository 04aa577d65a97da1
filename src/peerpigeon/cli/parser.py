"""How command lines are read: argparse, and what it lacks."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Parser(argparse.ArgumentParser):
    """A parser whose help does not pass over that its reader has gone."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help. Raises ``OSError`` if that is not possible."""
        (file or sys.stdout).write(self.format_help())
