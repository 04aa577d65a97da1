"""What is said of each option: the text under its field in the source."""

from __future__ import annotations

import ast
import inspect
import sys
from typing import TYPE_CHECKING

from peerpigeon.core.config import ALL_OPTIONS, GROUPS, OF_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peerpigeon.core.config import Option


def option_texts(groups: Iterable[type] = GROUPS + OF_COMMANDS) -> dict[str, str]:
    """Return the description of each option that is declared in ``groups``, on one line, by name.

    One that has none is left out.
    """
    names = {group.__name__ for group in groups}
    modules = {group.__module__ for group in groups}
    return {
        name: text
        for module in sorted(modules)
        for node in ast.parse(inspect.getsource(sys.modules[module])).body
        if isinstance(node, ast.ClassDef) and node.name in names
        for name, text in _texts(node)
    }


def by_title() -> dict[str, list[Option]]:
    """Return all options in their groups, those of the commands with those of a server."""
    groups: dict[str, list[Option]] = {}
    for option in ALL_OPTIONS.values():
        title = (option.group.__doc__ or option.group.__name__).splitlines()[0]
        groups.setdefault(title.removesuffix("."), []).append(option)
    return groups


def _texts(group: ast.ClassDef) -> Iterator[tuple[str, str]]:
    name = ""
    for statement in group.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                yield name, " ".join(text.split()).removesuffix(".").replace("``", "`")
                name = ""
