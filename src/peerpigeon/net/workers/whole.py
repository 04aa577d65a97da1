"""One health and one set of metrics, whichever worker is asked: it asks the others."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from peerpigeon.core.config.quantities import MIB
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.request import split_target
from peerpigeon.net.workers.place import links_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.late_site import LateSite
    from peerpigeon.net.http.page import ReadBody, Response
    from peerpigeon.net.http.request import Request

PATIENCE = 1.0
"""Seconds for another worker's answer: one that is just being started again is left out."""

LARGEST = 16 * MIB
"""Bytes of an answer: metrics of a large hub take 100 KiB."""

Json = dict[str, Any]

_SUMMED = ("connections", "peers", "announcedPeers", "networks", "closing", "dropped")
_OF_EACH = ("status", "uptime", "connections", "memory", "signals")
_SUMMED_WITHIN = ("memory", "signals", "messages")


class WholeSite:
    """The pages of one worker, of which ``/health`` and ``/metrics`` are about all workers."""

    def __init__(self, site: LateSite, config: ServerConfig, *, path_prefix: str = "") -> None:
        self._site = site
        self._config = config
        self._merged = {f"{path_prefix}/health": merged_health, f"{path_prefix}/metrics": merged}
        self._prefix = path_prefix

    async def answer(self, request: Request, read_body: ReadBody) -> Response:
        """Return the answer to any request that asks for no WebSocket, as ``Site`` does."""
        response = await self._site.answer(request, read_body)
        merge = self._merged.get(split_target(request.target)[0])
        body = response.body
        if (
            merge is None
            or request.audience < Audience.INSIDERS
            or response.status is not HTTPStatus.OK
            or not isinstance(body, bytes)
            or not body
        ):
            return response
        path = split_target(request.target)[0].removeprefix(self._prefix)
        accept = ", ".join(request.values("accept"))
        bodies = await asyncio.gather(
            *(self._ask(index, path, accept, body) for index in range(self._config.workers))
        )
        return replace(response, body=merge(bodies))

    async def _ask(self, index: int, path: str, accept: str, own: bytes) -> bytes | None:
        """Return what a worker says at a path; ``None`` if it is not there."""
        if index == self._config.worker:
            return own
        try:
            async with asyncio.timeout(PATIENCE):
                return await _get(links_path(self._config.worker_directory, index), path, accept)
        except (OSError, TimeoutError):
            return None


async def _get(socket: str, path: str, accept: str) -> bytes | None:
    reader, writer = await asyncio.open_unix_connection(socket, limit=LARGEST)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept or '*/*'}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        answer = await reader.read()
        while part := await reader.read(MIB):
            answer += part
    finally:
        writer.close()
    head_of_answer, _, body = answer.partition(b"\r\n\r\n")
    return body if head_of_answer.startswith(b"HTTP/1.1 200 ") else None


def merged_health(bodies: Sequence[bytes | None]) -> bytes:
    """Return the health of all workers, by number, of which those that are not there are None.

    Counts are sums; how it stands to other hubs is as the first of them sees it.
    """
    found: list[Json | None] = [None if each is None else json.loads(each) for each in bodies]
    there = [each for each in found if each is not None]
    whole = dict(there[0])
    for name in _SUMMED:
        whole[name] = sum(each[name] for each in there)
    for name in _SUMMED_WITHIN:
        whole[name] = {key: sum(each[name][key] for each in there) for key in there[0][name]}
    whole["workers"] = [
        {"worker": index, "status": "absent"}
        if each is None
        else {
            "worker": index,
            "hubPeerId": each["hubMesh"]["hubPeerId"],
            **{key: each[key] for key in _OF_EACH},
        }
        for index, each in enumerate(found)
    ]
    return json.dumps(whole).encode()


def merged(bodies: Sequence[bytes | None]) -> bytes:
    """Return the metrics of all workers: each sample with the label ``worker``, by number."""
    families: dict[str, tuple[list[str], list[str]]] = {}
    end = ""
    for index, body in enumerate(bodies):
        for name, line in _by_family("" if body is None else body.decode()):
            about, samples = families.setdefault(name, ([], []))
            if not line.startswith("#"):
                samples.append(_labelled(line, index))
            elif line == "# EOF":
                end = f"{line}\n"
            elif line not in about:
                about.append(line)
    lines = (line for about, samples in families.values() for line in (*about, *samples))
    return ("".join(f"{line}\n" for line in lines) + end).encode()


def _by_family(text: str) -> Iterator[tuple[str, str]]:
    """Go over the lines, each with the name of the family to which it belongs."""
    name = ""
    for line in text.splitlines():
        if line.startswith(("# HELP ", "# TYPE ", "# UNIT ")):
            name = line.split(" ", 3)[2]
        yield name, line


def _labelled(sample: str, index: int) -> str:
    """Return a sample with one more label, before those that it has."""
    end = min(at for at in (sample.find("{"), sample.find(" ")) if at >= 0)
    label = f'worker="{index}"'
    if sample[end] == "{":
        has_others = sample[end + 1] != "}"
        return f"{sample[: end + 1]}{label}{',' if has_others else ''}{sample[end + 1 :]}"
    return f"{sample[:end]}{{{label}}}{sample[end:]}"
