"""The options of one server or hub, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.config.quantities import KIB, MIB, Bytes, Seconds

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

DEFAULT_PORT = 3000

GLOBAL_NAMESPACE = "global"
"""Where a client lives that names no namespace."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one server or hub, unchecked. Durations are seconds, sizes are bytes."""

    port: int = DEFAULT_PORT
    """TCP port; 0 takes any free one."""

    host: str = "localhost"
    """Where to listen: a name, of which each address is served, an IP address, or several with
    commas; 0.0.0.0 is all IPv4 addresses of the machine, :: all IPv6 and IPv4 ones."""

    max_port_retries: int | None = None
    """How many ports after ``port`` to try when it is taken; if not set, 10 on the loopback, and
    none where others would go on asking at ``port``."""

    cors_origin: str = "*"
    """Web origins that browsers may come from, comma-separated, ``https://*.example.org`` for all
    below a name; ``*`` allows all."""

    allowed_hosts: tuple[str, ...] = ()
    """Names by which the server may be addressed (the header Host), comma-separated,
    ``*.example.org`` for all below a name; ``*`` allows all. If not set, a server that listens on
    the loopback answers to names of the loopback and to those it advertises, another one to all."""

    token_keys: str = ""
    """File with the public keys of tokens, a JWK set (RFC 7517); read again when it changes. With
    it, clients show a token to enter a namespace, unless ``namespace_access`` says otherwise."""

    token_audience: str = ""
    """What tokens have to name as their audience (``aud``); else they have none."""

    token_issuer: str = ""
    """What tokens have to name as their issuer (``iss``); else any."""

    namespace_access: tuple[str, ...] = ()
    """Who may enter which namespace, comma-separated, the first that fits counts: lobby=open for
    every client, room-*=token for those whose token names it, old-*=closed for nobody. What is not
    named takes a token if there are ``token_keys``, else it is open."""

    verbose_logging: bool = False
    """Log what each client does, not only the server."""

    demo: bool | None = None
    """Serve the page /demo; if not set, only a server does that is for its own machine: it listens
    on the loopback, and advertises and answers to no other name."""

    show_details: bool | None = None
    """Tell all who ask how the server is: counts, memory and version under /health, and the hubs
    under /hubs and /mesh; if not set, those who ask from its own machine."""

    max_connections: int = 1000
    """How many clients may be connected at once."""

    max_connections_per_address: int | None = None
    """How many of these may come from one IP address, or from one /64 of IPv6; if not set, a
    quarter, or half if that is no more than 100. This machine may have all."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (10.0.0.0/8) of proxies, comma-separated, that tell in
    X-Forwarded-For or Forwarded where a client comes from."""

    max_message_size: Bytes = MIB
    """Largest message taken from a client."""

    max_announce_size: Bytes = 16 * KIB
    """Largest ``data`` of an announce; it is kept, and sent to every new neighbour."""

    max_namespace_length: int = 128
    """Longest name of a namespace, in characters."""

    max_outbox_size: Bytes = 4 * MIB
    """How much may wait for a client that reads slowly before it is closed."""

    max_memory: Bytes | None = None
    """How much may be kept of messages that are not whole, and of all that waits for somebody; if
    not set, a quarter of what the machine has, at least 128 MiB and at most 1 GiB."""

    discovery_limit: int = 128
    """How many peers a newcomer is introduced to; in smaller namespaces to everyone."""

    signal_lifetime: Seconds = 10.0
    """How long a signal for a client at another hub is tried before its sender is told that it
    failed."""

    cleanup_interval: Seconds = 30.0
    """How often each client is sent a ping, silent or not; keep it below the time-outs of proxies
    on the way, of which 50 seconds are common."""

    peer_timeout: Seconds = 300.0
    """A client that answers nothing this long is dropped."""

    takeover_timeout: Seconds = 2.0
    """How long an open socket has to answer a ping when its peer id connects again, or somebody
    wants its place at a full server."""

    handshake_timeout: Seconds = 10.0
    """Time for a new connection to send its request."""

    close_timeout: Seconds = 5.0
    """Time for a client to answer our close frame."""

    is_hub: bool = False
    """Join other hubs (``peerpigeon hub``)."""

    hub_peer_id: PeerId | None = field(default=None, metadata={"variable": "HUB_ID"})
    """This hub's own id, 40 hex digits; else a random one."""

    hub_mesh_namespace: str = "pigeonhub-mesh"
    """The reserved namespace in which hubs meet."""

    hub_secret: str = field(default="", repr=False)
    """What all hubs of the mesh know and nobody else does; best set by the environment, as
    other users of a machine can read command lines."""

    old_hub_secret: str = field(default="", repr=False)
    """A second secret, by which hubs may prove themselves too: the one before, while hubs are given
    a new ``hub_secret`` one after the other."""

    hub_identity: str = ""
    """File with this hub's private key, which gives it its id; made if there is none. In its mesh
    all hubs have one, so that none can speak for another."""

    hub_members: tuple[str, ...] = ()
    """Ids of the hubs that are let in, comma-separated; if not set, all that have an identity, and
    the ``hub_secret`` if there is one."""

    open_mesh: bool = False
    """Let any program be a hub of the mesh that reaches it, without ``hub_secret``."""

    reference_hubs: str = "auto"
    """Whether hubs of the npm package may link up, and then speak for their clients: yes, no,
    or auto (yes if all is on the loopback, with neither ``hub_secret`` nor ``hub_identity``)."""

    bootstrap_hubs: tuple[str, ...] = ()
    """WebSocket addresses of hubs to start from, comma-separated."""

    bootstrap_dns: tuple[str, ...] = ()
    """Names, comma-separated, NAME or NAME:PORT, of which each IPv4 and IPv6 address is a hub to
    start from, looked up again and again; the port is this hub's own if none is named."""

    dial_private: str = "auto"
    """Whether a hub dials addresses of private networks that other hubs tell: yes, no, or auto (yes
    if what it starts from, advertises or listens at is in one)."""

    auto_connect: bool = True
    """Dial the bootstrap hubs when the hub starts."""

    reconnect_interval: Seconds = 5.0
    """Wait before a lost bootstrap hub is dialled again."""

    max_reconnect_attempts: int = 10
    """Quick attempts in a row before dialling only slowly."""

    hub_mesh_min_peers: int = 2
    """Fewest hub links with which the mesh counts as ready."""

    hub_mesh_max_peers: int = 3
    """Most links kept to other hubs."""

    advertise: tuple[str, ...] = ()
    """WebSocket addresses under which other hubs can dial this one, comma-separated; else the
    one it listens at."""

    max_link_outbox_size: Bytes = 16 * MIB
    """How much may wait for another hub before some of it is left to be sent again."""

    webrtc_engine: str = "auto"
    """What makes data channels to other hubs: aiortc, libdatachannel, auto for the fastest one
    installed, or none for links by WebSocket only."""

    ice_servers: tuple[str, ...] = field(default=(), repr=False)
    """STUN and TURN servers for links between hubs, comma-separated: stun:HOST:PORT,
    turn:USER:PASSWORD@HOST:PORT."""

    udp_ports: str = ""
    """UDP ports for links between hubs, as 40000-40100; else any free ones."""

    public_address: str = ""
    """IP address under which the UDP ports are reached from outside, if a router passes them on
    unchanged."""

    heartbeat_interval: Seconds = 1.0
    """How often hubs show each other that they live; three missed end a link."""

    mesh_migration_delay: Seconds = 10.0
    """From a ready mesh to closing the WebSockets between hubs."""
