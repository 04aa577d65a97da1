"""Fresh virtual environments, and steps in them that are silent unless they fail."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What would lead a Python to the environment of another one.
_LEADING = ("PYTHON", "VENV", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")


def make(python: Path, folder: Path) -> Path:
    """Make an environment in the folder, with a pip that knows dependency groups."""
    run([python, "-m", "venv", folder])
    own = folder / "bin" / "python"
    install(own, "--upgrade", "pip>=25.1")
    return own


def install(python: Path, *wanted: str) -> None:
    """Install what pip's arguments name into the environment of this Python."""
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])


def run(command: list[str | Path], folder: Path = ROOT) -> str:
    """Return what a step writes to its output; if it fails, end with all that it has written."""
    done = subprocess.run(
        command, cwd=folder, env=clean(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return done.stdout


def clean() -> dict[str, str]:
    """Return this process's variables without those that lead a Python to another environment."""
    return {name: value for name, value in os.environ.items() if name not in _LEADING}
