"""What a TOML file says of options: one key each, the option's name, and no tables."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from peerpigeon.core.config.given import NAMES, Given, Said, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY = re.compile(r"""\s*(?:\[+\s*)?["']?([A-Za-z0-9_-]+)""")
_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")


def from_toml(text: str, file: str) -> Said:
    """Return what a file says that has ``text`` and is called ``file``."""
    said = Said()
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said.errors.append(_as_line(str(error), file, text))
        return said
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; deep brackets
        said.errors.append(f"{file}: {error}")
        return said
    lines = _lines_of(table, text)
    for key, value in table.items():
        place = f"{file}:{lines[key]}" if key in lines else file
        if key in NAMES:
            option, is_file = NAMES[key]
            said.given.append(Given(option, value, place, is_file))
        elif isinstance(value, dict):
            said.errors.append(
                f"{place}: {key} is a table; write options without one, as port = 3000"
            )
        else:
            said.errors.append(
                f"{place}: there is no option {key}{nearest(key.lower().replace('-', '_'), NAMES)}"
            )
    return said


def _as_line(error: str, file: str, text: str) -> str:
    """Return an error of the library's with its line in front, as that of others is told."""
    place = _PLACE.search(error)
    number = place[1] if place and place[1] else str(text.count("\n") + 1)
    return f"{file}:{number}: {_PLACE.sub('', error)}"


def _lines_of(keys: Iterable[str], text: str) -> dict[str, int]:
    """Return the number of the line in which each key stands.

    A line in a text or an array of several may look like one with a key; what is before it is then
    no TOML by itself.
    """
    wanted, found = set(keys), dict[str, int]()
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        match = _KEY.match(line)
        if match and match[1] in wanted - found.keys() and _is_whole(lines[:number]):
            found[match[1]] = number + 1
    return found


def _is_whole(lines: Iterable[str]) -> bool:
    try:
        tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True
