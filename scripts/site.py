"""Builds the documentation site in build/site; a warning is an error.

The pages are those of docs/, as they are read at the repository too. Two things are made of them
here: what leads out of docs/ leads to the repository, and the page of the Python API in full is
made from the docstrings (``mkdocstrings``).
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = ROOT / "build" / "pages"

_LINK = re.compile(r"(?P<before>!?\[[^\]]*\])\((?P<target>(?!https?:|#|mailto:)[^)\s]+)\)")

REFERENCE = """\
# The Python API in full

Made from the docstrings. [The Python API](api.md) says the same call by call, and shorter.

::: peerpigeon.PeerPigeonServer

::: peerpigeon.ServerConfig
"""


def main() -> int:
    """Build it; return the exit status."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    gather(urls["Repository"])
    build = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(build, cwd=ROOT, check=False).returncode


def gather(repository: str) -> None:
    """Put the pages together in build/pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for source in sorted(DOCS.rglob("*")):
        target = PAGES / source.relative_to(DOCS)
        if source.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(turned(source.read_text(encoding="utf-8"), source, repository))
        else:
            shutil.copyfile(source, target)
    (PAGES / "reference.md").write_text(REFERENCE)
    changes = ROOT / "CHANGELOG.md"
    (PAGES / "changelog.md").write_text(turned(changes.read_text(), changes, repository))


def turned(text: str, source: Path, repository: str) -> str:
    """Return a page's text, in which links out of docs/ lead to the repository.

    Raises ``FileNotFoundError`` for a link to what is not there.
    """

    def turn(link: re.Match[str]) -> str:
        path, mark, heading = link["target"].partition("#")
        target = (source.parent / path).resolve()
        if not target.exists():
            raise FileNotFoundError(f"{source.relative_to(ROOT)} links to {path}: it is not there")
        if target.is_relative_to(DOCS):
            return link[0]
        kind = "tree" if target.is_dir() else "blob"
        address = f"{repository}/{kind}/main/{target.relative_to(ROOT).as_posix()}"
        return f"{link['before']}({address}{mark}{heading})"

    return _LINK.sub(turn, text)


if __name__ == "__main__":
    sys.exit(main())
