"""How command lines are read: argparse, and what it lacks."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from peerpigeon.cli.exit_status import USAGE_ERROR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import SupportsWrite

_FLAG = re.compile(r"--[a-z][a-z0-9-]*")

FIRST_COLUMN = 30
"""Columns for what is explained, with which few flags need a line of their own."""

USUAL_COLUMNS = 80
"""Of a terminal, where there is none to ask."""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, and what a misspelt flag may have meant.

    What it says of a command is wrapped; lines of it that begin with a space are left as they are.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse has them
        super().__init__(**{"formatter_class": _Formatter, **options})
        self.elsewhere: dict[str, str] = {}
        """Flags that are none of this command, each with what it is for."""
        self.describe: Callable[[], None] | None = None
        """What completes the help of the flags, if it is not said as they are declared."""

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

    def format_help(self) -> str:
        """Return the help, with all that is said of the flags."""
        self.complete_help()
        return super().format_help()

    def complete_help(self) -> None:
        """Have each flag say what it is for; it takes a while, and few command lines ask."""
        if self.describe is not None:
            self.describe()
            self.describe = None

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help. Raises ``OSError`` if its reader has gone, which argparse passes over."""
        (file or sys.stdout).write(self.format_help())

    def _objection(self, word: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - most command lines are right

        if not word.startswith("-"):
            return f"{word!r} is one word too many"
        flag = word.partition("=")[0]
        known = [*_FLAG.findall(self.format_help()), *self.elsewhere]
        [near] = get_close_matches(flag, known, 1) or [""]
        if near in self.elsewhere:
            unlike = "" if near == flag else f"there is no {flag}; if {near} was meant: "
            return f"{unlike}{near} is {self.elsewhere[near]}"
        return f"there is no {flag}" + (f"; did you mean {near}?" if near else "")


class _Formatter(argparse.HelpFormatter):
    """Wraps the paragraphs of a text one by one, and leaves indented lines alone."""

    def __init__(self, prog: str) -> None:
        # With a width, argparse does not load what compresses files in order to ask for it.
        super().__init__(prog, max_help_position=FIRST_COLUMN, width=_columns() - 2)

    def _format_action(self, action: argparse.Action) -> str:
        """Leave out the line over the commands, which has nothing to say, and indent them less."""
        if isinstance(action, argparse._SubParsersAction):
            return "".join(map(self._format_action, action._get_subactions()))
        return super()._format_action(action)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = text.split("\n\n")
        wrap = super()._fill_text
        return "\n\n".join(
            part if part.startswith(" ") else wrap(part, width, indent) for part in parts
        )


def _columns() -> int:
    """Return how wide the terminal is, as ``shutil.get_terminal_size`` does."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size().columns or USUAL_COLUMNS
    except OSError:  # there is none
        return USUAL_COLUMNS
