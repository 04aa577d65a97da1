"""What this machine has for the tests that need more than Python, and how to get the rest."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
NODE_AT_LEAST = 18
INSTALL_TIMEOUT = 300.0
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class LackingError(Exception):
    """This machine lacks something a test needs; the text says what, and what to install."""


def lacking(group: str) -> str | None:
    """Say in one line why the tests marked `group` cannot run here, or None if they can."""
    try:
        node()
        npm()
        if group == "browser":
            chromium()
    except LackingError as problem:
        return str(problem)
    return None


@cache
def node() -> str:
    """Find a Node.js new enough for the packages."""
    path = shutil.which("node")
    version = re.match(r"v(\d+)\.", _version(path)) if path else None
    if path is None or version is None:
        raise LackingError("no Node.js found (install the package nodejs)")
    if int(version[1]) < NODE_AT_LEAST:
        raise LackingError(f"Node.js {NODE_AT_LEAST} or newer is needed, found {version.string}")
    return path


@cache
def npm() -> str:
    """Find npm, which Debian ships apart from Node.js."""
    path = shutil.which("npm")
    if path is None:
        raise LackingError("no npm found (install the package npm)")
    return path


@cache
def chromium() -> str:
    """Find a Chromium that starts; the variable CHROME names one that is elsewhere."""
    wanted = os.environ.get("CHROME")
    for name in (wanted,) if wanted else BROWSERS:
        path = shutil.which(name)
        # Some systems have a program of this name that only says how to install the real one.
        if path and re.search(r"Chrom", _version(path)):
            return path
    if wanted:
        raise LackingError(f"CHROME names {wanted}, which does not start")
    raise LackingError("no Chromium found (install the package chromium)")


def install_packages(where: Path = HERE) -> None:
    """Install the npm packages that a folder's list names, unless this very list is there."""
    wanted = (where / "package.json").read_text()
    stamp = where / "node_modules" / ".complete"
    # Two test runs in one checkout must not install into each other's hands.
    with (where / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        _npm_install(where)
        stamp.write_text(wanted)


def _npm_install(where: Path) -> None:
    quiet = ("--no-audit", "--no-fund", "--loglevel=error", "--no-package-lock")
    try:
        done = subprocess.run(
            [npm(), "install", "--ignore-scripts", *quiet],
            cwd=where,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LackingError(f"npm install took over {INSTALL_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise LackingError(f"npm install failed: {json.dumps(said[0])}")


def _version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60.0,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
