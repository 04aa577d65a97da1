"""docs/security.md has each attack, and each class of published faults with what tries it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hostile import test_advisories
from tests.hostile.attacks import ATTACKS

ROOT = Path(__file__).parent.parent.parent
SECTION = (
    (ROOT / "docs" / "security.md").read_text().partition("## Attacks that are tests")[2]
).partition("\n## ")[0]


def test_the_page_has_each_attack_as_its_program_has_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", SECTION, re.MULTILINE))
    assert rows == {attack.name: attack.what for attack in ATTACKS.values()}


def test_the_page_has_each_test_of_a_published_fault() -> None:
    named = {name for name in vars(test_advisories) if name.startswith("test_")}
    assert set(re.findall(r"`(test_\w+)`", SECTION)) >= named


def test_what_the_page_names_is_there() -> None:
    for path, name in re.findall(r"`((?:\w+/)+\w+\.py)`: `(test_\w+)`", SECTION):
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(), path
