"""The image is made, and run as the composition has it."""

from __future__ import annotations

import sys

import pytest

from tests.deploy.certificates import certificate_for
from tests.deploy.containers import MAKE, run
from tests.deploy.proxies import NAME

pytestmark = [pytest.mark.containers, pytest.mark.thorough, pytest.mark.xdist_group("hubs")]

BETWEEN = "that was a container of its own"
ALONE = """
podman run --detach --name alone --network none --read-only --cap-drop ALL \\
    --security-opt no-new-privileges peerpigeon hub
until podman exec alone peerpigeon status ws://127.0.0.1:3000; do sleep 0.5; done
podman healthcheck run alone
podman exec alone id
podman exec alone grep CapEff /proc/self/status
podman exec alone touch /opt/peerpigeon/x || echo cannot write
podman stop --time 20 alone
podman inspect --format 'status {{.State.ExitCode}}' alone
"""
COMPOSED = """
set -eu
ip link set lo up
cp -r deploy $FOLDER/deploy
cp "$CHAIN" $FOLDER/deploy/caddy/fullchain.pem
cp "$KEY" $FOLDER/deploy/caddy/privkey.pem
compose() { (cd $FOLDER/deploy/container && "$PODMAN_COMPOSE" "$@"); }
status() { podman exec container_$1_1 peerpigeon status ws://127.0.0.1:3000; }
pair() { "$PYTHON" -m tests.deploy.pair wss://$NAME "$AUTHORITY"; }

compose up --detach --no-build
until status hub1 && [ "$(status hub1 | grep -c '2 p2p')" = 3 ]; do sleep 0.5; done
pair
podman stop --time 30 container_hub1_1
podman inspect --format 'status {{.State.ExitCode}}' container_hub1_1
pair
status hub2
compose down --timeout 8
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return what was said of a container of its own, and of all that are composed."""
    certificates, folder = (tmp_path_factory.mktemp(name) for name in ("certificates", "podman"))
    certificate = certificate_for(NAME, certificates)
    script = f'{MAKE}{ALONE}echo {BETWEEN}\nunshare --net sh -c "$COMPOSED"'
    said = run(
        script,
        folder,
        COMPOSED=COMPOSED,
        HUB_SECRET="0123456789abcdef0123456789abcdef",
        NAME=NAME,
        PYTHON=sys.executable,
        AUTHORITY=str(certificate.authority),
        CHAIN=str(certificate.chain),
        KEY=str(certificate.key),
    )
    return said.split(BETWEEN)


def test_a_container_runs_as_nobody_without_capabilities_and_writes_nothing(
    told: list[str],
) -> None:
    assert "uid=10001(peerpigeon) gid=10001" in told[0]
    assert "CapEff:\t0000000000000000" in told[0]
    assert "Read-only file system" in told[0]
    assert "cannot write" in told[0]
    assert told[0].endswith("status 0\n")


def test_three_hubs_and_a_proxy_pass_signals_on_and_one_may_stop(told: list[str]) -> None:
    assert told[1].count("from client to client") == 2
    assert "status 0\n" in told[1]
    assert "stopped" in told[1]
