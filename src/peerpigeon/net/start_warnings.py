"""What an operator should know of a server that starts as it is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.config import ServerConfig


def start_warnings(config: ServerConfig, port: int) -> Iterator[str]:
    """Go over what others can do that may not be meant, or cannot and may be; each is one line."""
    # Neither below an ASGI server, which listens for it.
    place = f"port {port}" if port else config.place if config.uds else "this server"
    if not config.is_for_this_machine and config.parsed_namespace_access.has_open:
        yield _open_to_strangers(config, place)
        if config.gives_relays_to_strangers:
            yield _relays_for_strangers(config, place)
    if config.is_open:
        yield (
            f"the mesh is open: whoever reaches {place} can be a hub of it, and speak for any"
            " client; hub_secret (HUB_SECRET) would keep others out"
        )
    if config.is_hub and not (config.advertise or config.own_addresses):
        yield (
            f"no address of this machine is known by which other hubs could dial {place}; name"
            " one with advertise (ADVERTISE, --advertise), as ws://HOST:PORT"
        )


def _relays_for_strangers(config: ServerConfig, place: str) -> str:
    who = "any program"
    if config.allowed_origins is None:
        who += " and any web page"
    remedies = ", ".join(
        ["token_keys (TOKEN_KEYS)", "turn_namespaces (TURN_NAMESPACES) of which each takes a token"]
    )
    return (
        f"whoever reaches {place} gets credentials of the TURN servers: {who} can have all that it"
        f" sends anywhere passed on for {config.turn_lifetime:g} s, at your expense; {remedies}, or"
        " coturn's user-quota, total-quota and max-bps would bound that"
    )


def _open_to_strangers(config: ServerConfig, place: str) -> str:
    access = config.parsed_namespace_access
    who, remedies = "any program", ["token_keys (TOKEN_KEYS)"]
    if config.allowed_origins is None:
        who += " and any web page"
        remedies.append("cors_origin (CORS_ORIGIN)")
    where = "every namespace" if access.is_open else "each open namespace"
    return (
        f"whoever reaches {place} is let in: {who} can enter {where} whose name it knows, and"
        f" signal to its peers; {' and '.join(remedies)} would keep strangers out"
    )
