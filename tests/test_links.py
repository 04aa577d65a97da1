"""The links of the documentation lead somewhere, and the index leads to all of it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w.-][\w./-]*/[\w-]+\.(?:py|js|sh|txt|toml))`")
"""A path of a file; what begins with a slash is an address on a server."""
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_links_between_pages_lead_to_files_and_headings() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in links(page)
        if "://" not in link and not _leads_somewhere(page, link)
    ]
    assert not broken


def test_the_index_leads_to_each_page_of_the_documentation() -> None:
    named = {(DOCS / link).resolve() for link in links(DOCS / "index.md") if "://" not in link}
    assert {page for page in DOCS.glob("*.md") if page.name != "index.md"} - named == set()


def test_each_folder_of_the_documentation_has_a_readme_that_leads_to_its_pages() -> None:
    pages = [page for page in DOCS.glob("*/*.md") if page.name != "README.md"]
    assert [page for page in pages if page.name not in links(page.parent / "README.md")] == []


def test_the_source_files_that_the_docs_name_exist() -> None:
    package = ROOT / "src" / "peerpigeon"
    roots = (ROOT, package, package / "core", ROOT / "tests")
    missing = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in FILE.findall(page.read_text())
        if not any((root / name).exists() for root in roots)
    }
    assert sorted(missing) == []


def links(page: Path) -> list[str]:
    return LINK.findall(CODE.sub("", page.read_text()))


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return False
    return not heading or heading in _headings(target)


def _headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    lines = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
