"""What checks the files in deploy/: programs in an environment of their own, and of Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOOLS = ROOT / ".venv-deploy" / "bin"
"""What `make deploy-tools` makes."""
PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "iptables": "iptables",
    "caddy": "caddy",
    "mmdebstrap": "mmdebstrap",
    "/usr/lib/podman/netavark": "netavark",
    "/usr/lib/podman/aardvark-dns": "aardvark-dns",
}


@cache
def lacking(group: str) -> str | None:
    """Say in one line why tests of a group cannot run here, or None if they can."""
    if not (TOOLS.parent / "installed").exists():
        return "no .venv-deploy found (run `make deploy-tools`)"
    if group == "containers":
        for command, package in PACKAGES.items():
            if shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin") is None:
                return f"no {command} found (install the package {package})"
        if os.geteuid() != 0:
            return "the network of containers is made by root"
    return None


def said(
    *command: str | Path, variables: Mapping[str, str] | None = None, timeout: float = 60.0
) -> str:
    """Return what a command that must succeed says."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"
    return done.stdout
