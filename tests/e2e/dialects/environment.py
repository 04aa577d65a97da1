"""The npm packages of the other ecosystems, and the one script for pages that is made of them."""

import subprocess
from pathlib import Path

from tests.e2e.environment import LackingError, install_packages, node

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
BUNDLE = PACKAGES / ".bundle" / "clients.js"


def make_bundle() -> None:
    """Install the packages, once in a checkout, and bundle the clients for a page."""
    install_packages(HERE)
    esbuild = PACKAGES / "esbuild" / "bin" / "esbuild"
    done = subprocess.run(
        [
            *(node(), str(esbuild), str(HERE / "clients.mjs"), "--bundle", "--format=esm"),
            *(f"--outfile={BUNDLE}", "--log-level=error"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    if done.returncode != 0:
        raise LackingError(f"esbuild failed: {done.stderr.strip()}")
