"""Renews constraints.txt: what pip installs today on each supported Python that is here.

A package that has one version on all of them is one line, another one a line for each Python.
Lines for a Python that is absent here are lost, so run this where all supported ones are.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import environments
import pythons

FILE = environments.ROOT / "constraints.txt"
WANTED = ["--editable", ".[fast]", "--group", "dev", "--group", "fuzz", "--group", "release"]
HEAD = """\
# Versions that are known to work together, for development and CI; `make constraints` renews them.
# Use them with: PIP_CONSTRAINT=constraints.txt make setup
"""


def main() -> None:
    """Resolve anew on each Python, and write the file."""
    os.environ.pop("PIP_CONSTRAINT", None)  # it would give back what is in the file
    found = {version: pythons.find(version) for version in pythons.SUPPORTED}
    resolved = {version: _resolve(python) for version, python in found.items() if python}
    FILE.write_text(HEAD + "".join(f"{line}\n" for line in merge(resolved)))
    print(f"constraints.txt is renewed for Python {', '.join(resolved)}")


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


def _name(pin: str) -> str:
    return pin.partition("==")[0]


def _resolve(python: Path) -> list[str]:
    print(f"resolving with {python}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        own = environments.make(python, Path(folder))
        environments.install(own, *WANTED)
        frozen = environments.run([own, "-m", "pip", "freeze", "--exclude-editable"])
    return frozen.splitlines()


if __name__ == "__main__":
    main()
