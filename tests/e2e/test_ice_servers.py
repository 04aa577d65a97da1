"""A browser gets credentials from a hub, and by them an address at a real TURN server (coturn)."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, cast

import pytest

from tests.conftest import skip_group
from tests.e2e.servers import our_server
from tests.ports import reserved_port
from tests.rtc import environment
from tests.rtc.turn import wait_listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.clients import Browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.turn,
    pytest.mark.xdist_group("clients"),
]

SECRET = "what-coturn-and-the-hub-know"

GATHER = """(async () => {
  const asked = await fetch("%s/ice-servers?networkName=flock");
  const { iceServers } = await asked.json();
  %s
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: "relay" });
  connection.createDataChannel("any");
  const found = [];
  const done = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) =>
      candidate ? found.push(candidate.candidate) : resolve();
  });
  await connection.setLocalDescription();
  await done;
  connection.close();
  return { found, username: iceServers[0].username };
})()"""


@pytest.fixture
def coturn(tmp_path: Path) -> Iterator[str]:
    """A TURN server on the loopback that knows the secret and nobody."""
    if reason := environment.lacking("turn"):
        skip_group("turn", reason)
    with reserved_port() as port:
        settings = (
            *("no-cli", "no-tls", "no-dtls", "use-auth-secret", f"static-auth-secret={SECRET}"),
            *("realm=example.org", "allow-loopback-peers", "no-stdout-log", "log-file=/dev/null"),
            *("listening-ip=127.0.0.1", "relay-ip=127.0.0.1", f"listening-port={port}"),
            f"pidfile={tmp_path}/pid",
        )
        file = tmp_path / "turnserver.conf"
        file.write_text("\n".join(settings))
        server = subprocess.Popen(["turnserver", "-c", file], stdout=subprocess.DEVNULL)
        try:
            wait_listening("127.0.0.1", port)
            yield f"turn:127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def test_a_browser_gets_a_relayed_address_with_what_a_hub_gives_it(
    browser: Browser, coturn: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    options = ("--client-ice-servers", coturn, "--turn-secret-file", str(secret))
    with our_server("server", *options) as server:
        where = server.url.replace("ws://", "http://")
        page = browser.open(f"{where}/limits")  # has no policy that forbids to ask for others

        def gather(change: str = "") -> tuple[list[str], str]:
            got = cast("dict[str, object]", page.evaluate(GATHER % (where, change)))
            return cast("list[str]", got["found"]), cast("str", got["username"])

        found, first = gather()
        assert any(" typ relay" in candidate for candidate in found), found
        _, second = gather()
        assert first != second
        # It is the server that decides: what is changed gets nothing.
        assert gather('iceServers[0].username = "9999999999:thief";')[0] == []
        assert gather('iceServers[0].credential = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";')[0] == []
        shown = json.dumps(page.evaluate(f'fetch("{where}/ice-servers").then((a) => a.text())'))
        assert SECRET not in shown
        page.close()
