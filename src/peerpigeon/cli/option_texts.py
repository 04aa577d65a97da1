"""What ``--help`` says of each option: the text under its field in the source."""

from __future__ import annotations

import ast
import inspect

from peerpigeon.core.config import options


def option_texts() -> dict[str, str]:
    """Return the description of each option by name, on one line."""
    texts: dict[str, str] = {}
    name = ""
    for node in ast.walk(ast.parse(inspect.getsource(options))):
        if not isinstance(node, ast.ClassDef):
            continue
        for statement in node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name)):
                    pass
                case ast.Expr(value=ast.Constant(value=str(text))) if name:
                    texts[name] = " ".join(text.split()).removesuffix(".").replace("``", "`")
    return texts
