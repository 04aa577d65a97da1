"""The chart, installed by Helm into what it takes for a cluster, and looked at by schemas."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.api_server import api_server
from tests.deploy.proxies import FILES
from tests.deploy.test_files import check_options, instruction
from tests.deploy.tools import TOOLS, said

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.deploytools, pytest.mark.slow]

yaml: Any = importlib.import_module("yaml")

CHART = FILES / "helm/peerpigeon"
OLDEST, NEWEST = "1.27", "1.35"
"""The versions of Kubernetes whose schemas are asked, besides the newest that is known."""

INSTALL = """
import asyncio, json, sys
import helm_sdkpy
access, chart, values = sys.argv[1:]
config = helm_sdkpy.Configuration(namespace="default", kubeconfig=access)
install = helm_sdkpy.Install(config)
asyncio.run(install.run("signal", chart, values=json.loads(values), wait=False, timeout=30))
"""
LINT = """
import asyncio, json, sys
import helm_sdkpy
config = helm_sdkpy.Configuration(namespace="default", kubeconfig=sys.argv[1])
print(json.dumps(asyncio.run(helm_sdkpy.Lint(config).run(sys.argv[2]))))
"""
INFO = 1
"""What Helm calls a remark that no chart need heed, such as that there is no icon."""


async def made_of(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Return the objects that Helm makes of the chart."""
    async with api_server() as server:
        access = folder / "kubeconfig"
        access.write_text(server.access)
        await asyncio.to_thread(
            said,
            *(TOOLS / "python", "-c", INSTALL, access, CHART, json.dumps(values)),
            variables={"HELM_DRIVER": "memory"},  # it keeps its own notes to itself
        )
        return server.made


def test_helm_has_nothing_to_say_against_the_chart(tmp_path: Path) -> None:
    told = json.loads(said(TOOLS / "python", "-c", LINT, tmp_path / "none", CHART))
    assert (told["TotalChartsLinted"], told["Errors"]) == (1, None)
    assert all(each["Severity"] <= INFO for each in told["Messages"])


@pytest.mark.parametrize("scales", [False, True])
async def test_what_the_chart_makes_is_what_kubernetes_takes_and_fits_together(
    scales: bool, tmp_path: Path
) -> None:
    made = await made_of({"autoscaling": {"enabled": scales}}, tmp_path)
    files = []
    for number, each in enumerate(made):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(each))
    for version in (OLDEST, NEWEST):
        said(TOOLS / "kubernetes-validate", "--strict", "-k", version, *files)

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
    assert (
        hub["image"]
        == f"peerpigeon:{yaml.safe_load((CHART / 'Chart.yaml').read_text())['appVersion']}"
    )
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
