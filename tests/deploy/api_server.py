"""What Helm needs of a cluster to install a chart into: the API, without anything behind it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KINDS = {
    "v1": {"services": "Service"},
    "apps/v1": {"deployments": "Deployment"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
}
"""What there is, by group and version."""
_VERBS = ["create", "get", "list", "patch", "update"]


@dataclass
class ApiServer:
    """Takes each object, and has none."""

    made: list[dict[str, Any]] = field(default_factory=list)
    """The objects that were made here, in their order."""
    uri: str = ""

    @property
    def access(self) -> str:
        """The file by which programs find it (kubeconfig)."""
        parts = {
            "clusters": [{"name": "here", "cluster": {"server": self.uri}}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        }
        return json.dumps(
            {"apiVersion": "v1", "kind": "Config", "current-context": "here", **parts}
        )

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.made.append(await request.json())
            return web.json_response(self.made[-1], status=201)
        told = _DISCOVERY.get(request.path)
        if told is None:
            told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
            return web.json_response(told | {"reason": "NotFound"}, status=404)
        return web.json_response(told)


def _discovery() -> dict[str, Any]:
    groups = [
        {"name": each.partition("/")[0], "versions": [version], "preferredVersion": version}
        for each in KINDS
        if "/" in each
        for version in [{"groupVersion": each, "version": each.partition("/")[2]}]
    ]
    told: dict[str, Any] = {
        "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
    }
    for each, kinds in KINDS.items():
        told[f"/{'apis' if '/' in each else 'api'}/{each}"] = {
            "kind": "APIResourceList",
            "groupVersion": each,
            "resources": [
                {"name": name, "singularName": "", "namespaced": True, "kind": kind}
                | {"verbs": _VERBS}
                for name, kind in kinds.items()
            ],
        }
    return told


_DISCOVERY = _discovery()


@asynccontextmanager
async def api_server() -> AsyncIterator[ApiServer]:
    """Run one at a port of the loopback."""
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.uri = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
