"""How each hub of a mesh is: one is asked for the others, and each of them for itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from peerpigeon.diagnosis.place import Place, PlaceError
from peerpigeon.diagnosis.words import in_words

if TYPE_CHECKING:
    import ssl

PATIENCE = 5.0
"""Seconds that one hub has to answer one question."""

_FOUND, _FORBIDDEN = 200, (401, 403, 404)


class StatusError(Exception):
    """The mesh cannot be told; the text says why and what to do."""


@dataclass(slots=True)
class HubStatus:
    """One hub."""

    hub: str
    """Its id."""
    address: str
    """Where it was asked, or is to be dialled; empty if that is not known."""
    state: str
    """``ready``, ``not ready``, ``draining``, ``no answer``, ``lost`` or ``stopped``."""
    links: dict[str, int] = field(default_factory=dict)
    """How many it has over each carrier."""
    clients: int | None = None
    """This and what follows is ``None`` if it is not told."""
    version: str | None = None
    uptime: float | None = None
    """Seconds."""
    signals: int | None = None
    """Relayed since it started."""
    memory: int | None = None
    """Bytes that its process has."""
    problem: str = ""
    """Why it does not answer."""

    @property
    def is_well(self) -> bool:
        """Whether it serves, or was stopped on purpose."""
        return self.state in {"ready", "stopped"}


@dataclass(slots=True)
class MeshStatus:
    """All hubs of a mesh, as one of them knows them."""

    asked: str
    hubs: list[HubStatus]

    @property
    def is_well(self) -> bool:
        """Whether each of them serves that was not stopped."""
        return all(hub.is_well for hub in self.hubs)

    def as_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return {"asked": self.asked, "well": self.is_well, "hubs": list(map(asdict, self.hubs))}


async def mesh_status(text: str, tls: ssl.SSLContext | None = None) -> MeshStatus:
    """Ask a hub for its mesh, then each hub for itself.

    ``text`` is an address as ``Place`` reads it. Raises ``PlaceError``, and ``StatusError`` if the
    hub does not answer, is none, or tells strangers nothing.
    """
    place = Place.parse(text)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True, limit=64)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        asker = _Asker(session)
        view = await asker.mesh(place)
        found = [_from_view(hub) for hub in view["hubs"]]
        if not found:  # a plain server, which is in no mesh
            found = [HubStatus(str(view.get("hubPeerId", "")), str(place), "no answer")]
        for hub in found:
            if hub.hub == view.get("hubPeerId"):
                hub.address = str(place)  # by which it is reached from here
        await asyncio.gather(*(asker.look(hub) for hub in found))
    found += map(_from_those_gone, view.get("gone", ()))
    return MeshStatus(str(place), sorted(found, key=lambda hub: hub.hub))


def _from_view(told: dict[str, Any]) -> HubStatus:
    links: dict[str, int] = {}
    for link in told.get("links", ()):
        carrier = str(link.get("carrier", "?"))
        links[carrier] = links.get(carrier, 0) + 1
    address = next(iter(told.get("addresses") or ()), "")
    state = "draining" if told.get("draining") else "no answer"
    return HubStatus(str(told.get("peerId", "")), str(address), state, links, told.get("clients"))


def _from_those_gone(told: dict[str, Any]) -> HubStatus:
    address = str(next(iter(told.get("addresses") or ()), ""))
    hub = HubStatus(str(told.get("peerId", "")), address, str(told.get("state", "lost")))
    if hub.state == "lost":
        since = datetime.fromtimestamp(float(told.get("since", 0)) / 1000, UTC)
        hub.problem = (
            f"no other hub reaches it since {since:%Y-%m-%d %H:%M:%S} UTC, and it has not said that"
            " it stops; look at its machine and its log"
        )
    return hub


def _of_worker(hub: str, health: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of one hub, where the answer is about several workers."""
    workers = health.get("workers", ())
    return health | next((each for each in workers if each.get("hubPeerId") == hub), {})


class _Asker:
    """Asks hubs over HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def mesh(self, place: Place) -> dict[str, Any]:
        """Return what a hub says of its mesh."""
        status, body = await self._get(place, "/mesh")
        if status == _FOUND and isinstance(body, dict) and isinstance(body.get("hubs"), list):
            return body
        _, health = await self._get(place, "/health")
        if status in _FORBIDDEN and isinstance(health, dict) and "isHub" in health:
            raise StatusError(
                f"the hub at {place} is well, and tells strangers no more; ask it on its own"
                " machine, at its --admin-port if a proxy stands before it, or start it with"
                " --show-details (SHOW_DETAILS)"
            )
        raise StatusError(
            f"what answers at {place} is no hub (GET /mesh: {status}); is the address right, and"
            " does the proxy pass on /mesh?"
        )

    async def look(self, hub: HubStatus) -> None:
        """Complete what is known of a hub by what it says itself."""
        if not hub.address:
            hub.state, hub.problem = "no answer", "it advertises no address"
            return
        try:
            place = Place.parse(hub.address)
            ready, _ = await self._get(place, "/ready")
            _, health = await self._get(place, "/health")
        except (StatusError, PlaceError) as error:
            hub.state, hub.problem = "no answer", str(error)
            return
        if hub.state != "draining":
            hub.state = "ready" if ready == _FOUND else "not ready"
        if isinstance(health, dict) and "uptime" in health:
            health = _of_worker(hub.hub, health)
            hub.clients, hub.version = health["connections"], health["version"]
            hub.uptime, hub.signals = health["uptime"], health["signals"]["relayed"]
            hub.memory = health["memory"].get("rss")

    async def _get(self, place: Place, path: str) -> tuple[int, object]:
        """Return the status and the body of an answer, if that is JSON."""
        try:
            async with self._session.get(place.url(path), allow_redirects=False) as answer:
                try:
                    body: object = json.loads(await answer.read())
                except ValueError:
                    body = None
                return answer.status, body
        except TimeoutError:
            raise StatusError(
                f"nothing answers at {place} within {PATIENCE:g} s; is there a firewall?"
            ) from None
        except aiohttp.ClientError as error:
            raise StatusError(f"nothing answers at {place}: {in_words(error)}") from None
