"""Runs the quick tests once on each supported Python that is here, other than .venv's own.

Each has an environment of its own, .venv-3.12 and so on. What `make check` asks of .venv is not
repeated: no lint. Ends with which versions were tested and which are absent; fails if tests do.
"""

import subprocess
import sys
import time
from pathlib import Path

import pythons

ROOT = Path(__file__).resolve().parent.parent
OWN = "{}.{}".format(*sys.version_info)
QUICK = "not slow and not node and not browser"


def main() -> None:
    """Test on one version after another, and say how each went."""
    outcomes = {version: _outcome(version) for version in pythons.SUPPORTED}
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")
    if any(outcome.startswith("FAILED") for outcome in outcomes.values()):
        sys.exit(1)


def _outcome(version: str) -> str:
    if version == OWN:
        return "that of .venv, which make check tests"
    python = pythons.find(version)
    if python is None:
        return "absent, not tested"
    print(f"testing on Python {version}, {python}", flush=True)
    venv = f".venv-{version}"
    set_up = ["sh", "scripts/setup.sh", "dev"]
    environment = pythons.clean_environment(PYTHON=str(python), VENV=venv)
    if subprocess.run(set_up, cwd=ROOT, env=environment, check=False).returncode != 0:
        return "FAILED to be set up"
    begin = time.monotonic()
    test = [f"{venv}/bin/python", "-m", "pytest", "-q", "-m", QUICK, "-p", "no:cacheprovider"]
    done = subprocess.run(test, cwd=ROOT, env=pythons.clean_environment(), check=False)
    took = f"in {time.monotonic() - begin:.0f} s"
    return f"passed {took}" if done.returncode == 0 else f"FAILED {took}"


if __name__ == "__main__":
    main()
