"""``ServerConfig``: options that can work together, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from peerpigeon.core.config.addresses import (
    host_of,
    hosts_in,
    in_uri,
    name_here,
)
from peerpigeon.core.config.checks import check
from peerpigeon.core.config.checks_together import is_local, least_memory, place_of
from peerpigeon.core.config.dial_policy import DialPolicy, dial_policy_of
from peerpigeon.core.config.environment import from_environment
from peerpigeon.core.config.given import from_flags
from peerpigeon.core.config.host_names import HostNames, host_names_of, normal_host
from peerpigeon.core.config.ice import IceServer, parse_ports
from peerpigeon.core.config.namespace_access import (
    Access,
    NamespaceAccess,
    fits,
    namespace_access_of,
)
from peerpigeon.core.config.options import DEFAULT_PORT, Options
from peerpigeon.core.config.origins import OriginNames, origins_of
from peerpigeon.core.config.proxies import ProxyNetwork, proxies_of
from peerpigeon.core.config.quantities import ConfigError
from peerpigeon.core.config.settings import settle
from peerpigeon.core.ids import PeerId
from peerpigeon.core.ip_addresses import UNIX
from peerpigeon.core.memory import MOST_BY_ITSELF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from peerpigeon.core.config.keywords import ServerOptions
    from peerpigeon.core.config.quantities import Bytes

FEW_CONNECTIONS = 100
"""Clients that one address may have in any case, if they are no more than half of all."""

NO_END = 2**31
"""More clients than any process holds."""

LOCAL_PORT_RETRIES = 10
"""Ports that are tried after the one asked for, where only programs of this machine look for it."""


@dataclass(frozen=True, kw_only=True)
class ServerConfig(Options):
    """The options of one server or hub. Durations are seconds, sizes are bytes.

    ``Options`` has all of them, each with its meaning. Raises ``ConfigError`` when built with an
    option that cannot work (S28): the message says which, with what value, and what to do.
    """

    # What is no option, but comes of where the server listens (``listening_at``)

    own_addresses: tuple[str, ...] = ()
    """WebSocket addresses of this machine at which other hubs may reach this one."""

    default_bootstrap_hub: str = ""
    """The address from which a hub starts that has been given none."""

    # What is no option either, but the place of one worker among those of its command

    worker: int = 0
    """Which of the ``workers`` this one is, counted from 0."""

    workers: int = 1
    """How many processes serve together as one command."""

    worker_room: int = NO_END
    """How many clients this worker can hold, as far as the system lets it."""

    worker_directory: str = ""
    """Where the sockets are by which the workers reach each other: no other user's."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, before a socket is opened."""
        check(self)

    # What follows from the options

    @property
    def is_local(self) -> bool:
        """Whether nobody but programs on this machine can reach the server by itself."""
        return is_local(self)

    @property
    def place(self) -> str:
        """Where it listens, for people: ``host``, or ``unix:`` and the path of ``uds``."""
        return place_of(self)

    @property
    def scheme(self) -> str:
        """What the server's own WebSocket addresses begin with."""
        return "wss" if self.tls_cert else "ws"

    @property
    def connections_per_address(self) -> int:
        """How many clients may come from one address: a school behind one has some hundred."""
        if self.max_connections_per_address is not None:
            return self.max_connections_per_address
        half, quarter = self.max_connections // 2, self.max_connections // 4
        return max(1, quarter, min(half, FEW_CONNECTIONS))

    @property
    def trusted_networks(self) -> tuple[ProxyNetwork, ...]:
        """``trusted_proxies``, each read."""
        return proxies_of(self.trusted_proxies, "trusted_proxies")

    @property
    def trusts_unix(self) -> bool:
        """Whether what connects to a Unix socket is one of ``trusted_proxies``."""
        return UNIX in self.trusted_proxies

    @property
    def port_retries(self) -> int:
        """How many ports after ``port`` may be tried when it is taken (S11)."""
        if self.max_port_retries is None:
            return LOCAL_PORT_RETRIES if self.is_for_this_machine else 0
        return self.max_port_retries

    @property
    def lowest_log_level(self) -> str:
        """The least weight of the lines that are logged."""
        return "debug" if self.verbose_logging else self.log_level

    @property
    def is_open(self) -> bool:
        """Whether a hub at another machine may join the mesh without a secret."""
        is_closed = self.hub_secret or self.hub_members
        return self.is_hub and not is_closed and not self.is_for_this_machine

    @property
    def memory_limit(self) -> Bytes:
        """How many bytes may be kept for others, on a machine that has enough."""
        if self.max_memory is None:
            return max(MOST_BY_ITSELF, least_memory(self))
        return self.max_memory

    @property
    def hub_secrets(self) -> tuple[str, ...]:
        """The secrets by any of which another hub may prove itself, the preferred one first."""
        return tuple(dict.fromkeys(filter(None, (self.hub_secret, self.old_hub_secret))))

    @property
    def parsed_hub_members(self) -> frozenset[PeerId]:
        """``hub_members`` as ids that are given by keys are written."""
        return frozenset(PeerId(member.lower()) for member in self.hub_members)

    @property
    def dial_policy(self) -> DialPolicy:
        """Which addresses are dialled that other hubs tell."""
        return dial_policy_of(
            self,
            self.advertise or self.own_addresses,
            self.starts_from,
            is_for_this_machine=self.is_for_this_machine,
        )

    @property
    def allowed_origins(self) -> OriginNames | None:
        """The web origins that may connect, or ``None`` if all may."""
        return origins_of(self.cors_origin, "cors_origin")

    @property
    def answers_to(self) -> HostNames | None:
        """The names besides those of the loopback by which it may be addressed; ``None`` for all.

        A web page whose name its owner lets lead to the loopback could otherwise use what is for
        this machine alone (DNS rebinding): the browser takes the server for that of the page.
        """
        if not self.allowed_hosts and not self.is_local:
            return None
        named = host_names_of(self.allowed_hosts, "allowed_hosts")
        if named is None:
            return None
        # Hubs and browsers send names in ASCII.
        own = {normal_host(host_of(uri).encode("idna").decode()) for uri in self.advertise}
        return HostNames(named.names | own, named.families)

    @property
    def admin_answers_to(self) -> HostNames | None:
        """The names besides those of the loopback by which the second port may be addressed.

        ``None`` for all. IP addresses are not among them, and are answered to, too.
        """
        named = host_names_of(self.allowed_hosts, "allowed_hosts")
        if named is None:
            return None
        own = frozenset(name.lower() for name in hosts_in(self.admin_host))
        return HostNames(named.names | own, named.families)

    @property
    def parsed_namespace_access(self) -> NamespaceAccess:
        """``namespace_access``, each rule read, and what holds where none fits."""
        has_keys = bool(self.token_keys)
        return namespace_access_of(self.namespace_access, "namespace_access", has_keys=has_keys)

    @property
    def admits_without_token(self) -> bool:
        """Whether a client that shows no token has anything to do here."""
        return self.parsed_namespace_access.has_open or self.welcomes_reference_hubs

    @property
    def serves_demo(self) -> bool:
        """Whether there is a page to try the server with, and what that page needs."""
        return self.is_for_this_machine if self.demo is None else self.demo

    @property
    def welcomes_reference_hubs(self) -> bool:
        """Whether a client that says it is a hub of the npm package is believed.

        It then speaks for others, and the package has no way to prove who it is. Where a mesh is
        on one machine and wants no proof of anybody, that is let pass.
        """
        if not self.is_hub or self.reference_hubs == "no":
            return False
        is_harmless = self.is_for_this_machine and not (
            self.hub_secret or self.hub_identity or self.token_keys
        )
        return self.reference_hubs == "yes" or is_harmless

    @property
    def is_for_this_machine(self) -> bool:
        """Whether all addresses of the hub are on the loopback, those a proxy has for it too."""
        names = self.answers_to
        return self.is_local and names is not None and names.are_of_loopback

    @property
    def parsed_ice_servers(self) -> tuple[IceServer, ...]:
        """``ice_servers``, each read."""
        return tuple(map(IceServer.parse, self.ice_servers))

    @property
    def parsed_client_ice_servers(self) -> tuple[IceServer, ...]:
        """``client_ice_servers``, each read; they have no credentials of their own."""
        return tuple(map(IceServer.told, self.client_ice_servers))

    def has_relay_for(self, namespace: str) -> bool:
        """Tell whether the clients of a namespace are told of ``client_ice_servers``."""
        patterns = self.turn_namespaces
        return not patterns or any(fits(pattern, namespace) for pattern in patterns)

    @property
    def gives_relays_to_strangers(self) -> bool:
        """Whether clients of an open namespace are given credentials of TURN servers.

        Of a pattern in ``turn_namespaces`` it counts what holds for a namespace of that name.
        """
        if not any(server.is_relay for server in self.parsed_client_ice_servers):
            return False
        access = self.parsed_namespace_access
        if not self.turn_namespaces:
            return access.has_open
        return any(access.of(each) is Access.OPEN for each in self.turn_namespaces)

    @property
    def siblings(self) -> tuple[str, ...]:
        """Where this worker dials others, as ``unix:PATH``; the others dial it."""
        return tuple(f"unix:{self.worker_directory}/{n}.links" for n in range(self.worker))

    @property
    def udp_port_range(self) -> tuple[int, int] | None:
        """``udp_ports`` as the first and the last; ``None`` for any free ones."""
        return parse_ports(self.udp_ports) if self.udp_ports else None

    @property
    def starts_from(self) -> tuple[str, ...]:
        """The addresses that a hub dials to get into the mesh."""
        if self.bootstrap_hubs or self.bootstrap_dns or not self.default_bootstrap_hub:
            return self.bootstrap_hubs
        return (self.default_bootstrap_hub,)

    def listening_at(self, port: int, hosts: Iterable[str]) -> ServerConfig:
        """Return these options completed by where this hub has come to listen.

        ``hosts`` are those by which other machines reach it, as URIs have them. Without
        ``bootstrap_hubs``, a hub that is not at port 3000 starts from the one that is (S7).
        """
        path = self.path_prefix
        start = f"{self.scheme}://{in_uri(name_here(self.host))}:{DEFAULT_PORT}{path}"
        return replace(
            self,
            port=port,
            own_addresses=tuple(f"{self.scheme}://{host}:{port}{path}" for host in hosts),
            default_bootstrap_hub="" if port == DEFAULT_PORT else start,
        )

    @property
    def names_to_start_from(self) -> Mapping[str, int]:
        """Each name of ``bootstrap_dns``, and the port of the hubs that it leads to."""
        parts = (text.partition(":") for text in self.bootstrap_dns)
        return {name: int(port or self.port) for name, _, port in parts}

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None
    ) -> ServerConfig:
        """Build a config from environment variables (S10), then ``overrides`` by option name.

        A variable is the option's name in capitals, but for ``HUB_ID`` (``hub_peer_id``), with
        ``PEERPIGEON_`` before it or without. An empty variable counts as not set. Raises
        ``ConfigError`` with all that is wrong: a text that is no such value, a variable that has
        the prefix and is none of these, and one that names a file: ``load_config`` reads files.
        """
        said = [from_flags(overrides or {}), from_environment(environ)]
        return cls(**settle(said, _refuse_to_read).of_server())


def config_of(config: ServerConfig | None, options: ServerOptions) -> ServerConfig:
    """Return the config that is given, or that of options. Raises ``TypeError`` for both."""
    if config is not None and options:
        raise TypeError("give either a ServerConfig or its options as keywords, not both")
    return config or ServerConfig(**options)


def _refuse_to_read(file: str) -> str:
    raise ConfigError(f"the file {file} is not read here; use peerpigeon.load_config")
