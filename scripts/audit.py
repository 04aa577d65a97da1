"""Looks for published faults in the versions of constraints.txt: `make audit`.

It asks the advisory databases by pip-audit. Where these cannot be reached it says so, and looks
into scripts/advisories.toml, which has only what concerned this project when it was written.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import environments
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

CONSTRAINTS = environments.ROOT / "constraints.txt"
ADVISORIES = Path(__file__).parent / "advisories.toml"
SERVICES = ("pypi", "osv")
LONGEST = 120.0
"""Seconds for a database to answer for all packages."""

Pins = set[tuple[str, str]]


def main() -> None:
    """Audit, say by what, and end with 1 if a version is known to be at fault."""
    pinned = pins(CONSTRAINTS.read_text())
    faults, audited = _ask(pinned)
    if audited:
        print(f"audited {len(audited)} of {len(pinned)} versions by the advisory databases")
    if left := pinned - audited:
        known = tomllib.loads(ADVISORIES.read_text())["advisory"]
        faults += listed(left, known)
        print(
            f"NOT AUDITED by any database: {len(left)} of {len(pinned)} versions, as none could"
            f" be reached or knows them. Looked up among the {len(known)} advisories of"
            f" {ADVISORIES.name} instead."
        )
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


def pins(text: str) -> Pins:
    """Return names and versions in the lines of constraints."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    requirements = [Requirement(line) for line in lines]
    return {(canonicalize_name(r.name), str(r.specifier)[2:]) for r in requirements}


def listed(pinned: Pins, advisories: list[dict[str, str]]) -> list[str]:
    """Return a line for each version that an advisory of our own list names."""
    return [
        f"{name} {version}: {advisory['id']}, {advisory['fault']}"
        for name, version in sorted(pinned)
        for advisory in advisories
        if advisory["package"] == name and version in SpecifierSet(advisory["affected"])
    ]


def read_report(report: str) -> tuple[list[str], Pins]:
    """Return the faults in a report of pip-audit, and the versions that it has looked up."""
    faults: list[str] = []
    audited: Pins = set()
    for found in json.loads(report)["dependencies"]:
        if "skip_reason" in found:
            continue
        name, version = canonicalize_name(found["name"]), found["version"]
        audited.add((name, version))
        for fault in found["vulns"]:
            mended = ", ".join(fault["fix_versions"]) or "no version"
            faults.append(f"{name} {version}: {fault['id']}, mended in {mended}")
    return faults, audited


def _ask(pinned: Pins) -> tuple[list[str], Pins]:
    with tempfile.TemporaryDirectory() as folder:
        python = environments.make(Path(sys.executable), Path(folder) / "venv")
        environments.install(python, "--group", "audit")
        wanted = Path(folder) / "pins.txt"
        for service in SERVICES:
            # A package has several versions if Pythons differ: one file for each round of them.
            faults, audited = _rounds(python, service, wanted, pinned)
            if audited:
                return faults, audited
    return [], set()


def _rounds(python: Path, service: str, wanted: Path, pinned: Pins) -> tuple[list[str], Pins]:
    left, faults, audited = sorted(pinned), list[str](), Pins()
    while left:
        one_each = dict(left)
        left = [pin for pin in left if one_each[pin[0]] != pin[1]]
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in one_each.items()))
        command: list[str | Path] = [python, "-m", "pip_audit", "--requirement", wanted]
        options = ["--no-deps", "--disable-pip"]
        options += [
            "--vulnerability-service",
            service,
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
        try:
            done = subprocess.run(
                [*command, *options], capture_output=True, text=True, check=False, timeout=LONGEST
            )
            more, looked_up = read_report(done.stdout)
        except (
            subprocess.TimeoutExpired,
            ValueError,
        ):  # it gives no report where it gets no answer
            break
        faults += more
        audited |= looked_up
    return faults, audited


if __name__ == "__main__":
    main()
