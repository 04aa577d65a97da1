"""The options of one server or hub, each with its reason, in groups as people see them.

A new option is a field of one of the groups, and a line in ``keywords.py`` for type checkers: its
flag, its variable, its key in a file, its row in ``docs/configuration.md`` and what ``--help`` says
come of the field and of the text under it. A text that begins with "File" tells that the value
names one. ``repr=False`` marks what is secret. ``metadata`` may have the name of the variable,
if that is no ``name`` in capitals, the ``choices``, if there are few, and ``unset``: what holds
where nothing is said and the default does not say it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from peerpigeon.core.config.dialects import DIALECTS
from peerpigeon.core.config.hub_options import Mesh, MeshAccess, WebRTC
from peerpigeon.core.config.quantities import KIB, MIB, Bytes, Seconds

DEFAULT_PORT = 3000

GLOBAL_NAMESPACE = "global"
"""Where a client lives that names no namespace."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Listening:
    """Listening."""

    port: int = DEFAULT_PORT
    """TCP port; 0 takes any free one."""

    host: str = "localhost"
    """Where to listen: a name, of which each address is served, an IP address, or several with
    commas; 0.0.0.0 is all IPv4 addresses of the machine, :: all IPv6 and IPv4 ones."""

    max_port_retries: int | None = field(
        default=None, metadata={"unset": "10 on the loopback, else none"}
    )
    """How many ports after ``port`` to try when it is taken; none by itself where others would go
    on asking at ``port``."""

    path_prefix: str = field(default="", metadata={"unset": "none"})
    """Path below which all is served, as /signal, where a proxy passes on this path unchanged; all
    else is not found."""

    admin_port: int | None = field(default=None, metadata={"unset": "none"})
    """A second TCP port, of pages alone: all of them, and those that change something; 0 takes any
    free one. Whoever reaches it is trusted with the server."""

    admin_host: str = "localhost"
    """Where the second port listens, as ``host``."""

    trusted_proxies: tuple[str, ...] = field(default=(), metadata={"unset": "none"})
    """Addresses or networks (10.0.0.0/8) of proxies, comma-separated, that tell in
    X-Forwarded-For or Forwarded where a client comes from; unix: for what connects to a Unix
    socket."""

    uds: str = field(default="", metadata={"unset": "a port"})
    """Path of a Unix socket to listen at instead of ``host`` and ``port``, for a proxy on the same
    machine. Its file is for this user and its group; one that is left over is replaced."""

    tls_cert: str = field(default="", metadata={"unset": "no TLS"})
    """File with the server's certificate and those it was signed by, in PEM form; with it the
    server speaks TLS: https:// and wss://. Read again when it changes, and on SIGHUP."""

    tls_key: str = field(default="", metadata={"unset": "no TLS"})
    """File with the private key of ``tls_cert``, in PEM form, not encrypted."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Access:
    """Who may come in."""

    cors_origin: str = "*"
    """Web origins that browsers may come from, comma-separated, ``https://*.example.org`` for all
    below a name; ``*`` allows all."""

    allowed_hosts: tuple[str, ...] = field(
        default=(),
        metadata={"unset": "on the loopback its names and those advertised, else all"},
    )
    """Names by which the server may be addressed (the header Host), comma-separated,
    ``*.example.org`` for all below a name; ``*`` allows all."""

    token_keys: str = field(default="", metadata={"unset": "no tokens"})
    """File with the public keys of tokens, a JWK set (RFC 7517); read again when it changes. With
    it, clients show a token to enter a namespace, unless ``namespace_access`` says otherwise."""

    token_audience: str = field(default="", metadata={"unset": "they have none"})
    """What tokens have to name as their audience (``aud``)."""

    token_issuer: str = field(default="", metadata={"unset": "any"})
    """What tokens have to name as their issuer (``iss``)."""

    namespace_access: tuple[str, ...] = field(default=(), metadata={"unset": "*=open"})
    """Who may enter which namespace, comma-separated, the first that fits counts: lobby=open for
    every client, room-*=token for those whose token names it, old-*=closed for nobody. What is not
    named takes a token if there are ``token_keys``, else it is open."""

    dialects: tuple[str, ...] = DIALECTS
    """Which clients of other kinds are served, each at a path of its name, comma-separated; none
    for none of them."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class ClientRelays:
    """STUN and TURN servers for clients."""

    client_ice_servers: tuple[str, ...] = field(default=(), metadata={"unset": "none"})
    """Servers that clients are told of under /ice-servers, comma-separated: stun:HOST:PORT,
    turn:HOST:PORT, turns:HOST:PORT, the last two perhaps with ?transport=tcp."""

    turn_secret: str = field(default="", repr=False)
    """What the TURN servers among them know as their static-auth-secret (coturn), by which clients
    are given credentials for a while."""

    turn_lifetime: Seconds = 3600.0
    """How long such credentials count. A connection that is open then may be cut by its TURN
    server."""

    turn_namespaces: tuple[str, ...] = field(default=(), metadata={"unset": "all"})
    """Namespaces whose clients are given them, comma-separated; room-* for all that begin so."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Limits:
    """Limits."""

    max_connections: int = 1000
    """How many clients may be connected at once."""

    max_connections_per_address: int | None = field(
        default=None, metadata={"unset": "a quarter, or half if that is no more than 100"}
    )
    """How many of these may come from one IP address, or from one /64 of IPv6. This machine may
    have all."""

    max_message_size: Bytes = MIB
    """Largest message taken from a client."""

    max_announce_size: Bytes = 16 * KIB
    """Largest ``data`` of an announce; it is kept, and sent to every new neighbour."""

    max_namespace_length: int = 128
    """Longest name of a namespace, in characters."""

    max_outbox_size: Bytes = 4 * MIB
    """How much may wait for a client that reads slowly before it is closed."""

    max_memory: Bytes | None = field(
        default=None,
        metadata={"unset": "a quarter of the machine's memory, 128 MiB to 1 GiB"},
    )
    """How much may be kept of messages that are not whole, and of all that waits for somebody."""

    discovery_limit: int = 128
    """How many peers a newcomer is introduced to; in smaller namespaces to everyone."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Times:
    """Times for clients."""

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

    drain_time: Seconds = 5.0
    """How long a server that is asked to end (SIGTERM) takes to let its clients go, one after the
    other, so that they do not all come to the others at once; 0 for all at once."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Operation:
    """Operation."""

    log_level: str = field(
        default="info", metadata={"choices": ("debug", "info", "warning", "error")}
    )
    """Least weight of the lines in the log: debug also has what each client does, and each that is
    refused."""

    verbose_logging: bool = False
    """What the npm package calls ``log_level`` debug."""

    trace_every: int = field(default=0, metadata={"unset": "none"})
    """Of how many signals to other hubs one is traced, by chance, 1 for all. Each hub on its way
    that has this option sends spans by OpenTelemetry, which is the extra otel, to where
    ``OTEL_EXPORTER_OTLP_ENDPOINT`` says."""

    demo: bool | None = field(default=None, metadata={"unset": "if it is for its own machine"})
    """Serve the page /demo. A server is for its own machine that listens on the loopback, and
    advertises and answers to no other name."""

    show_details: bool | None = field(default=None, metadata={"unset": "to its own machine"})
    """Tell all who ask how the server is: counts, memory and version under /health, and the hubs
    under /hubs and /mesh."""


OF_EVERY_SERVER = (Listening, Access, ClientRelays, Limits, Times, Operation)
OF_HUBS = (Mesh, MeshAccess, WebRTC)
GROUPS = OF_EVERY_SERVER + OF_HUBS
"""All groups, in the order in which they are shown."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Options(Listening, Access, ClientRelays, Limits, Times, Operation, Mesh, MeshAccess, WebRTC):
    """The options of one server or hub, unchecked. Durations are seconds, sizes are bytes.

    Each is declared in one of ``GROUPS``.
    """
