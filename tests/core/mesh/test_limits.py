"""The limits of the mesh can be set, and the documentation tells each of them."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from msgspec.structs import fields

from peerpigeon.core.mesh.limits import MeshLimits

PAGE = Path(__file__).parents[3] / "docs" / "mesh.md"


def reasons() -> dict[str, str]:
    """Return the text below each field, on one line."""
    (cls,) = ast.parse(inspect.getsource(MeshLimits)).body
    assert isinstance(cls, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(cls.body, cls.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            assert isinstance(field.target, ast.Name)
            assert isinstance(text.value, ast.Constant)
            found[field.target.id] = inspect.cleandoc(str(text.value.value)).replace("\n", " ")
    return found


def row(name: str, value: float, reason: str) -> str:
    unit = " s" if isinstance(value, float) and name != "missed_heartbeats" else ""
    return f"| `{name}` | {value:g}{unit} | {reason} |"


@pytest.mark.parametrize("name", [field.name for field in fields(MeshLimits)])
def test_the_table_of_the_documentation_has_each_limit_as_the_code_has_it(name: str) -> None:
    assert row(name, getattr(MeshLimits(), name), reasons()[name]) in PAGE.read_text().splitlines()


def test_the_table_has_no_limit_that_the_code_does_not_have() -> None:
    rows = [line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    limits = [name for name in rows if name.islower() and " " not in name]
    assert limits == [field.name for field in fields(MeshLimits)]
