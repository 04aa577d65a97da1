"""The links of the pages lead somewhere, also where PyPI shows the README."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_links_between_pages_lead_to_files_and_headings() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in links(page)
        if "://" not in link and not _leads_somewhere(page, link)
    ]
    assert not broken


def test_the_readme_has_no_link_that_needs_a_checkout() -> None:
    relative = [link for link in links(ROOT / "README.md") if not link.startswith("https://")]
    assert not relative


def test_what_the_readme_links_to_in_the_repository_is_there() -> None:
    repository = repository_url()
    raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
    files = {f"{repository}/blob/main/": "", f"{raw}/main/": ""}
    inside = [
        link.removeprefix(start)
        for link in links(ROOT / "README.md")
        for start in files
        if link.startswith(start)
    ]
    assert inside
    assert not [file for file in inside if not (ROOT / file.partition("#")[0]).is_file()]


def test_no_page_names_another_repository_as_ours() -> None:
    named = re.compile(r"https://github\.com/[\w-]+/peerpigeon-python")
    found = {url for page in PAGES for url in named.findall(page.read_text())}
    assert found == {repository_url()}


def links(page: Path) -> list[str]:
    return LINK.findall(CODE.sub("", page.read_text()))


def repository_url() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["urls"]["Repository"])


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


def test_the_source_files_that_the_docs_name_exist() -> None:
    package = ROOT / "src" / "peerpigeon"
    roots = (ROOT, package, package / "core", ROOT / "tests")
    missing = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in re.findall(r"`([\w./-]+/[\w-]+\.(?:py|js|sh|txt|toml))`", page.read_text())
        if not any((root / name).exists() for root in roots)
    }
    assert sorted(missing) == []
