"""The Autobahn Testsuite: found or installed, and run by either of its ends.

It needs Python 2.7, beyond which nobody has taken it. It is installed from the package index into a
folder of its own, with the libraries of its time, and no part of it is kept here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from conformance.echo import SLOWEST, echo_client, echo_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

PACKAGE = "autobahntestsuite==0.8.2"
FOLDER = Path(__file__).parent.parent / ".autobahn"
AGENT = "peerpigeon"
LEFT_OUT = ["12.*", "13.*"]
"""Compression, which our WebSockets do not offer."""

Verdicts = dict[str, dict[str, Any]]
"""By the number of a case what the suite says of it."""


class MissingError(Exception):
    """The suite cannot be run here; the message says why."""


def find_python() -> str:
    """Return a Python 2.7. Raises ``MissingError`` if there is none."""
    versions = sorted(Path.home().glob(".pyenv/versions/2.7*/bin/python"))
    for candidate in ("python2.7", "python2", *map(str, versions)):
        if (path := shutil.which(candidate)) and _runs(path):
            return path
    raise MissingError("the Autobahn Testsuite needs Python 2.7 with pip, and there is none here")


def _runs(path: str) -> bool:
    # A name on the PATH may be a stand-in of a version manager that starts nothing.
    line = "import pip, sys; sys.exit(sys.version_info[:2] != (2, 7))"
    return subprocess.run([path, "-c", line], capture_output=True, check=False).returncode == 0


def install(python: str) -> None:
    """Install the suite, if it is not. Raises ``MissingError`` if the index does not give it."""
    if (FOLDER / "autobahntestsuite").exists():
        return
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The constraints of our own Python are no use to this one.
    environ = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    with TemporaryDirectory(dir=FOLDER.parent, prefix=".autobahn-") as folder:
        command += ["--target", folder, PACKAGE]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingError(f"{PACKAGE} could not be installed: {done.stderr.strip()[-500:]}")
        Path(folder).rename(FOLDER)
        Path(folder).mkdir()  # for the one who removes it


class Suite:
    """The suite, ready to be run."""

    def __init__(self, python: str, folder: Path, cases: Iterable[str]) -> None:
        self._python = python
        self._folder = folder
        self._cases = list(cases)

    def _spec(self, **more: object) -> list[str]:
        spec = {"outdir": str(self._folder), "cases": self._cases, "exclude-cases": LEFT_OUT}
        path = self._folder / "spec.json"
        path.write_text(json.dumps({**spec, "exclude-agent-cases": {}, **more}))
        return ["-s", str(path)]

    @asynccontextmanager
    async def _started(
        self, mode: str, spec: list[str]
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        # As a site directory, because zope.interface is found by a file for such only.
        folder = repr(str(FOLDER))
        run = (
            f"import site, sys; sys.path.insert(0, {folder}); site.addsitedir({folder}); "
            "from autobahntestsuite.wstest import run; run()"
        )
        with (self._folder / "wstest.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                self._python, "-c", run, "-m", mode, *spec, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()

    async def judge_server(self) -> Verdicts:
        """Let the suite's client talk to our server."""
        async with echo_server() as port:
            servers = [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}]
            async with self._started("fuzzingclient", self._spec(servers=servers)) as process:
                await process.wait()
        return self._verdicts()

    async def judge_client(self, port: int) -> Verdicts:
        """Let our dialler talk to the suite's server."""
        base = f"ws://127.0.0.1:{port}"
        async with self._started("fuzzingserver", self._spec(url=base)) as process:
            count = int(await self._ask(f"{base}/getCaseCount", process))
            for number in range(1, count + 1):
                await echo_client(f"{base}/runCase?case={number}&agent={AGENT}")
            await echo_client(f"{base}/updateReports?agent={AGENT}")
        return self._verdicts()

    async def _ask(self, uri: str, process: asyncio.subprocess.Process) -> str | bytes:
        async with asyncio.timeout(SLOWEST):
            while not (answer := await echo_client(uri)):
                if process.returncode is not None:
                    raise MissingError(f"the suite ended: {self._log()}")
                await asyncio.sleep(0.1)
        return answer

    def _verdicts(self) -> Verdicts:
        index = self._folder / "index.json"
        if not index.exists():
            raise MissingError(f"the suite has judged nothing: {self._log()}")
        verdicts: Verdicts = json.loads(index.read_text())[AGENT]
        return verdicts

    def _log(self) -> str:
        return (self._folder / "wstest.log").read_text(errors="replace")[-1000:]
