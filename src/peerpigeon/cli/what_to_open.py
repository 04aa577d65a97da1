"""What a server that has just started says on a terminal: what to open, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.addresses import authority
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.own_addresses import own_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.notices import Started

_WIDTH = len("its dashboard is at")


def what_to_open(started: Started, config: ServerConfig, admin_port: int | None) -> str:
    """Return the lines; ``admin_port`` is the one that it has come to listen at, if any."""
    rows = [*_places(started, config, admin_port), ("it ends on", "Ctrl-C, at once")]
    return "\n".join(f"  {what:<{_WIDTH}} {where}" for what, where in rows)


def _places(
    started: Started, config: ServerConfig, admin_port: int | None
) -> Iterator[tuple[str, str]]:
    pages = ""
    if started.port:
        places = [f"{host}:{started.port}" for host in own_hosts(started.host)]
        places = places or [authority(started.host, started.port)]
        below = [f"{config.scheme}://{place}{config.path_prefix}" for place in places]
        pages = below[0].replace("ws", "http", 1)
        yield "clients connect to", "  ".join(below)
        yield "its state is at", f"{pages}/health"
    else:
        yield "a proxy connects to", started.host
    if admin_port:
        yield "its dashboard is at", f"http://{authority(config.admin_host, admin_port)}/dashboard"
    elif pages and Insiders(config).include_this_machine:
        seen_from = "" if config.is_local or config.show_details else ", on this machine"
        yield "its dashboard is at", f"{pages}/dashboard{seen_from}"
