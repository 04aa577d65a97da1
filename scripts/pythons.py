"""Which of the Pythons that the project supports are on this machine."""

import subprocess
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")

_CAN = """
import sys
sys.exit(1) if "{}.{}".format(*sys.version_info) != sys.argv[1] else None
import ensurepip, ssl, venv
print(sys.executable)
"""


def find(version: str) -> Path | None:
    """Return an interpreter of this version that can make virtual environments, or None.

    Each candidate is run, as in setup.sh: a name on the PATH may be a stand-in that starts nothing.
    """
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (f"python{version}", *map(str, installed), "python3"):
        try:
            done = subprocess.run(
                [candidate, "-c", _CAN, version], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return Path(done.stdout.strip())
    return None
