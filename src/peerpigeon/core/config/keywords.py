"""The options as keywords, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from peerpigeon.core.config.quantities import Bytes, Seconds
    from peerpigeon.core.ids import PeerId


class ServerOptions(TypedDict, total=False):
    """The keywords that ``PeerPigeonServer`` takes (PEP 692); ``Options`` says what each is."""

    port: int
    host: str
    max_port_retries: int | None
    uds: str
    tls_cert: str
    tls_key: str
    cors_origin: str
    allowed_hosts: tuple[str, ...]
    token_keys: str
    token_audience: str
    token_issuer: str
    namespace_access: tuple[str, ...]
    dialects: tuple[str, ...]
    client_ice_servers: tuple[str, ...]
    turn_secret: str
    turn_lifetime: Seconds
    turn_namespaces: tuple[str, ...]
    log_level: str
    verbose_logging: bool
    trace_every: int
    demo: bool | None
    show_details: bool | None
    max_connections: int
    max_connections_per_address: int | None
    path_prefix: str
    admin_port: int | None
    admin_host: str
    trusted_proxies: tuple[str, ...]
    max_message_size: Bytes
    max_announce_size: Bytes
    max_namespace_length: int
    max_outbox_size: Bytes
    max_memory: Bytes | None
    discovery_limit: int
    signal_lifetime: Seconds
    cleanup_interval: Seconds
    peer_timeout: Seconds
    takeover_timeout: Seconds
    handshake_timeout: Seconds
    close_timeout: Seconds
    drain_time: Seconds
    is_hub: bool
    hub_peer_id: PeerId | None
    hub_mesh_namespace: str
    hub_secret: str
    old_hub_secret: str
    hub_identity: str
    hub_members: tuple[str, ...]
    open_mesh: bool
    reference_hubs: str
    bootstrap_hubs: tuple[str, ...]
    bootstrap_dns: tuple[str, ...]
    hub_ca: str
    dial_private: str
    auto_connect: bool
    reconnect_interval: Seconds
    max_reconnect_attempts: int
    hub_mesh_min_peers: int
    hub_mesh_max_peers: int
    advertise: tuple[str, ...]
    max_link_outbox_size: Bytes
    webrtc_engine: str
    ice_servers: tuple[str, ...]
    udp_ports: str
    public_address: str
    heartbeat_interval: Seconds
    mesh_migration_delay: Seconds
    rebalance: bool
