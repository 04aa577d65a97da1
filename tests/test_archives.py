"""What a release consists of."""

import subprocess
import sys
import tarfile
from pathlib import Path, PurePath

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
JUNK = {"__pycache__", "node_modules", ".git", ".venv", "dist", "build", ".hypothesis"}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> list[PurePath]:
    """The files of the source archive, without the folder that holds all of them."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (archive,) = folder.iterdir()
    with tarfile.open(archive) as files:
        return [PurePath(*PurePath(name).parts[1:]) for name in files.getnames()]


def test_the_source_archive_has_what_a_distributor_needs(sdist: list[PurePath]) -> None:
    needed = {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "Makefile",
        "constraints.txt",
        "pyproject.toml",
        "docs/index.md",
        "scripts/setup.sh",
        "src/peerpigeon/py.typed",
        "tests/conftest.py",
        "tests/test_archives.py",
        "benchmarks/suite.py",
    }
    assert not needed - {path.as_posix() for path in sdist}


def test_the_source_archive_has_nothing_that_was_made(sdist: list[PurePath]) -> None:
    made = [path for path in sdist if JUNK & set(path.parts) or path.suffix in {".pyc", ".so"}]
    assert not made
