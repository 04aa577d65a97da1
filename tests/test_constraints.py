"""``constraints.txt`` is a set of versions that ``pyproject.toml`` allows."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def test_each_requirement_of_the_project_is_pinned_to_a_version_that_it_allows() -> None:
    pinned = pins()
    unfit = [
        f"{requirement} is pinned to {pinned.get(canonicalize_name(requirement.name)) or 'nothing'}"
        for requirement in requirements()
        if not allows(requirement, pinned.get(canonicalize_name(requirement.name), set()))
    ]
    assert unfit == []


def requirements() -> list[Requirement]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = content["project"]
    groups = [*project["optional-dependencies"].values(), *content["dependency-groups"].values()]
    return [Requirement(text) for group in [project["dependencies"], *groups] for text in group]


def pins() -> dict[str, set[str]]:
    """The versions of each package, more than one if Pythons differ."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            found.setdefault(canonicalize_name(pin.name), set()).add(str(pin.specifier)[2:])
    return found


def allows(requirement: Requirement, versions: set[str]) -> bool:
    return bool(versions) and all(requirement.specifier.contains(v) for v in versions)
