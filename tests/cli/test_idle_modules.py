"""What an idle hub has not loaded: a third of its memory is code, and most of the time to start."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import sys
before = set(sys.modules)  # what this Python brings, an editable installation among it

import atexit
from peerpigeon.cli.main import main

atexit.register(lambda: print(*(sys.modules.keys() - before)))
main(["hub", "--host", "localhost", "--port", "0", "--no-auto-connect", "--log-format", "json"])
"""
DATACLASSES = """
import sys
import peerpigeon.cli.commands

ours = [module for name, module in sys.modules.items() if name.startswith("peerpigeon.")]
found = {each for module in ours for each in vars(module).values() if isinstance(each, type)}
print(*sorted({each.__module__ for each in found if "__dataclass_params__" in vars(each)}))
"""
COMES_WITH = {
    "the first page": {"aiohttp", "jwt", "prometheus_client", "peerpigeon.net.http.site"},
    "the first channel": {
        *("OpenSSL", "aioice", "cryptography", "dns", "google_crc32c", "ifaddr"),
        *("peerpigeon.rtc.channel_tasks", "peerpigeon.rtc.sctp", "peerpigeon.rtc.sdp"),
    },
    "an ICE server that gives nothing": {"peerpigeon.rtc.ice_check"},
    "the first client of another kind": {
        *(f"peerpigeon.core.dialects.{name}" for name in ("peerjs", "topics", "tracker")),
    },
    "a name with other letters than English ones": {"encodings.idna", "stringprep"},
    "a mistake in a command line": {"difflib"},
    "other commands": {
        *("importlib.resources", "peerpigeon.cli.supervisor", "peerpigeon.local_mesh"),
        *("peerpigeon.diagnosis", "peerpigeon.scenario", "peerpigeon.sim", "shtab"),
    },
    "nothing here": {
        *("bz2", "csv", "email", "importlib.metadata", "lzma", "shutil", "tempfile"),
        *("unittest", "urllib.request", "websockets", "zipfile"),
    },
}


def test_an_idle_hub_has_loaded_what_it_needs_and_no_more() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stderr is not None
        said = []
        for line in hub.stderr:
            said.append(line)
            if '"started"' in line:
                break
        hub.send_signal(signal.SIGINT)
        output, _ = hub.communicate(timeout=30)
    loaded = set(output.split())
    assert {"peerpigeon.net.runtime", "peerpigeon.rtc.builtin.engine"} <= loaded, said
    too_early = {when: found for when, names in COMES_WITH.items() if (found := names & loaded)}
    assert not too_early


def test_only_options_are_dataclasses_since_each_is_compiled_at_every_start() -> None:
    command = [sys.executable, "-c", DATACLASSES]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    modules = found.stdout.split()
    assert modules
    assert all(each.startswith("peerpigeon.core.config.") for each in modules), modules
