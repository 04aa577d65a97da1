"""The proxies of which the documentation has a configuration: the real programs, and our files."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mesh.processes import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tests.deploy.certificates import Certificate

FILES = Path(__file__).parents[2] / "deploy"
NAME = "signal.example.org"
HUBS = ("hub1:3000", "hub2:3000", "hub3:3000")
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
"""Debian puts servers where only root looks."""


@dataclass(frozen=True)
class Kind:
    """A kind of proxy."""

    name: str
    package: str
    file: Path
    substitutes: Callable[[int, Certificate], dict[str, str]]
    """What stands in our file, and what a test puts there; besides the addresses of the hubs."""
    prepare: Callable[[str, Path], list[str]]
    """Writes the configuration into a folder; returns the command that runs the proxy with it."""


def _nginx(text: str, folder: Path) -> list[str]:
    (folder / "peerpigeon.conf").write_text(text, encoding="utf-8")
    places = "".join(
        f"  {kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'nginx.log'} warn;\n"
        "worker_processes 2;\nevents { worker_connections 1024; }\n"
        f"http {{\n  access_log off;\n{places}  include {folder / 'peerpigeon.conf'};\n}}\n"
    )
    main = folder / "nginx.conf"
    main.write_text(whole, encoding="utf-8")
    return ["nginx", "-e", str(folder / "nginx.log"), "-c", str(main)]


def _haproxy(text: str, folder: Path) -> list[str]:
    main = folder / "haproxy.cfg"
    main.write_text(text, encoding="utf-8")
    return ["haproxy", "-db", "-f", str(main)]


def _caddy(text: str, folder: Path) -> list[str]:
    main = folder / "Caddyfile"
    # What it would open besides: an interface for its administrator, and port 80.
    main.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text, encoding="utf-8")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(main)]


KINDS = {
    "nginx": Kind(
        "nginx",
        "nginx",
        FILES / "nginx/peerpigeon.conf",
        lambda port, own: {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "listen [::]:443 ssl;": f"listen [::1]:{port} ssl;",
            "/etc/ssl/peerpigeon/fullchain.pem": str(own.chain),
            "/etc/ssl/peerpigeon/privkey.pem": str(own.key),
        },
        _nginx,
    ),
    "haproxy": Kind(
        "haproxy",
        "haproxy",
        FILES / "haproxy/haproxy.cfg",
        lambda port, own: {
            "bind :443 ": f"bind 127.0.0.1:{port} ",
            "/etc/haproxy/peerpigeon.pem": str(own.both),
        },
        _haproxy,
    ),
    "caddy": Kind(
        "caddy",
        "caddy",
        FILES / "caddy/Caddyfile",
        lambda port, own: {
            f"{NAME} {{": f"{NAME}:{port} {{\n\tbind 127.0.0.1",
            "/etc/caddy/fullchain.pem": str(own.chain),
            "/etc/caddy/privkey.pem": str(own.key),
        },
        _caddy,
    ),
}


@cache
def lacking(_: str) -> str | None:
    """Say in one line why the proxies cannot be run here, or None if they can."""
    for kind in KINDS.values():
        if shutil.which(kind.name, path=PATH) is None:
            return f"no {kind.name} found (install the package {kind.package})"
    return None


def substituted(text: str, substitutes: dict[str, str]) -> str:
    """Return a configuration with what a test has to change; all of it must be there, once."""
    for ours, theirs in substitutes.items():
        assert text.count(ours) == 1, f"{ours!r} is {text.count(ours)} times in the configuration"
        text = text.replace(ours, theirs)
    return text


@asynccontextmanager
async def proxy(
    kind: Kind,
    port: int,
    hubs: Sequence[str],
    certificate: Certificate,
    folder: Path,
    without: str = "",
) -> AsyncIterator[None]:
    """Run a proxy at a port of the loopback, before three hubs at host:port each.

    `without`: what is taken out of our configuration, to see what it is there for.
    """
    text = kind.file.read_text(encoding="utf-8")
    assert without in text
    text = text.replace(without, "") if without else text
    changed = kind.substitutes(port, certificate) | dict(zip(HUBS, hubs, strict=True))
    command = kind.prepare(substituted(text, changed), folder)
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"PATH": PATH, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
        try:
            await _listens(port, process, log)
            yield
        finally:
            if process.returncode is None:
                # The quick end of each: workers of nginx would outlive SIGKILL.
                process.send_signal(signal.SIGTERM)
                try:
                    async with asyncio.timeout(10.0):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()


def _text_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


async def _listens(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            assert process.returncode is None, _text_of(log)
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
