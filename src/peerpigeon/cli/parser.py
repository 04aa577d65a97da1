"""How command lines are read: argparse, and what it lacks."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from typing import TYPE_CHECKING, NoReturn

from peerpigeon.cli.exit_status import USAGE_ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import SupportsWrite

_FLAG = re.compile(r"--[a-z][a-z0-9-]*")


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, and what a misspelt flag may have meant."""

    def parse_known_args(  # type: ignore[override] # what argparse passes on is all there is
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and refuse what is left: for a command here, where its flags are known."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._objection(rest[0]))
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end. The flags, of which there are many, are left to ``--help``."""
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n{self.prog} --help says what there is\n")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help. Raises ``OSError`` if its reader has gone, which argparse passes over."""
        (file or sys.stdout).write(self.format_help())

    def _objection(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word!r} is one word too many"
        flag = word.partition("=")[0]
        near = difflib.get_close_matches(flag, _FLAG.findall(self.format_help()), 1)
        return f"there is no {flag}" + (f"; did you mean {near[0]}?" if near else "")
