"""Options: what they are, which cannot work, and how they are written."""

from peerpigeon.core.config.addresses import (
    EVERYWHERE,
    LAST_PORT,
    check_hub_uri,
    hosts_in,
    in_uri,
    is_ip_address,
    is_loopback,
    name_here,
)
from peerpigeon.core.config.checks_together import least_memory
from peerpigeon.core.config.command_options import OF_COMMANDS
from peerpigeon.core.config.dialects import PEERJS, dialect_at
from peerpigeon.core.config.environment import CONFIG_VARIABLE, PREFIX, VARIABLES, from_environment
from peerpigeon.core.config.given import ALL_OPTIONS, FILE, NAMES, Given, Said, from_flags, nearest
from peerpigeon.core.config.host_names import host_in
from peerpigeon.core.config.ice import IceServer
from peerpigeon.core.config.keywords import ServerOptions
from peerpigeon.core.config.namespace_access import (
    NamespaceAccess,
    pattern_objection,
)
from peerpigeon.core.config.options import DEFAULT_PORT, GLOBAL_NAMESPACE, GROUPS, Options
from peerpigeon.core.config.origins import host_of_origin, normal_origin
from peerpigeon.core.config.proxies import ProxyNetwork
from peerpigeon.core.config.quantities import KIB, MIB, ConfigError, parse_seconds
from peerpigeon.core.config.server_config import (
    LOCAL_PORT_RETRIES,
    NO_END,
    ServerConfig,
    config_of,
)
from peerpigeon.core.config.settings import Settings, settle, without
from peerpigeon.core.config.texts import (
    OPTIONS,
    Kind,
    Option,
    parse_option,
    parse_switch,
    text_of,
)

__all__ = [
    "ALL_OPTIONS",
    "CONFIG_VARIABLE",
    "DEFAULT_PORT",
    "EVERYWHERE",
    "FILE",
    "GLOBAL_NAMESPACE",
    "GROUPS",
    "KIB",
    "LAST_PORT",
    "LOCAL_PORT_RETRIES",
    "MIB",
    "NAMES",
    "NO_END",
    "OF_COMMANDS",
    "OPTIONS",
    "PEERJS",
    "PREFIX",
    "VARIABLES",
    "ConfigError",
    "Given",
    "IceServer",
    "Kind",
    "NamespaceAccess",
    "Option",
    "Options",
    "ProxyNetwork",
    "Said",
    "ServerConfig",
    "ServerOptions",
    "Settings",
    "check_hub_uri",
    "config_of",
    "dialect_at",
    "from_environment",
    "from_flags",
    "host_in",
    "host_of_origin",
    "hosts_in",
    "in_uri",
    "is_ip_address",
    "is_loopback",
    "least_memory",
    "name_here",
    "nearest",
    "normal_origin",
    "parse_option",
    "parse_seconds",
    "parse_switch",
    "pattern_objection",
    "settle",
    "text_of",
    "without",
]
