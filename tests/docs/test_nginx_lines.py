"""The lines that put nginx before hubs, typed on a host whose /etc is a copy."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.deploy.proxies import PATH
from tests.docs.commands import TAG, blocks
from tests.docs.pages import ROOT
from tests.docs.test_commands import DEADLINE, HOW, NGINX, environment

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0123456789abcdef0123456789abcdef"
HOST = """
set -eu
ip link set lo up
for name in nginx ssl hosts; do
    cp -rL /etc/$name "$PLACE/$name" 2>/dev/null || test -e "$PLACE/$name"
    mount --bind "$PLACE/$name" /etc/$name
done
mount -t tmpfs none /run
mount -t tmpfs none /var/log/nginx
echo 127.0.0.1 signal.example.org >> /etc/hosts
"""
"""Nothing that is written there is left behind: mounts and network end with the last process."""


def lines_of(first: str) -> list[str]:
    """Return the block of the page that begins with this line."""
    [lines] = [
        lines
        for tag, lines in blocks("docs/guides/proxies.md")
        if tag == TAG and lines[0].startswith(first)
    ]
    return lines


@pytest.mark.proxy
@pytest.mark.hosts
@pytest.mark.thorough
@pytest.mark.xdist_group("hubs")
def test_who_types_the_lines_has_three_hubs_behind_nginx(tmp_path: Path) -> None:
    written, started, asked = map(lines_of, ("mkdir", "export HUB_SECRET", "peerpigeon doctor"))
    assert {*written, *started[1:], *asked} == {line for line, how in HOW.items() if how is NGINX}
    doctor, status = asked
    script = "\n".join(
        (
            *(HOST, *written, "nginx"),
            started[0].replace("SECRET=SECRET", f"SECRET={SECRET}"),
            *(f"{line} 2>/dev/null &" for line in started[1:]),
            f'until {status} > "$PLACE/said" && [ "$(grep -c "2 p2p" "$PLACE/said")" = 3 ]',
            'do sleep 0.2; done; cat "$PLACE/said"',
            f"{doctor} | tee $PLACE/doctor; ! grep wrong $PLACE/doctor",
            "curl -sf --cacert /etc/ssl/peerpigeon/fullchain.pem https://signal.example.org/ready",
            "curl -sf -o /dev/null -w '%{http_code}' http://localhost:3010/dashboard",
        )
    )
    done = subprocess.run(
        # With a process space of its own all ends with the shell.
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script],
        cwd=ROOT,
        env=environment(PLACE=str(tmp_path)) | {"PATH": f"{environment()['PATH']}:{PATH}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "configuration file /etc/nginx/nginx.conf test is successful" in done.stdout
    assert done.stdout.count(" ready ") == 3
    assert "websocket   wss://signal.example.org:443: open" in done.stdout
    assert done.stdout.endswith('{"status": "ready"}200')
