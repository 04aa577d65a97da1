"""Every limit and every duration of a server, each with its reason, and their validation."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from peerpigeon.core.ids import PeerId, parse_peer_id
from peerpigeon.core.quantities import KIB, MIB, ConfigError, parse_value

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 3000
SECRET_LENGTH = 16
"""Characters that nobody guesses."""

GLOBAL_NAMESPACE = "global"
"""Where a client lives that names no namespace."""


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """The options of one server or hub. Durations are seconds, sizes are bytes.

    Raises ``ConfigError`` when built with an option out of range (S28).
    """

    port: int = field(default=DEFAULT_PORT, metadata={"help": "TCP port; 0 takes any free one"})
    host: str = field(default="localhost", metadata={"help": "address to listen on"})
    max_port_retries: int = field(
        default=10, metadata={"help": "how many ports after `port` to try when it is taken"}
    )
    cors_origin: str = field(
        default="*",
        metadata={
            "help": "web origins that browsers may come from, comma-separated; `*` allows all"
        },
    )
    verbose_logging: bool = field(
        default=False, metadata={"help": "log what each client does, not only the server"}
    )

    demo: bool | None = field(
        default=None,
        metadata={
            "unit": "switch",
            "help": "serve the page /demo, and tell addresses of hubs under /mesh; if not set, only"
            " a server does that listens on the loopback",
        },
    )

    max_connections: int = field(
        default=1000, metadata={"help": "how many clients may be connected at once"}
    )
    max_message_size: int = field(
        default=MIB, metadata={"unit": "bytes", "help": "largest message taken from a client"}
    )
    max_announce_size: int = field(
        default=16 * KIB,
        metadata={
            "unit": "bytes",
            "help": "largest `data` of an announce; it is kept, and sent to every new neighbour",
        },
    )
    max_namespace_length: int = field(
        default=128, metadata={"help": "longest name of a namespace, in characters"}
    )
    max_outbox_size: int = field(
        default=4 * MIB,
        metadata={
            "unit": "bytes",
            "help": "how much may wait for a client that reads slowly before it is closed",
        },
    )
    discovery_limit: int = field(
        default=128,
        metadata={
            "help": "how many peers a newcomer is introduced to; in smaller namespaces to everyone"
        },
    )

    signal_lifetime: float = field(
        default=10.0,
        metadata={
            "unit": "seconds",
            "help": "how long a signal for a client at another hub is tried before its sender is"
            " told that it failed",
        },
    )

    cleanup_interval: float = field(
        default=30.0,
        metadata={"unit": "seconds", "help": "a client silent for this long is sent a ping"},
    )
    peer_timeout: float = field(
        default=300.0,
        metadata={"unit": "seconds", "help": "a client that answers nothing this long is dropped"},
    )
    takeover_timeout: float = field(
        default=2.0,
        metadata={
            "unit": "seconds",
            "help": "how long an open socket has to answer a ping when its peer id connects again",
        },
    )
    handshake_timeout: float = field(
        default=10.0,
        metadata={"unit": "seconds", "help": "time for a new connection to send its request"},
    )
    close_timeout: float = field(
        default=5.0,
        metadata={"unit": "seconds", "help": "time for a client to answer our close frame"},
    )

    is_hub: bool = field(default=False, metadata={"help": "join other hubs (`peerpigeon hub`)"})
    hub_peer_id: PeerId | None = field(
        default=None,
        metadata={"env": "HUB_ID", "help": "this hub's own id, 40 hex digits; else a random one"},
    )
    hub_mesh_namespace: str = field(
        default="pigeonhub-mesh", metadata={"help": "the reserved namespace in which hubs meet"}
    )
    hub_secret: str = field(
        default="",
        repr=False,
        metadata={
            "help": "what all hubs of the mesh know and nobody else does; best set by the"
            " environment, as other users of a machine can read command lines"
        },
    )
    open_mesh: bool = field(
        default=False,
        metadata={
            "help": "let any program be a hub of the mesh that reaches it, without `hub_secret`"
        },
    )
    reference_hubs: str = field(
        default="auto",
        metadata={
            "help": "whether hubs of the npm package may link up, and then speak for their clients:"
            " yes, no, or auto (yes if all is on the loopback, and there is no `hub_secret`)"
        },
    )
    bootstrap_hubs: tuple[str, ...] = field(
        default=(), metadata={"help": "WebSocket addresses of hubs to start from, comma-separated"}
    )
    auto_connect: bool = field(
        default=True, metadata={"help": "whether a hub dials its bootstrap hubs when it starts"}
    )
    reconnect_interval: float = field(
        default=5.0,
        metadata={"unit": "seconds", "help": "wait before a lost bootstrap hub is dialled again"},
    )
    max_reconnect_attempts: int = field(
        default=10, metadata={"help": "quick attempts in a row before dialling only slowly"}
    )
    hub_mesh_min_peers: int = field(
        default=2, metadata={"help": "fewest hub links with which the mesh counts as ready"}
    )
    hub_mesh_max_peers: int = field(default=3, metadata={"help": "most links kept to other hubs"})
    advertise: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "WebSocket addresses under which other hubs can dial this one, comma-separated;"
            " else the one it listens at"
        },
    )
    max_link_outbox_size: int = field(
        default=16 * MIB,
        metadata={
            "unit": "bytes",
            "help": "how much may wait for another hub before some of it is left to be sent again",
        },
    )
    webrtc_engine: str = field(
        default="auto",
        metadata={
            "help": "what makes data channels to other hubs: aiortc, libdatachannel, auto for the"
            " fastest one installed, or none for links by WebSocket only"
        },
    )
    ice_servers: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "STUN and TURN servers for links between hubs, comma-separated:"
            " stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT"
        },
    )
    udp_ports: str = field(
        default="",
        metadata={"help": "UDP ports for links between hubs, as 40000-40100; else any free ones"},
    )
    public_address: str = field(
        default="",
        metadata={
            "help": "IP address under which the UDP ports are reached from outside, if a router"
            " passes them on unchanged"
        },
    )
    heartbeat_interval: float = field(
        default=1.0,
        metadata={
            "unit": "seconds",
            "help": "how often hubs show each other that they live; three missed end a link",
        },
    )
    mesh_migration_delay: float = field(
        default=10.0,
        metadata={
            "unit": "seconds",
            "help": "from a ready mesh to closing the WebSockets between hubs",
        },
    )

    def __post_init__(self) -> None:
        """Refuse what cannot work, before a socket is opened."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} is {value!r}; it must be between {low} and {high}")
        for name in ("host", "cors_origin", "hub_mesh_namespace"):
            if not getattr(self, name).strip():
                raise ConfigError(f"{name} is empty; give a value or leave it out")
        self._check_together()

        if self.reference_hubs not in ("auto", "yes", "no"):
            raise ConfigError(f"reference_hubs is {self.reference_hubs!r}; write auto, yes or no")
        self._check_together()
        self._check_secret()

    def _check_secret(self) -> None:
        if self.hub_secret and len(self.hub_secret) < SECRET_LENGTH:
            raise ConfigError(
                f"hub_secret has {len(self.hub_secret)} characters; use {SECRET_LENGTH} or more,"
                " such as what `openssl rand -hex 32` prints"
            )
        if self.is_hub and not (self.hub_secret or self.open_mesh or self.is_local):
            raise ConfigError(
                f"a hub at {self.host} can be reached from other machines, and anybody could join"
                " its mesh as a hub; give all hubs the same hub_secret (HUB_SECRET), or say"
                " open_mesh (OPEN_MESH, --open-mesh) if that is what you want"
            )

    def _check_together(self) -> None:
        if self.hub_mesh_min_peers > self.hub_mesh_max_peers:
            raise ConfigError(
                f"hub_mesh_min_peers ({self.hub_mesh_min_peers}) is above hub_mesh_max_peers"
                f" ({self.hub_mesh_max_peers}); a hub could never become ready"
            )
        if self.cleanup_interval >= self.peer_timeout:
            raise ConfigError(
                f"cleanup_interval ({self.cleanup_interval}) must be below peer_timeout"
                f" ({self.peer_timeout}); no ping would be sent before a client is dropped"
            )
        if self.max_announce_size > self.max_message_size:
            raise ConfigError(
                f"max_announce_size ({self.max_announce_size}) is above max_message_size"
                f" ({self.max_message_size}); no announce could be that large"
            )
        if self.max_message_size > self.max_outbox_size:
            raise ConfigError(
                f"max_message_size ({self.max_message_size}) is above max_outbox_size"
                f" ({self.max_outbox_size}); one message would close its receiver"
            )
        if self.hub_peer_id is not None and parse_peer_id(self.hub_peer_id) is None:
            raise ConfigError(f"hub_peer_id is {self.hub_peer_id!r}; it must be 40 hex digits")
        if len(self.hub_mesh_namespace) > self.max_namespace_length:
            raise ConfigError(
                f"hub_mesh_namespace has {len(self.hub_mesh_namespace)} characters; at most"
                f" {self.max_namespace_length} (max_namespace_length) are allowed"
            )
        for name in ("bootstrap_hubs", "advertise"):
            for uri in getattr(self, name):
                check_hub_uri(uri, name)

    @property
    def is_local(self) -> bool:
        """Whether nobody but programs on this machine can reach the server by itself."""
        return is_loopback(self.host)

    @property
    def is_open(self) -> bool:
        """Whether a hub at another machine may join the mesh without a secret."""
        may_be_reached = not self.is_local or bool(self.advertise)
        return self.is_hub and not self.hub_secret and may_be_reached

    @property
    def allowed_origins(self) -> frozenset[str] | None:
        """The web origins that may connect, or ``None`` if all may."""
        origins = frozenset(part.strip() for part in self.cors_origin.split(",") if part.strip())
        return None if "*" in origins else origins

    def listening_at(self, port: int, address: str) -> ServerConfig:
        """Return these options completed by where this hub has come to listen.

        ``address`` is one of this machine's at which others reach it. Without ``bootstrap_hubs``,
        a hub that is not at port 3000 starts from the one that is (S7).
        """
        start = (f"ws://{address}:{DEFAULT_PORT}",) if port != DEFAULT_PORT else ()
        return replace(
            self,
            port=port,
            advertise=self.advertise or (f"ws://{address}:{port}",),
            bootstrap_hubs=self.bootstrap_hubs or start,
        )

    @property
    def serves_demo(self) -> bool:
        """Whether there is a page to try the server with, and what that page needs."""
        return self.is_local if self.demo is None else self.demo

    @property
    def welcomes_reference_hubs(self) -> bool:
        """Whether a client that says it is a hub of the npm package is believed.

        It then speaks for others, and the package has no way to prove who it is. Where a mesh is
        on one machine and wants no proof of anybody, that is let pass.
        """
        if not self.is_hub or self.reference_hubs == "no":
            return False
        hosts = [self.host, *(match[1] for uri in self.advertise if (match := _HOST.match(uri)))]
        is_harmless = all(map(is_loopback, hosts)) and not self.hub_secret
        return self.reference_hubs == "yes" or is_harmless

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None
    ) -> ServerConfig:
        """Build a config from environment variables (S10), then ``overrides`` by option name.

        A variable is the option's name in capitals, but for ``HUB_ID`` (``hub_peer_id``). An empty
        variable counts as not set. Raises ``ConfigError`` for a text that is no such value.
        """
        texts = {name: environ.get(variable, "") for name, variable in variables().items()}
        texts.update(overrides or {})
        return cls(**{name: parse_option(name, text) for name, text in texts.items() if text})


_HOST = re.compile(r"wss?://\[?([^/?\]]+?)\]?(?::[0-9]+)?(?:[/?]|$)")


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_hub_uri(uri: str, name: str) -> None:
    """Raise ``ConfigError`` if ``uri``, a value of ``name``, is no address of a hub."""
    if not re.fullmatch(r"wss?://[^/?#\s]+[^#\s]*", uri):
        raise ConfigError(f"{name} has {uri!r}; write it as ws://host:port or wss://host:port")


_LARGE = 2**31 - 1
_YEAR = 365 * 86400.0

_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65535),
    "max_port_retries": (0, 65535),
    "max_connections": (1, _LARGE),
    "max_message_size": (KIB, _LARGE),
    "max_announce_size": (64, _LARGE),
    "max_namespace_length": (1, 4096),
    "max_outbox_size": (64 * KIB, _LARGE),
    "max_link_outbox_size": (64 * KIB, _LARGE),
    "discovery_limit": (1, 65536),
    "signal_lifetime": (0.1, 3600.0),
    "cleanup_interval": (0.01, _YEAR),
    "peer_timeout": (0.02, _YEAR),
    "takeover_timeout": (0.01, 60.0),
    "handshake_timeout": (0.01, 3600.0),
    "close_timeout": (0.01, 3600.0),
    "reconnect_interval": (0.01, _YEAR),
    "max_reconnect_attempts": (0, _LARGE),
    "hub_mesh_min_peers": (1, 1000),
    "hub_mesh_max_peers": (2, 1000),
    "heartbeat_interval": (0.01, 60.0),
    "mesh_migration_delay": (0.0, _YEAR),
}


def variables() -> dict[str, str]:
    """Return each option's name with the environment variable that sets it."""
    return {f.name: f.metadata.get("env", f.name.upper()) for f in fields(ServerConfig)}


def parse_option(name: str, text: str) -> Any:  # noqa: ANN401 - each option has its own type
    """Return the value that ``text`` (from the environment or a command line) gives an option.

    Raises ``ConfigError`` if the text is no such value.
    """
    return parse_value({f.name: f for f in fields(ServerConfig)}[name], text)
