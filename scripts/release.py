"""Builds the two archives of a release in dist/, and tries each out. Uploads nothing.

Needs PyPI only. `docs/releasing.md` has the steps before and after.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pythons

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"

# Starts a server on a free port, asks it how it is, and stops it.
TRIAL = """
import asyncio, json, urllib.request
import peerpigeon

def health(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        return json.load(answer)["status"]

async def main():
    async with peerpigeon.PeerPigeonServer(host="127.0.0.1", port=0) as server:
        print(peerpigeon.__file__, await asyncio.to_thread(health, server.port))

asyncio.run(main())
"""


def main() -> None:
    """Build, check and try the archives, or end with the step that failed."""
    version = _version()
    if f"## [{version}]" not in (ROOT / "CHANGELOG.md").read_text():
        sys.exit(f"CHANGELOG.md has no section for {version}; see docs/releasing.md")
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        tools = _environment(Path(folder), "build>=1.2", "twine>=6")
        _run(tools, "-m", "build", str(ROOT))
        archives = sorted(DIST.iterdir())
        _run(tools, "-m", "twine", "check", "--strict", *map(str, archives))
    wanted = [f"peerpigeon-{version}-py3-none-any.whl", f"peerpigeon-{version}.tar.gz"]
    if (built := [archive.name for archive in archives]) != wanted:
        sys.exit(f"expected {wanted} in dist/, found {built}")
    for archive in archives:
        _try_out(archive, version)
    print(f"ready for upload: {', '.join(archive.name for archive in archives)}")


def _version() -> str:
    text = (ROOT / "src/peerpigeon/version.py").read_text()
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        sys.exit("src/peerpigeon/version.py names no __version__")
    return found[1]


def _try_out(archive: Path, version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = _environment(Path(folder), str(archive))
        command = [str(python.with_name("peerpigeon")), "--version"]
        told = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        if version not in told.stdout:
            sys.exit(f"{archive.name}: peerpigeon --version says {told.stdout!r}")
        _run(python, "-I", "-c", TRIAL, cwd=folder)
        print(f"{archive.name}: installed, started and asked", flush=True)


def _environment(folder: Path, *packages: str) -> Path:
    python = folder / "venv" / "bin" / "python"
    _run(Path(sys.executable), "-m", "venv", str(folder / "venv"))
    _run(python, "-m", "pip", "install", "--quiet", *packages)
    return python


def _run(python: Path, *arguments: str, cwd: str | os.PathLike[str] = ROOT) -> None:
    environment = pythons.clean_environment(PIP_DISABLE_PIP_VERSION_CHECK="1")
    done = subprocess.run([python, *arguments], cwd=cwd, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"failed: {python.name} {' '.join(arguments[:4])}")


if __name__ == "__main__":
    main()
