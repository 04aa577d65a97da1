"""Makes the WebRTC engine, and its options, from the options of a server."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from peerpigeon.core.quantities import ConfigError
from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions, IceServer
from peerpigeon.rtc.interface import EngineError

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.rtc.interface import Engine

logger = logging.getLogger(__name__)

ENGINES = ("auto", "aiortc", "libdatachannel", "none")


def ice_options(config: ServerConfig) -> IceOptions:
    """Return what ``config`` says of the way through the network.

    Raises ``ConfigError`` for what cannot be used.
    """
    if config.webrtc_engine not in ENGINES:
        raise ConfigError(f"webrtc_engine is {config.webrtc_engine!r}; there are {_list(ENGINES)}")
    servers = [_parse_server(text) for text in config.ice_servers]
    try:
        return IceOptions(
            stun_servers=tuple(server for server in servers if not server.is_relay),
            turn_servers=tuple(server for server in servers if server.is_relay),
            port_range=_parse_ports(config.udp_ports),
            advertised_address=config.public_address or None,
            # A hub that listens on the loopback has no hub elsewhere to link to, unless a proxy
            # makes it public.
            loopback_only=config.is_local and not config.advertise,
        )
    except ValueError as error:
        raise ConfigError(f"udp_ports or public_address cannot be used: {error}") from None


def engine_for(config: ServerConfig, ice: IceOptions) -> Engine | None:
    """Return the engine for a server; ``None`` if it is to have none, or can have none.

    Raises ``ConfigError`` if the engine it names is not installed.
    """
    if not config.is_hub or config.webrtc_engine == "none":
        return None
    try:
        return make_engine(config.webrtc_engine, ice)
    except EngineError as error:
        if config.webrtc_engine != "auto":
            raise ConfigError(f"webrtc_engine is {config.webrtc_engine}, but {error}") from None
        logger.warning("links between hubs are WebSockets only: %s", error)
        return None


def _parse_server(text: str) -> IceServer:
    try:
        return IceServer.parse(text)
    except ValueError as error:
        raise ConfigError(f"ice_servers: {error}") from None


def _parse_ports(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", text.strip())
    if match is None:
        raise ConfigError(f"udp_ports is {text!r}; write the first and the last, as 40000-40100")
    return int(match[1]), int(match[2])


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)
