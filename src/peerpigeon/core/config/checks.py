"""Which options cannot work by themselves; ``checks_together`` says which cannot work together."""

from __future__ import annotations

import re
from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from peerpigeon.core.config.addresses import (
    check_advertised,
    check_host,
    check_hub_name,
    check_hub_uri,
    check_path_prefix,
    check_public_address,
)
from peerpigeon.core.config.checks_together import together
from peerpigeon.core.config.dialects import DIALECTS, NO_DIALECT
from peerpigeon.core.config.host_names import host_names_of
from peerpigeon.core.config.ice import IceServer, parse_ports
from peerpigeon.core.config.namespace_access import pattern_objection
from peerpigeon.core.config.options import Options
from peerpigeon.core.config.origins import origins_of
from peerpigeon.core.config.proxies import proxies_of
from peerpigeon.core.config.quantities import KIB, MIB, ConfigError
from peerpigeon.core.ids import parse_peer_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

MESH_NAMESPACE_LENGTH = 128
"""Characters: with it a ``Hello`` still fits ``link_pieces.STRANGER_MESSAGE``."""

SECRET_LENGTH = 16
"""Characters that nobody guesses."""

_LARGE = 2**31 - 1
_YEAR = 365 * 86400.0

_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65535),
    "max_port_retries": (0, 65535),
    "admin_port": (0, 65535),
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
    "turn_lifetime": (60.0, 7 * 86400.0),
    "close_timeout": (0.01, 3600.0),
    "trace_every": (0, _LARGE),
    "drain_time": (0.0, 86400.0),
    "reconnect_interval": (0.01, _YEAR),
    "max_reconnect_attempts": (0, _LARGE),
    "hub_mesh_min_peers": (1, 1000),
    "hub_mesh_max_peers": (2, 1000),
    "heartbeat_interval": (0.01, 60.0),
    "mesh_migration_delay": (0.0, _YEAR),
}

_NEVER_EMPTY = ("host", "cors_origin", "hub_mesh_namespace")


def check(options: Options) -> None:
    """Raise ``ConfigError`` for the first option that cannot work."""
    values = {name: getattr(options, name) for name in _FIELDS}
    for error in alone(values):
        raise error
    for error in together(options):
        raise error


def alone(values: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Tell of each option that cannot work, whatever the others are. ``values`` has some of them.

    At most one thing is told of each.
    """
    for name, value in values.items():
        try:
            _check(name, value)
        except ConfigError as error:
            yield ConfigError(str(error), name)


def _check(name: str, value: Any) -> None:  # noqa: ANN401 - each option has its own type
    _check_type(name, value)
    if name in _RANGES and value is not None:
        low, high = _RANGES[name]
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value!r}; it must be between {low} and {high}")
    if name in _NEVER_EMPTY and not value.strip():
        raise ConfigError(f"{name} is empty; give a value or leave it out")
    choices: tuple[str, ...] = _FIELDS[name].metadata.get("choices", ())
    if choices and value not in choices:
        raise ConfigError(f"{name} is {value!r}; write {', '.join(choices[:-1])} or {choices[-1]}")
    if value and name in _FORMS:
        _FORMS[name](value, name)


_FIELDS = {each.name: each for each in fields(Options)}

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


def _check_type(name: str, value: object) -> None:
    option = _FIELDS[name]
    declared = str(option.type)
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


def _check_hub_names(texts: Collection[str], name: str) -> None:
    for text in texts:
        check_hub_name(text, name)


def _check_hub_uris(uris: Collection[str], name: str) -> None:
    for uri in uris:
        check_hub_uri(uri, name)


def _check_advertise(uris: Collection[str], name: str) -> None:
    _check_hub_uris(uris, name)
    check_advertised(uris, name)


def _check_hub_id(text: str, name: str) -> None:
    if parse_peer_id(text) is None:
        raise ConfigError(f"{name} is {text!r}; it must be 40 hex digits")


def _check_members(members: Collection[str], name: str) -> None:
    for member in members:
        if parse_peer_id(member) is None:
            raise ConfigError(f"{name} has {member!r}; each must be 40 hex digits")


def _check_mesh_namespace(text: str, name: str) -> None:
    if len(text) > MESH_NAMESPACE_LENGTH:
        raise ConfigError(
            f"{name} has {len(text)} characters; at most {MESH_NAMESPACE_LENGTH} are allowed, since"
            " other hubs take short messages only before they know who says them"
        )


def _check_client_ice_servers(urls: Collection[str], name: str) -> None:
    for url in urls:
        try:
            IceServer.told(url)
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from None


def _check_patterns(patterns: Collection[str], name: str) -> None:
    for pattern in patterns:
        if reason := pattern_objection(pattern):
            raise ConfigError(f"{name} has {pattern!r}; {reason}")


def _check_dialects(names: Collection[str], name: str) -> None:
    for each in names:
        if each not in DIALECTS and names != (NO_DIALECT,):
            known = ", ".join(DIALECTS)
            raise ConfigError(f"{name} has {each!r}; there are {known}, or {NO_DIALECT} alone")


def _check_secret(secret: str, name: str) -> None:
    if len(secret) < SECRET_LENGTH:
        raise ConfigError(
            f"{name} has {len(secret)} characters; use {SECRET_LENGTH} or more, such as what"
            " `openssl rand -hex 32` prints"
        )


def _check_ice_servers(texts: Collection[str], name: str) -> None:
    for text in texts:
        try:
            IceServer.parse(text)
        except ConfigError as error:
            raise ConfigError(f"{name} has {error}") from None


_FORMS: dict[str, Callable[[Any, str], object]] = {
    "host": check_host,
    "path_prefix": check_path_prefix,
    "admin_host": check_host,
    "cors_origin": origins_of,
    "allowed_hosts": host_names_of,
    "trusted_proxies": proxies_of,
    "hub_peer_id": _check_hub_id,
    "hub_mesh_namespace": _check_mesh_namespace,
    "bootstrap_hubs": _check_hub_uris,
    "bootstrap_dns": _check_hub_names,
    "advertise": _check_advertise,
    "hub_secret": _check_secret,
    "old_hub_secret": _check_secret,
    "client_ice_servers": _check_client_ice_servers,
    "dialects": _check_dialects,
    "turn_secret": _check_secret,
    "turn_namespaces": _check_patterns,
    "hub_members": _check_members,
    "ice_servers": _check_ice_servers,
    "udp_ports": lambda text, _: parse_ports(text),
    "public_address": check_public_address,
}
"""What checks the form of a value that is not empty, and takes it and the option's name."""
