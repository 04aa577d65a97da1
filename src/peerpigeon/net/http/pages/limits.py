"""The page ``/limits``: what a client can do here, and how much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.page import as_json

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source


def limits_page(source: Source) -> Answer:
    """Return the page."""

    async def answer(_: Request) -> Response:
        return as_json(limits(source.config))

    return answer


def limits(config: ServerConfig) -> dict[str, Any]:
    """Return the body of ``GET /limits``: sizes are bytes, durations are seconds.

    It tells what a client would find out by trying, and nothing of how much the server is used.
    """
    return {
        "features": {
            "hub": config.is_hub,
            "iceServers": bool(config.client_ice_servers),
            "resumeKeys": True,
            "tokens": _tokens(config),
        },
        "limits": {
            "messageSize": config.max_message_size,
            "announceSize": config.max_announce_size,
            "namespaceLength": config.max_namespace_length,
            "introductions": config.discovery_limit,
            "signalLifetime": config.signal_lifetime,
            "pingInterval": config.cleanup_interval,
            "peerTimeout": config.peer_timeout,
        },
    }


def _tokens(config: ServerConfig) -> str:
    """Return whether a client shows a token: ``none``, ``optional`` or ``required``."""
    if not config.token_keys:
        return "none"
    return "optional" if config.admits_without_token else "required"
