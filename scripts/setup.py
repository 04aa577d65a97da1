"""Makes or renews .venv, the project's virtual environment: setup.py run|dev|fuzz|docs.

The variable VENV names another one, for a second Python.

Started by setup.sh, with a Python that is known to be new enough. Does nothing, quickly, when
.venv works and was made from today's pyproject.toml. pip reads the variable PIP_CONSTRAINT: with
constraints.txt in it, the versions are those that are known to work together. With the variable
REQUIREMENTS=requirements-ci.txt each archive has to have the hash that the file names for it, and
nothing else is installed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / os.environ.get("VENV", ".venv")
PYTHON = VENV / "bin" / "python"
PROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = os.environ.get("REQUIREMENTS", "")
DOT_INTERVAL = 1.0  # seconds

# What each use installs, and the marks left when it is done: which ones say that it can do this.
INSTALLS = {
    "run": ["--editable", "."],
    "dev": ["--editable", ".", "--group", "dev"],
    "fuzz": ["--editable", ".", "--group", "dev", "--group", "fuzz"],
    "docs": ["--editable", ".", "--group", "dev", "--group", "docs"],
}
MARKS = {
    "run": ("run", "dev", "fuzz", "docs"),
    "dev": ("dev", "fuzz", "docs"),
    "fuzz": ("fuzz",),
    "docs": ("docs",),
}


def main() -> None:
    """Bring .venv up to date for one use."""
    use = sys.argv[1] if len(sys.argv) > 1 else "dev"
    # A second make in this checkout waits here, and then finds the work done.
    with PROJECT.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        works = _works()
        wanted = _fingerprint()
        if works and any(_mark(name) == wanted for name in MARKS[use]):
            return
        if not works:
            _make()
        _say("installing packages (this happens once, and takes a minute or less)")
        if REQUIREMENTS:
            _pip("--require-hashes", "--requirement", REQUIREMENTS)
            _pip("--no-index", "--no-build-isolation", *INSTALLS[use])
        else:
            # Dependency groups are known to pip since 25.1.
            _pip("--upgrade", "pip>=25.1")
            _pip(*INSTALLS[use])
        print(flush=True)
        (VENV / f"installed-{use}").write_text(wanted)


def _make() -> None:
    _say(f"with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(VENV)])
    print(flush=True)


def _works() -> bool:
    """Tell whether .venv has a Python that runs, has pip, and is the one asked for if one is."""
    asks = "import pip, sys; print(sys.version)"
    try:
        done = subprocess.run([PYTHON, "-c", asks], capture_output=True, text=True, check=False)
    except OSError:
        return False
    if done.returncode != 0:
        return False
    is_asked_for = bool(os.environ.get("PYTHON"))
    return not is_asked_for or done.stdout.strip() == sys.version


def _fingerprint() -> str:
    # The environment knows its own place by absolute paths, so a moved project needs a new one.
    made_from = [
        PROJECT,
        *map(Path, (os.environ.get("PIP_CONSTRAINT", "") + " " + REQUIREMENTS).split()),
    ]
    contents = [(ROOT / path).read_bytes() for path in made_from if (ROOT / path).is_file()]
    return hashlib.sha256(b"".join(contents) + str(ROOT).encode()).hexdigest()


def _mark(use: str) -> str:
    path = VENV / f"installed-{use}"
    return path.read_text() if path.exists() else ""


def _pip(*wanted: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    _run([str(PYTHON), "-m", "pip", "install", *quiet, *wanted])


def _say(what: str) -> None:
    print(f"setting up {VENV.name}: {what}", end=" ", flush=True)


def _run(command: list[str]) -> None:
    """Run a step, with a dot each second, in a line that ``_say`` has begun.

    Its output, mostly remarks on the machine's set-up, matters if it fails.
    """
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as step:
        while True:
            try:
                output, _ = step.communicate(timeout=DOT_INTERVAL)
                break
            except subprocess.TimeoutExpired:
                print(".", end="", flush=True)
    if step.returncode != 0:
        sys.stderr.write(f"\n{output}")
        sys.exit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
