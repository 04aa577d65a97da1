"""What a release consists of: the source archive, and the README as PyPI shows it."""

import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
MADE = {"__pycache__", "node_modules", ".git", ".venv", "dist", "build", ".hypothesis"}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> dict[PurePosixPath, bytes]:
    """The files of the source archive by their paths in the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (archive,) = folder.iterdir()
    files = {}
    with tarfile.open(archive) as members:
        for member in members:
            if content := members.extractfile(member):
                path = PurePosixPath(member.name)
                files[path.relative_to(path.parts[0])] = content.read()
    return files


@pytest.fixture(scope="module")
def description(sdist: dict[PurePosixPath, bytes]) -> str:
    """The project's page on PyPI."""
    metadata = sdist[PurePosixPath("PKG-INFO")].decode()
    return metadata.partition("\n\n")[2]


def test_the_source_archive_has_what_tests_checks_and_readers_need(
    sdist: dict[PurePosixPath, bytes],
) -> None:
    needed = """
        .ci/run .importlinter CHANGELOG.md CODE_OF_CONDUCT.md CONTRIBUTING.md LICENSE Makefile
        README.md SECURITY.md benchmarks/suite.py chaos/plan.py changes/README.md constraints.txt
        requirements-ci.txt docs/index.md docs/demo.png pyproject.toml scripts/setup.sh
        src/peerpigeon/py.typed docs/images/dashboard.png
        src/peerpigeon/net/http/dashboard/page/main.js
        src/peerpigeon/net/http/dashboard/vendor/uplot-1.6.32/LICENSE
        tests/conftest.py tests/e2e/package.json
    """
    assert not {PurePosixPath(path) for path in needed.split()} - set(sdist)


def test_the_source_archive_has_nothing_that_was_made(sdist: dict[PurePosixPath, bytes]) -> None:
    assert not [path for path in sdist if MADE & set(path.parts) or path.suffix in {".pyc", ".so"}]


def test_on_pypi_the_readme_has_no_link_that_needs_a_checkout(description: str) -> None:
    assert [link for link in LINK.findall(description) if not link.startswith("https://")] == []


def test_on_pypi_the_readme_links_to_files_of_the_version(description: str) -> None:
    prefix = re.compile(re.escape(repository()) + r"/(?:blob|raw)/v\d+\.\d+\.\d+/")
    targets = [prefix.sub("", link) for link in LINK.findall(description) if prefix.match(link)]
    assert "docs/protocol.md" in targets
    assert "docs/demo.png" in targets
    assert [path for path in targets if not (ROOT / path.partition("#")[0]).is_file()] == []


def test_the_addresses_of_the_project_are_all_in_its_repository() -> None:
    assert [url for url in project()["urls"].values() if not url.startswith(repository())] == []


def project() -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        (ROOT / "pyproject.toml").read_text()
    )
    return content["project"]


def repository() -> str:
    return project()["urls"]["Repository"]
