"""The documentation site has all pages. `make docs` builds it, and looks for dead links."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE = {"reference.md", "changelog.md"}
"""Pages that scripts/site.py makes."""


def pages_in(nav: Any) -> Iterator[str]:
    """Give the pages that a part of the navigation leads to."""
    match nav:
        case str():
            yield nav
        case dict():
            for part in nav.values():
                yield from pages_in(part)
        case list():
            for part in nav:
                yield from pages_in(part)


def test_the_navigation_leads_to_each_page() -> None:
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    decisions = {page for page in pages if page.startswith("decisions/0")}  # their own page does
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    found = list(pages_in(nav))
    assert sorted(found) == sorted((pages - decisions) | MADE)
