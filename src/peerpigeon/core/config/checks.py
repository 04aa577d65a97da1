"""Which options cannot work, alone or together."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from peerpigeon.core.config.addresses import (
    check_advertised,
    check_host,
    check_hub_name,
    check_hub_uri,
    check_public_address,
    hosts_in,
    is_loopback,
)
from peerpigeon.core.config.host_names import host_names_of
from peerpigeon.core.config.ice import IceServer, parse_ports
from peerpigeon.core.config.namespace_access import namespace_access_of
from peerpigeon.core.config.origins import origins_of
from peerpigeon.core.config.proxies import proxies_of
from peerpigeon.core.config.quantities import KIB, MIB, ConfigError
from peerpigeon.core.ids import parse_peer_id

if TYPE_CHECKING:
    from peerpigeon.core.config.options import Options

MESH_NAMESPACE_LENGTH = 128
"""Characters: with it a ``Hello`` still fits ``link_pieces.STRANGER_MESSAGE``."""

SECRET_LENGTH = 16
"""Characters that nobody guesses."""

WEBRTC_ENGINES = ("auto", "aiortc", "libdatachannel", "none")

_LARGE = 2**31 - 1
_YEAR = 365 * 86400.0

_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65535),
    "max_port_retries": (0, 65535),
    "max_connections": (1, _LARGE),
    "max_connections_per_address": (1, _LARGE),
    "max_message_size": (KIB, _LARGE),
    "max_announce_size": (64, _LARGE),
    "max_namespace_length": (1, 4096),
    "max_outbox_size": (64 * KIB, _LARGE),
    "max_memory": (MIB, 2**50),
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


def least_memory(options: Options) -> int:
    """Return the bytes that have to be allowed so that one client can have what it may.

    Half of them are for connections, and a quarter for signals (``core/memory.py``).
    """
    return max(2 * options.max_outbox_size, 4 * options.max_message_size)


def check(options: Options) -> None:
    """Raise ``ConfigError`` for the first option that cannot work."""
    for option in fields(options):
        _check_type(option, getattr(options, option.name))
    for name, (low, high) in _RANGES.items():
        value = getattr(options, name)
        if value is not None and not low <= value <= high:
            raise ConfigError(f"{name} is {value!r}; it must be between {low} and {high}")
    for name in ("host", "cors_origin", "hub_mesh_namespace"):
        if not getattr(options, name).strip():
            raise ConfigError(f"{name} is empty; give a value or leave it out")
    _check_choices(options)
    _check_addresses(options)
    _check_ice(options)
    _check_together(options)
    _check_tokens(options)
    _check_secret(options)


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "int | None": (int, type(None)),
    "Bytes": (int,),
    "Bytes | None": (int, type(None)),
    "Seconds": (int, float),
    "str": (str,),
    "bool": (bool,),
    "bool | None": (bool, type(None)),
    "PeerId | None": (str, type(None)),
    "tuple[str, ...]": (tuple,),
}


_NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _check_type(option: Field[Any], value: object) -> None:
    name, declared = option.name, str(option.type)
    # Messages go into logs, secrets do not.
    subject = f"{name} is {value!r}" if option.repr else f"{name} has a value that is secret"
    types = _TYPES[declared]
    is_right = isinstance(value, types) and (bool in types or not isinstance(value, bool))
    if isinstance(value, tuple):
        is_right = is_right and all(isinstance(item, str) for item in value)
    if not is_right:
        raise ConfigError(f"{subject}; it must be of type {declared}")
    if isinstance(value, float) and not isfinite(value):
        raise ConfigError(f"{subject}; it must be a finite number")
    if not all(map(_is_text, value if isinstance(value, tuple) else (value,))):
        raise ConfigError(f"{subject}; it must be Unicode text without control characters")


def _is_text(value: object) -> bool:
    """Tell whether a value has none of what a variable of the environment has by mistake.

    Bytes there that are no UTF-8 come as surrogates, which no encoder takes (PEP 383).
    """
    return not isinstance(value, str) or not _NO_TEXT.search(value)


def _check_choices(options: Options) -> None:
    if options.reference_hubs not in ("auto", "yes", "no"):
        raise ConfigError(f"reference_hubs is {options.reference_hubs!r}; write auto, yes or no")
    if options.dial_private not in ("auto", "yes", "no"):
        raise ConfigError(f"dial_private is {options.dial_private!r}; write auto, yes or no")
    if options.webrtc_engine not in WEBRTC_ENGINES:
        known = ", ".join(WEBRTC_ENGINES)
        raise ConfigError(f"webrtc_engine is {options.webrtc_engine!r}; write one of {known}")


def _check_addresses(options: Options) -> None:
    check_host(options.host, "host")
    for name in ("bootstrap_hubs", "advertise"):
        for uri in getattr(options, name):
            check_hub_uri(uri, name)
    check_advertised(options.advertise, "advertise")
    for text in options.bootstrap_dns:
        check_hub_name(text, "bootstrap_dns")
    origins_of(options.cors_origin, "cors_origin")
    host_names_of(options.allowed_hosts, "allowed_hosts")
    proxies_of(options.trusted_proxies, "trusted_proxies")
    if options.hub_peer_id is not None and parse_peer_id(options.hub_peer_id) is None:
        raise ConfigError(f"hub_peer_id is {options.hub_peer_id!r}; it must be 40 hex digits")


def _check_ice(options: Options) -> None:
    for text in options.ice_servers:
        try:
            IceServer.parse(text)
        except ConfigError as error:
            raise ConfigError(f"ice_servers has {error}") from None
    if options.udp_ports:
        parse_ports(options.udp_ports)
    if options.public_address:
        check_public_address(options.public_address, "public_address")


def _check_together(options: Options) -> None:
    if options.hub_mesh_min_peers > options.hub_mesh_max_peers:
        raise ConfigError(
            f"hub_mesh_min_peers ({options.hub_mesh_min_peers}) is above hub_mesh_max_peers"
            f" ({options.hub_mesh_max_peers}); a hub could never become ready"
        )
    if options.cleanup_interval >= options.peer_timeout:
        raise ConfigError(
            f"cleanup_interval ({options.cleanup_interval}) must be below peer_timeout"
            f" ({options.peer_timeout}); no ping would be sent before a client is dropped"
        )
    if options.max_announce_size > options.max_message_size:
        raise ConfigError(
            f"max_announce_size ({options.max_announce_size}) is above max_message_size"
            f" ({options.max_message_size}); no announce could be that large"
        )
    if options.max_message_size > options.max_outbox_size:
        raise ConfigError(
            f"max_message_size ({options.max_message_size}) is above max_outbox_size"
            f" ({options.max_outbox_size}); one message would close its receiver"
        )
    least = least_memory(options)
    if options.max_memory is not None and options.max_memory < least:
        raise ConfigError(
            f"max_memory ({options.max_memory}) is below {least}, so that one client could not have"
            f" what it may: twice max_outbox_size ({options.max_outbox_size}), four times"
            f" max_message_size ({options.max_message_size})"
        )
    if len(options.hub_mesh_namespace) > options.max_namespace_length:
        raise ConfigError(
            f"hub_mesh_namespace has {len(options.hub_mesh_namespace)} characters; at most"
            f" {options.max_namespace_length} (max_namespace_length) are allowed"
        )
    if len(options.hub_mesh_namespace) > MESH_NAMESPACE_LENGTH:
        raise ConfigError(
            f"hub_mesh_namespace has {len(options.hub_mesh_namespace)} characters; at most"
            f" {MESH_NAMESPACE_LENGTH} are allowed, since other hubs take short messages only"
            " before they know who says them"
        )


def _check_tokens(options: Options) -> None:
    has_keys = bool(options.token_keys)
    namespace_access_of(options.namespace_access, "namespace_access", has_keys=has_keys)
    for name in ("token_audience", "token_issuer"):
        value = getattr(options, name)
        if value and not has_keys:
            raise ConfigError(f"{name} is {value!r}; name the keys of tokens, too (token_keys)")


def _check_members(options: Options) -> None:
    if options.hub_members and not options.hub_identity:
        raise ConfigError(
            "hub_members is set and hub_identity is not; without identities nobody can show that it"
            " is one of them: name a file with the key of this hub (HUB_IDENTITY)"
        )
    for member in options.hub_members:
        if parse_peer_id(member) is None:
            raise ConfigError(f"hub_members has {member!r}; each must be 40 hex digits")


def _check_secret(options: Options) -> None:
    for name in ("hub_secret", "old_hub_secret"):
        secret = getattr(options, name)
        if secret and len(secret) < SECRET_LENGTH:
            raise ConfigError(
                f"{name} has {len(secret)} characters; use {SECRET_LENGTH} or more, such as what"
                " `openssl rand -hex 32` prints"
            )
    if options.old_hub_secret and not options.hub_secret:
        raise ConfigError(
            "old_hub_secret is set and hub_secret is not; give the new one as hub_secret"
        )
    _check_members(options)
    is_closed = options.hub_secret or options.hub_members
    if options.is_hub and not (
        is_closed or options.open_mesh or all(map(is_loopback, hosts_in(options.host)))
    ):
        raise ConfigError(
            f"a hub at {options.host} can be reached from other machines, and anybody could join"
            " its mesh as a hub; give all hubs the same hub_secret (HUB_SECRET), or an identity"
            " each and the list of all (HUB_IDENTITY, HUB_MEMBERS), or say open_mesh (OPEN_MESH,"
            " --open-mesh) if that is what you want"
        )
