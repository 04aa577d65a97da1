"""Renews constraints.txt: what pip installs today on each supported Python that is here.

A package that has one version on all of them is one line, another one a line for each Python.
Versions for a Python that is absent here are lost; run this where all supported ones are.
"""

import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import pythons

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "constraints.txt"
HEAD = """\
# Versions that are known to work together, for development and CI; `make constraints` renews them.
# Use them with: PIP_CONSTRAINT=$PWD/constraints.txt make setup
"""


def main() -> None:
    """Resolve anew on each Python, and write the file."""
    found = {version: python for version in pythons.SUPPORTED if (python := pythons.find(version))}
    frozen = {version: _freeze(python) for version, python in found.items()}
    FILE.write_text(HEAD + "".join(f"{line}\n" for line in merge(frozen)))
    print(f"constraints.txt is renewed for Python {', '.join(frozen)}")


def merge(frozen: dict[str, list[str]]) -> list[str]:
    """One line for each pin, with the Pythons it is for where they differ."""
    pins: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for version, lines in frozen.items():
        for line in lines:
            name, _, _ = line.partition("==")
            pins[name][line].append(version)
    merged: list[str] = []
    for name in sorted(pins, key=str.lower):
        if len(pins[name]) == 1:
            merged += pins[name]
            continue
        for line, versions in pins[name].items():
            merged += [f"{line}; python_version == '{version}'" for version in versions]
    return merged


def _freeze(python: Path) -> list[str]:
    environment = pythons.clean_environment(PIP_CONSTRAINT="", PIP_DISABLE_PIP_VERSION_CHECK="1")
    with tempfile.TemporaryDirectory() as folder:
        own = f"{folder}/bin/python"
        subprocess.run([python, "-m", "venv", folder], check=True)
        install = [own, "-m", "pip", "install", "--quiet"]
        wanted = ["--editable", ".[fast]", "--group", "dev", "--group", "release"]
        for packages in (["--upgrade", "pip>=25.1"], wanted):
            subprocess.run([*install, *packages], cwd=ROOT, env=environment, check=True)
        freeze = [own, "-m", "pip", "freeze", "--exclude-editable"]
        done = subprocess.run(freeze, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
