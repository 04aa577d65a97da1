"""Our containers on a machine that reaches no registry, apart from all else that runs on it.

What the Dockerfile begins with is made of Debian's packages, under the name that stands there, and
Caddy's image of the program of the machine. Images, processes, mounts and networks end with the
script that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.proxies import PATH
from tests.deploy.tools import TOOLS, said

if TYPE_CHECKING:
    from pathlib import Path

SUITE, WITHIN = "trixie", "python3,python3-venv,python-is-python3,ca-certificates"
"""The release of Debian that has Python 3.13, and what of it."""
LONG = 1200.0
"""Seconds for a download of a hundred megabytes, and for what is done with it."""

BEGIN = """
set -eu
mount -t tmpfs none /run
mount -t tmpfs none $FOLDER
ip link set lo up
export TMPDIR=$FOLDER
cat > $FOLDER/containers.conf <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = "$FOLDER/libpod"
tmp_dir = "$FOLDER/tmp"
[network]
network_config_dir = "$FOLDER/networks"
END
cat > $FOLDER/storage.conf <<END
[storage]
driver = "overlay"
graphroot = "$FOLDER/store"
runroot = "$FOLDER/run"
END
"""
NETWORKED = """--network host \\
    --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro"""
"""For a step that loads packages: the machine may have an authority of its own."""
MAKE = f"""
mmdebstrap --quiet --variant=minbase --include={WITHIN} {SUITE} $FOLDER/debian.tar
podman import --quiet $FOLDER/debian.tar docker.io/library/python:3.13-slim
rm $FOLDER/debian.tar
podman build --quiet --format docker --pull=never {NETWORKED} \\
    --file deploy/container/Dockerfile --tag peerpigeon .
mkdir $FOLDER/caddy
cp "$(command -v caddy)" $FOLDER/caddy/caddy
cat > $FOLDER/caddy/Dockerfile <<END
FROM python:3.13-slim
COPY caddy /usr/bin/caddy
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
END
podman build --quiet --pull=never --tag docker.io/library/caddy:2 $FOLDER/caddy
"""
"""Makes our image and Caddy's."""


def run(script: str, folder: Path, **variables: str) -> str:
    """Return what a script of a shell says, at the top of the sources; it must succeed.

    It has podman, and `$FOLDER` for what it writes. Nothing goes on or is left after it.
    """
    own = {
        "FOLDER": str(folder),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "PODMAN_COMPOSE": str(TOOLS / "podman-compose"),
        "PATH": PATH,
    }
    alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    return said(*alone, "sh", "-c", BEGIN + script, variables=own | variables, timeout=LONG)
