"""Renews constraints.txt and requirements-ci.txt: what pip installs on each supported Python today.

The first has the versions alone, for whoever develops on whatever machine. The second has the
hashes of the archives too, those for this platform; CI installs these and no others.

In constraints.txt a package that has one version on all of them is one line, another one a line for
each Python. Lines for a Python that is absent here are lost, so run this where all supported ones
are.
"""

import json
import os
import re
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import environments
import pythons

FILE = environments.ROOT / "constraints.txt"
LOCK = environments.ROOT / "requirements-ci.txt"
GROUPS = ("dev", "fuzz", "docs", "audit", "deploy", "release")
APART = "deploy"
"""Its packages are large, and go into an environment of their own, by constraints.txt."""
WANTED = ["--editable", ".[fast]", *(part for group in GROUPS for part in ("--group", group))]
HEAD = """\
# Versions that are known to work together, for development and CI; `make constraints` renews them.
# Use them with: PIP_CONSTRAINT=constraints.txt make setup
"""
LOCK_HEAD = """\
# The same with the hashes of the archives for CI's platform; `make constraints` renews them.
# Use them with: REQUIREMENTS=requirements-ci.txt make setup
"""

Pins = dict[str, str]
"""By name and version, as ``name==1.2``, the hash of the archive."""


def main() -> None:
    """Resolve anew on each Python, and write the files."""
    os.environ.pop("PIP_CONSTRAINT", None)  # it would give back what is in the file
    found = {version: pythons.find(version) for version in pythons.SUPPORTED}
    resolved = {version: _resolve(python) for version, python in found.items() if python}
    pins = {version: list(hashes) for version, hashes in resolved.items()}
    FILE.write_text(HEAD + "".join(f"{line}\n" for line in merge(pins)))
    own = {
        version: {pin: digest for pin, digest in hashes.items() if _key(_name(pin)) not in apart()}
        for version, hashes in resolved.items()
    }
    LOCK.write_text(LOCK_HEAD + "".join(f"{line}\n" for line in lock(own)))
    print(f"constraints.txt and requirements-ci.txt are renewed for Python {', '.join(resolved)}")


def merge(resolved: dict[str, list[str]]) -> list[str]:
    """Return one line for each pin, with the Pythons that it is for where they differ."""
    versions_of: dict[str, list[str]] = {}
    for version, pins in resolved.items():
        for pin in pins:
            versions_of.setdefault(pin, []).append(version)
    pins_of = Counter(_name(pin) for pin in versions_of)
    lines: list[str] = []
    for pin in sorted(versions_of, key=lambda pin: (_name(pin).lower(), pin)):
        if pins_of[_name(pin)] == 1:
            lines.append(pin)
        else:
            lines += [f"{pin}; python_version == '{version}'" for version in versions_of[pin]]
    return lines


def lock(resolved: dict[str, Pins]) -> list[str]:
    """Return a line for each pin and Python, with the hash of its archive."""
    lines = [
        f"{pin}; python_version == '{version}' --hash={digest}"
        for version, pins in resolved.items()
        for pin, digest in pins.items()
    ]
    return sorted(lines, key=lambda line: (_name(line).lower(), line))


def apart() -> set[str]:
    """Return the names of what stands in the group that CI does not install beside the others."""
    content = tomllib.loads((environments.ROOT / "pyproject.toml").read_text())
    wanted = content["dependency-groups"][APART]
    return {_key(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in wanted}


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(pin: str) -> str:
    return pin.partition("==")[0]


def _resolve(python: Path) -> Pins:
    print(f"resolving with {python}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        own = environments.make(python, Path(folder) / "venv")
        # pip says what it would install; pip itself is no part of that.
        report = Path(folder) / "report.json"
        environments.install(
            own, "--dry-run", "--ignore-installed", "--report", str(report), "pip>=25.1", *WANTED
        )
        items = json.loads(report.read_text())["install"]
    pins = {}
    for item in items:
        archive = item["download_info"].get("archive_info")
        if archive is not None:  # this project has none
            metadata = item["metadata"]
            pins[f"{metadata['name']}=={metadata['version']}"] = (
                f"sha256:{archive['hashes']['sha256']}"
            )
    return pins


if __name__ == "__main__":
    main()
