"""The files by which hubs are run: what can be checked of each on one machine."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import shutil
import subprocess
import sys
from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.config import OPTIONS, ServerConfig, parse_seconds
from tests.deploy.proxies import FILES
from tests.net.client import running

if TYPE_CHECKING:
    from pathlib import Path

yaml: Any = importlib.import_module("yaml")

VARIABLES = {option.variable for option in OPTIONS.values()}
MOST_EXPOSED = 20  # of 100; systemd calls a service well kept below 50


def instruction(name: str) -> list[str]:
    """Return the words of an instruction of the Dockerfile, the last one of its kind."""
    text = (FILES / "container/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    words: list[str] = json.loads(re.findall(rf"^{name} .*?(\[.*\])$", text, re.MULTILINE)[-1])
    return words


# The container


async def test_the_container_is_healthy_as_long_as_its_hub_is() -> None:
    command = instruction("HEALTHCHECK")
    assert command[0] == "python"
    async with running() as server:
        here = [part.replace(":3000/", f":{server.port}/") for part in command[1:]]
        process = await _run(here)
        assert await process.wait() == 0
    process = await _run(here)
    assert await process.wait() != 0


async def _run(arguments: list[str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stderr=asyncio.subprocess.DEVNULL
    )


def test_the_container_is_nobodys_root_and_starts_what_there_is() -> None:
    text = (FILES / "container/Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!0|root)", text, re.MULTILINE)
    assert instruction("ENTRYPOINT") == ["peerpigeon"]
    assert instruction("CMD") == ["hub", "--host", "0.0.0.0"]


def test_the_hubs_of_the_composition_have_options_that_work() -> None:
    file = FILES / "container/compose.yaml"
    services = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    hubs = {name: service for name, service in services.items() if name != "proxy"}
    assert sorted(hubs) == ["hub1", "hub2", "hub3"]
    caddyfile = (FILES / "caddy/Caddyfile").read_text(encoding="utf-8")
    for name, service in hubs.items():
        assert f"{name}:3000" in caddyfile
        check_options(service["environment"], service["stop_grace_period"])
        aliases = service["networks"]["mesh"]["aliases"]
        assert service["environment"]["BOOTSTRAP_DNS"] == f"{aliases[0]}:3000"
        proxy = services["proxy"]["networks"]["mesh"]["ipv4_address"]
        assert service["environment"]["TRUSTED_PROXIES"] == proxy
        assert (file.parent / service["build"]["context"] / service["build"]["dockerfile"]).exists()


def test_no_hub_of_the_composition_can_have_the_address_of_the_proxy() -> None:
    """Hubs start before it, and would get the first address that is free."""
    file = FILES / "container/compose.yaml"
    composition = yaml.safe_load(file.read_text(encoding="utf-8"))
    [addresses] = composition["networks"]["mesh"]["ipam"]["config"]
    proxy = ip_address(composition["services"]["proxy"]["networks"]["mesh"]["ipv4_address"])
    assert proxy in IPv4Network(addresses["subnet"])
    assert proxy not in IPv4Network(addresses["ip_range"])
    assert IPv4Network(addresses["ip_range"]).subnet_of(IPv4Network(addresses["subnet"]))


def check_options(environment: dict[str, str], grace: str) -> None:
    """Fail if a hub does not start with these variables, or drains for longer than it may."""
    assert set(environment) <= VARIABLES
    secret = {"HUB_SECRET": "what only these hubs know"}
    config = ServerConfig.from_environment(
        environment | secret, {"is_hub": "yes", "host": "0.0.0.0"}
    )
    assert config.drain_time < parse_seconds("grace", grace)


# systemd


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with our units, of which the command exists."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze found (install the package systemd)")
    for file in (FILES / "systemd").iterdir():
        text = file.read_text(encoding="utf-8")
        text = text.replace("/opt/peerpigeon/bin/peerpigeon", sys.executable)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "unit", ["peerpigeon.service", "peerpigeon.socket", "peerpigeon-admin.socket"]
)
def test_systemd_understands_the_units(unit: str, units: Path) -> None:
    status, said = analyze("verify", "--man=no", "--recursive-errors=no", str(units / unit))
    assert (status, [line for line in said.splitlines() if "peerpigeon" in line]) == (0, [])


def test_systemd_finds_the_service_well_kept(units: Path) -> None:
    status, said = analyze(
        "security",
        "--offline=yes",
        f"--threshold={MOST_EXPOSED}",
        str(units / "peerpigeon.service"),
    )
    assert status == 0, said
