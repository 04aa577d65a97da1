"""The garbage collector does not go through what a server has loaded again and again."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import atexit, gc
from peerpigeon.cli.main import main

atexit.register(lambda: print(gc.isenabled() and gc.get_freeze_count()))
main(["server", "--host", "127.0.0.1", "--port", "0", "--log-format", "json"])
"""
MODULES = 10_000
"""Objects, of which the modules of a server alone have some 50,000."""


def test_a_server_that_has_started_spares_what_it_has_loaded() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if '"started"' in line:
                break
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=30)
    assert int(output) > MODULES
