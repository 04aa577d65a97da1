"""Makes the WebRTC engine, and its options, from the options of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config import ConfigError
from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions
from peerpigeon.rtc.interface import EngineError

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.rtc.interface import Engine


def ice_options(config: ServerConfig) -> IceOptions:
    """Return what ``config`` says of the way through the network."""
    servers = config.parsed_ice_servers
    return IceOptions(
        stun_servers=tuple(server for server in servers if not server.is_relay),
        turn_servers=tuple(server for server in servers if server.is_relay),
        port_range=config.udp_port_range,
        advertised_address=config.public_address or None,
        # A hub that listens on the loopback has no hub elsewhere to link to, unless a proxy
        # makes it public.
        loopback_only=config.is_local and not config.advertise,
    )


def engine_for(config: ServerConfig) -> Engine | None:
    """Return the engine for a server; ``None`` if it is to have none.

    Raises ``ConfigError`` if the engine it names is not installed.
    """
    if not config.is_hub or config.webrtc_engine == "none":
        return None
    try:
        return make_engine(config.webrtc_engine, ice_options(config))
    except EngineError as error:
        raise ConfigError(f"webrtc_engine is {config.webrtc_engine}, but {error}") from None
