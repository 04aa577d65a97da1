"""The image is made, and run as the composition has it."""

from __future__ import annotations

import re
import sys

import pytest

from tests.deploy.certificates import certificate_for
from tests.deploy.containers import MAKE, NETWORKED, run
from tests.deploy.proxies import NAME

pytestmark = [pytest.mark.containers, pytest.mark.thorough, pytest.mark.xdist_group("hubs")]

SECRET = "0123456789abcdef0123456789abcdef"
BETWEEN = "and now for something else"
BOOT = (
    "mount --make-rshared / && exec /lib/systemd/systemd"
    # Of use on machines with the first version of control groups, where it would not start.
    " systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
)
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
SYSTEMD = f"""
cat > $FOLDER/systemd.Dockerfile <<END
FROM peerpigeon
USER 0:0
RUN userdel peerpigeon && apt-get -qq update \\
    && apt-get -qq install --no-install-recommends systemd systemd-sysv >/dev/null
COPY deploy/systemd/peerpigeon.service deploy/systemd/peerpigeon.socket /etc/systemd/system/
RUN mkdir /etc/peerpigeon && echo {SECRET} > /etc/peerpigeon/hub_secret \\
    && chmod 600 /etc/peerpigeon/hub_secret && systemctl enable peerpigeon.service
ENTRYPOINT ["sh", "-c", "{BOOT}"]
END
podman build --quiet --pull=never {NETWORKED} --file $FOLDER/systemd.Dockerfile --tag systemd .
podman run --detach --name booted --systemd=always --network none --privileged systemd
on() {{ podman exec booted "$@"; }}
of_process() {{
    on sh -c 'cat /proc/$(systemctl show --value --property MainPID peerpigeon)/'"$1"
}}
live() {{ on python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:3000/live')"; }}
until live 2>/dev/null; do sleep 0.5; done
of_process status | grep -E '^(Uid|CapEff)'
of_process environ | grep {SECRET} || echo no secret
on systemctl stop peerpigeon
on systemctl show --property Result --property ExecMainStatus peerpigeon
on systemctl start peerpigeon.socket
live && echo started by a connection
on systemctl restart peerpigeon
live && echo nobody was refused
podman rm --force --time 0 booted
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
    """Return what was said of a container of its own, of one with systemd, and of all composed."""
    certificates, folder = (tmp_path_factory.mktemp(name) for name in ("certificates", "podman"))
    certificate = certificate_for(NAME, certificates)
    script = f"echo {BETWEEN}\n".join((MAKE + ALONE, SYSTEMD, 'unshare --net sh -c "$COMPOSED"'))
    said = run(
        script,
        folder,
        COMPOSED=COMPOSED,
        HUB_SECRET=SECRET,
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


def test_systemd_runs_the_hub_as_nobody_and_keeps_its_place(told: list[str]) -> None:
    assert "CapEff:\t0000000000000000" in told[1]
    assert re.search(r"^Uid:\t6[0-9]{4}\t", told[1], re.MULTILINE)  # of those that it makes up
    assert "no secret" in told[1]
    assert {"Result=success", "ExecMainStatus=0"} <= set(told[1].splitlines())
    assert "started by a connection\n" in told[1]
    assert "nobody was refused\n" in told[1]


def test_three_hubs_and_a_proxy_pass_signals_on_and_one_may_stop(told: list[str]) -> None:
    assert told[2].count("from client to client") == 2
    assert "status 0\n" in told[2]
    assert "stopped" in told[2]
