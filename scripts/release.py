"""Builds the two archives of a release in dist/, and tries each out. Uploads nothing.

What the wheel installs is listed in build/, as a bill of materials in the form of CycloneDX.

`docs/releasing.md` has the steps before and after.
"""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import environments

ROOT = environments.ROOT
DIST = ROOT / "dist"

# Starts a server on a free port and asks it how it is.
TRIAL = """
import asyncio, json, urllib.request
import peerpigeon

def health(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        return json.load(answer)["status"]

async def main():
    async with peerpigeon.PeerPigeonServer(host="127.0.0.1", port=0) as server:
        print(await asyncio.to_thread(health, server.port))

asyncio.run(main())
"""


def main() -> None:
    """Build, check and try the archives, or end with the step that failed."""
    version = _version()
    if f"## [{version}]" not in (ROOT / "CHANGELOG.md").read_text():
        sys.exit(
            f"CHANGELOG.md has no section for {version}; docs/releasing.md says how to make it"
        )
    archives = _build()
    wanted = [f"peerpigeon-{version}-py3-none-any.whl", f"peerpigeon-{version}.tar.gz"]
    if (built := [archive.name for archive in archives]) != wanted:
        sys.exit(f"expected {wanted} in dist/, found {built}")
    for archive in archives:
        _try_out(archive, version)
    _list_parts(archives[0], version)
    print(f"ready for upload, in dist/: {', '.join(wanted)}")


def _version() -> str:
    text = (ROOT / "src/peerpigeon/version.py").read_text()
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        sys.exit("src/peerpigeon/version.py names no __version__")
    return found[1]


def _build() -> list[Path]:
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        python = environments.make(Path(sys.executable), Path(folder))
        environments.install(python, "--group", "release")
        environments.run([python, "-m", "build", ROOT])
        archives = sorted(DIST.iterdir())
        environments.run([python, "-m", "twine", "check", "--strict", *archives])
    return archives


def _list_parts(wheel: Path, version: str) -> None:
    """Write the bill of materials (SBOM) of an environment that has the wheel and its libraries."""
    bill = ROOT / "build" / f"peerpigeon-{version}.cdx.json"
    bill.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        user = environments.make(Path(sys.executable), Path(folder) / "user")
        environments.install(user, str(wheel))
        environments.run([user, "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools", "pip"])
        tool = environments.make(Path(sys.executable), Path(folder) / "tool")
        environments.install(tool, "--group", "release")
        lister = tool.with_name("cyclonedx-py")
        environments.run([lister, "environment", user, "--output-file", bill])
    parts = [part["name"] for part in json.loads(bill.read_text())["components"]]
    if "peerpigeon" not in parts or "msgspec" not in parts:
        sys.exit(f"{bill} does not list what is installed: {parts}")
    print(f"build/{bill.name}: {len(parts)} parts")


def _try_out(archive: Path, version: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = environments.make(Path(sys.executable), folder / "venv")
        environments.install(python, str(archive))
        told = environments.run([python.with_name("peerpigeon"), "--version"], folder)
        if version not in told.split():
            sys.exit(f"{archive.name}: peerpigeon --version says {told!r}, not {version}")
        health = environments.run([python, "-I", "-c", TRIAL], folder)
        print(f"{archive.name}: installed, says {version}; a server answers: {health.strip()}")


if __name__ == "__main__":
    main()
