"""A file with all options, each with what it is and its default, for `peerpigeon config`."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from peerpigeon.cli.option_texts import by_title, option_texts
from peerpigeon.cli.server_options import CHOSEN_BY_COMMAND
from peerpigeon.core.config import FILE, Kind, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.config import Option

WIDTH = 100

HEAD = """\
# Options of peerpigeon, each with its default. Take the # away before a key to set it.
# Times are seconds or texts with a unit ("500ms", "10s", "5m"), sizes are bytes or texts with one
# ("64 KiB"). Use it with: peerpigeon hub --config FILE"""

_PLACEHOLDERS = {Kind.NUMBER: "10", Kind.BYTES: '"256 MiB"', Kind.CHOICE: "true", Kind.LIST: "[]"}
"""What stands for a value where the default is none that can be written."""


def example() -> str:
    """Return the text of a file in which each option is commented out."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    texts = option_texts()
    yield HEAD
    for title, options in by_title().items():
        yield f"\n\n### {title}" + (" (hubs only)" if options[0].is_of_hubs else "")
        for option in options:
            if option.name not in CHOSEN_BY_COMMAND:
                yield from _lines_of(option, texts[option.name])


def _lines_of(option: Option, about: str) -> Iterator[str]:
    unset = f" Default: {option.unset}." if option.unset else ""
    yield ""
    yield from textwrap.wrap(f"{about}.{unset}", WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield f"#{option.name} = {_value(option)}"
    if option.is_secret:
        yield f'#{option.name}{FILE} = ""'


def _value(option: Option) -> str:
    """Return the default as TOML has it."""
    if option.default is None or option.default == ():
        return _PLACEHOLDERS.get(option.kind, '""')
    if option.kind in (Kind.NUMBER, Kind.SWITCH):
        return text_of(option, option.default)
    # A text of JSON is one of TOML.
    return json.dumps(text_of(option, option.default))
