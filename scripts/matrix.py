"""Runs the quick tests on each supported Python that is here, other than that of .venv.

Each has an environment of its own, .venv-3.12 and so on. Ends with which versions were tested and
which are absent; fails if tests do. `make matrix` begins with `make check`, for that of .venv.
"""

import subprocess
import sys
import time
from pathlib import Path

import environments
import pythons

OWN = "{}.{}".format(*sys.version_info)


def main() -> None:
    """Test on one version after another, and say how each went."""
    others = [version for version in pythons.SUPPORTED if version != OWN]
    found = {version: pythons.find(version) for version in others}
    present = {version: python for version, python in found.items() if python is not None}
    outcomes = {version: _test(version, python) for version, python in present.items()}
    for version in others:
        print(f"Python {version}: {outcomes.get(version, 'absent, not tested')}")
    if any(outcome.startswith("FAILED") for outcome in outcomes.values()):
        sys.exit(1)


def _test(version: str, python: Path) -> str:
    print(f"testing on Python {version}, {python}", flush=True)
    begin = time.monotonic()
    make = ["make", "--no-print-directory", "quick", f"PYTHON={python}", f"VENV=.venv-{version}"]
    done = subprocess.run(make, cwd=environments.ROOT, env=environments.clean(), check=False)
    took = f"in {time.monotonic() - begin:.0f} s"
    return f"passed {took}" if done.returncode == 0 else f"FAILED {took}"


if __name__ == "__main__":
    main()
