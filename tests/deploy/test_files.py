"""The files by which hubs are run: what can be checked of each on one machine."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.config import OPTIONS, ServerConfig, parse_seconds
from tests.deploy.proxies import FILES
from tests.net.client import running

if TYPE_CHECKING:
    from pathlib import Path

yaml: Any = importlib.import_module("yaml")

VARIABLES = {option.variable for option in OPTIONS.values()}
CHART = FILES / "helm/peerpigeon"
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


@pytest.mark.parametrize("unit", ["peerpigeon.service", "peerpigeon.socket"])
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


# The chart


def rendered(file: Path, values: dict[str, Any], release: str = "signal") -> list[dict[str, Any]]:
    """Return what a template of ours makes: values, the release's name, and `if` on lines alone."""
    lines, shown = [], [True]
    for line in file.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\s*\{\{- if (not )?\.Values\.([\w.]+) \}\}", line):
            shown.append(bool(_value(values, match[2])) is not bool(match[1]))
        elif line.strip() == "{{- end }}":
            shown.pop()
        elif all(shown):
            lines.append(line)
    text = "\n".join(lines).replace("{{ .Release.Name }}", release)
    text = re.sub(r"\{\{ \.Values\.([\w.]+) \}\}", lambda each: str(_value(values, each[1])), text)
    assert "{{" not in text
    return [document for document in yaml.safe_load_all(text) if document is not None]


def _value(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values[part]
    return values


@pytest.mark.parametrize("scales", [False, True])
def test_what_the_chart_makes_fits_together(scales: bool) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    values["autoscaling"]["enabled"] = scales
    files = sorted((CHART / "templates").iterdir())
    made = [document for file in files for document in rendered(file, values)]
    kinds = {f"{each['kind']}/{each['metadata']['name']}": each["spec"] for each in made}
    assert ("HorizontalPodAutoscaler/signal" in kinds) is scales
    deployment = kinds["Deployment/signal"]
    assert ("replicas" in deployment) is not scales

    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert kinds["PodDisruptionBudget/signal"]["selector"]["matchLabels"] == labels
    for name in ("Service/signal", "Service/signal-hubs"):
        assert kinds[name]["selector"] == labels
    assert kinds["Service/signal-hubs"]["clusterIP"] == "None"

    pod = deployment["template"]["spec"]
    (hub,) = pod["containers"]
    assert hub["args"] == instruction("CMD")
    environment = {each["name"]: each.get("value", "") for each in hub["env"]}
    grace = pod["terminationGracePeriodSeconds"] - int(
        hub["lifecycle"]["preStop"]["exec"]["command"][1]
    )
    check_options(environment, f"{grace}s")
    assert environment["BOOTSTRAP_DNS"] == "signal-hubs:3000"
    assert hub["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert hub["livenessProbe"]["httpGet"]["path"] == "/live"
    assert pod["securityContext"]["runAsNonRoot"]
    assert hub["securityContext"]["readOnlyRootFilesystem"]
