"""The options that only hubs have, in groups as people see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.config.quantities import MIB, Bytes, Seconds

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Mesh:
    """The mesh."""

    is_hub: bool = False
    """Join other hubs (``peerpigeon hub``)."""

    hub_peer_id: PeerId | None = field(
        default=None, metadata={"variable": "HUB_ID", "unset": "a random one"}
    )
    """This hub's own id, 40 hex digits."""

    hub_mesh_namespace: str = "pigeonhub-mesh"
    """The reserved namespace in which hubs meet."""

    bootstrap_hubs: tuple[str, ...] = field(
        default=(), metadata={"unset": "the one at port 3000 of this machine"}
    )
    """WebSocket addresses of hubs to start from, comma-separated."""

    bootstrap_dns: tuple[str, ...] = field(default=(), metadata={"unset": "none"})
    """Names, comma-separated, NAME or NAME:PORT, of which each IPv4 and IPv6 address is a hub to
    start from, looked up again and again; the port is this hub's own if none is named."""

    hub_ca: str = field(default="", metadata={"unset": "only those of the system"})
    """File with certificates, in PEM form, of authorities that are trusted besides the system's
    when hubs are dialled at wss://. Read again when it changes, and on SIGHUP."""

    auto_connect: bool = True
    """Dial the bootstrap hubs when the hub starts."""

    reconnect_interval: Seconds = 5.0
    """Wait before a lost bootstrap hub is dialled again."""

    max_reconnect_attempts: int = 10
    """Quick attempts in a row before dialling only slowly."""

    advertise: tuple[str, ...] = field(default=(), metadata={"unset": "where it listens"})
    """WebSocket addresses under which other hubs can dial this one, comma-separated."""

    dial_private: str = field(default="auto", metadata={"choices": ("auto", "yes", "no")})
    """Whether a hub dials addresses of private networks that other hubs tell: yes, no, or auto (yes
    if what it starts from, advertises or listens at is in one)."""

    hub_mesh_min_peers: int = 2
    """Fewest hub links with which the mesh counts as ready."""

    hub_mesh_max_peers: int = 3
    """Most links kept to other hubs."""

    mesh_migration_delay: Seconds = 10.0
    """From a ready mesh to closing the WebSockets between hubs."""

    rebalance: bool = False
    """Let some clients go, gently, when this hub has far more than the others; clients come back
    to whatever hub they are led to. To be set for all hubs of a mesh."""

    heartbeat_interval: Seconds = 1.0
    """How often hubs show each other that they live; three missed end a link."""

    max_link_outbox_size: Bytes = 16 * MIB
    """How much may wait for another hub before some of it is left to be sent again."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class MeshAccess:
    """Which hubs may join."""

    hub_secret: str = field(default="", repr=False)
    """What all hubs of the mesh know and nobody else does."""

    old_hub_secret: str = field(default="", repr=False)
    """A second secret, by which hubs may prove themselves too: the one before, while hubs are given
    a new ``hub_secret`` one after the other."""

    hub_identity: str = field(default="", metadata={"unset": "none"})
    """File with this hub's private key, which gives it its id; made if there is none. In its mesh
    all hubs have one, so that none can speak for another."""

    hub_members: tuple[str, ...] = field(default=(), metadata={"unset": "all with an identity"})
    """Ids of the hubs that are let in, comma-separated; they have the ``hub_secret`` too, if there
    is one."""

    open_mesh: bool = False
    """Let any program be a hub of the mesh that reaches it, without ``hub_secret``."""

    reference_hubs: str = field(default="auto", metadata={"choices": ("auto", "yes", "no")})
    """Whether hubs of the npm package may link up, and then speak for their clients: yes, no,
    or auto (yes if all is on the loopback, with neither ``hub_secret`` nor ``hub_identity``)."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class WebRTC:
    """Links between hubs by WebRTC."""

    webrtc_engine: str = field(
        default="auto",
        metadata={"choices": ("auto", "builtin", "aiortc", "libdatachannel", "none")},
    )
    """What makes data channels to other hubs: builtin (auto is the same), aiortc or libdatachannel
    if they are installed, or none for links by WebSocket only."""

    ice_servers: tuple[str, ...] = field(
        default=(), repr=False, metadata={"unset": "none", "secret_mark": "@"}
    )
    """STUN and TURN servers for links between hubs, comma-separated: stun:HOST:PORT,
    turn:USER:PASSWORD@HOST:PORT."""

    udp_ports: str = field(default="", metadata={"unset": "any free ones"})
    """UDP ports for links between hubs, as 40000-40100."""

    public_address: str = field(default="", metadata={"unset": "none"})
    """IP address under which the UDP ports are reached from outside, if a router passes them on
    unchanged."""
