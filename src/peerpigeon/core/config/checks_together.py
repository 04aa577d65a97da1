"""Which options cannot work together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config.addresses import hosts_in, is_loopback
from peerpigeon.core.config.ice import IceServer
from peerpigeon.core.config.namespace_access import namespace_access_of
from peerpigeon.core.config.quantities import ConfigError
from peerpigeon.core.ip_addresses import UNIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.config.options import Options


def least_memory(options: Options) -> int:
    """Return the bytes that have to be allowed so that one client can have what it may.

    Half of them are for connections, and a quarter for signals (``core/memory.py``).
    """
    return max(2 * options.max_outbox_size, 4 * options.max_message_size)


def is_local(options: Options) -> bool:
    """Tell whether nobody but programs on this machine can reach a server by itself.

    At a Unix socket others can: what connects to it is a proxy.
    """
    return not options.uds and all(map(is_loopback, hosts_in(options.host)))


def place_of(options: Options) -> str:
    """Return where a server listens, for people, without the port."""
    return f"{UNIX}{options.uds}" if options.uds else options.host


def together(options: Options) -> Iterator[ConfigError]:
    """Tell of what cannot work among options each of which could."""
    yield from _ports(options)
    yield from _sizes(options)
    yield from _tokens(options)
    yield from _relays(options)
    yield from _tls(options)
    yield from _mesh(options)
    yield from _who_joins(options)


def _ports(options: Options) -> Iterator[ConfigError]:
    if options.port == options.admin_port != 0:
        yield ConfigError(
            f"port and admin_port are both {options.port}; what is for the operator needs a port of"
            " its own, which others do not reach",
            *("port", "admin_port"),
        )


def _sizes(options: Options) -> Iterator[ConfigError]:
    if options.cleanup_interval >= options.peer_timeout:
        yield ConfigError(
            f"cleanup_interval ({options.cleanup_interval}) must be below peer_timeout"
            f" ({options.peer_timeout}); no ping would be sent before a client is dropped",
            *("cleanup_interval", "peer_timeout"),
        )
    if options.max_announce_size > options.max_message_size:
        yield ConfigError(
            f"max_announce_size ({options.max_announce_size}) is above max_message_size"
            f" ({options.max_message_size}); no announce could be that large",
            *("max_announce_size", "max_message_size"),
        )
    if options.max_message_size > options.max_outbox_size:
        yield ConfigError(
            f"max_message_size ({options.max_message_size}) is above max_outbox_size"
            f" ({options.max_outbox_size}); one message would close its receiver",
            *("max_message_size", "max_outbox_size"),
        )
    least = least_memory(options)
    if options.max_memory is not None and options.max_memory < least:
        yield ConfigError(
            f"max_memory ({options.max_memory}) is below {least}, so that one client could not have"
            f" what it may: twice max_outbox_size ({options.max_outbox_size}), four times"
            f" max_message_size ({options.max_message_size})",
            *("max_memory", "max_outbox_size", "max_message_size"),
        )


def _relays(options: Options) -> Iterator[ConfigError]:
    has_relay = any(IceServer.told(url).is_relay for url in options.client_ice_servers)
    if has_relay and not options.turn_secret:
        yield ConfigError(
            "client_ice_servers has a TURN server, and there is no turn_secret; give the"
            " static-auth-secret that it knows (TURN_SECRET, --turn-secret-file)",
            *("client_ice_servers", "turn_secret"),
        )
    if options.turn_secret and not has_relay:
        yield ConfigError(
            "turn_secret is for TURN servers, and client_ice_servers names none; name them as"
            " turn:HOST:PORT",
            *("client_ice_servers", "turn_secret"),
        )


def _tokens(options: Options) -> Iterator[ConfigError]:
    has_keys = bool(options.token_keys)
    try:
        namespace_access_of(options.namespace_access, "namespace_access", has_keys=has_keys)
    except ConfigError as error:
        yield ConfigError(str(error), "namespace_access")
    for name in ("token_audience", "token_issuer"):
        value = getattr(options, name)
        if value and not has_keys:
            yield ConfigError(
                f"{name} is {value!r}; name the keys of tokens, too (token_keys)", name
            )


def _tls(options: Options) -> Iterator[ConfigError]:
    if bool(options.tls_cert) != bool(options.tls_key):
        given, lacking = ("tls_cert", "tls_key") if options.tls_cert else ("tls_key", "tls_cert")
        yield ConfigError(
            f"{given} is {getattr(options, given)!r} and {lacking} is not set; a server that speaks"
            " TLS needs both, a certificate and its key",
            *("tls_cert", "tls_key"),
        )


def _mesh(options: Options) -> Iterator[ConfigError]:
    if options.hub_mesh_min_peers > options.hub_mesh_max_peers:
        yield ConfigError(
            f"hub_mesh_min_peers ({options.hub_mesh_min_peers}) is above hub_mesh_max_peers"
            f" ({options.hub_mesh_max_peers}); a hub could never become ready",
            *("hub_mesh_min_peers", "hub_mesh_max_peers"),
        )
    if len(options.hub_mesh_namespace) > options.max_namespace_length:
        yield ConfigError(
            f"hub_mesh_namespace has {len(options.hub_mesh_namespace)} characters; at most"
            f" {options.max_namespace_length} (max_namespace_length) are allowed",
            *("hub_mesh_namespace", "max_namespace_length"),
        )


def _who_joins(options: Options) -> Iterator[ConfigError]:
    if options.old_hub_secret and not options.hub_secret:
        yield ConfigError(
            "old_hub_secret is set and hub_secret is not; give the new one as hub_secret",
            "old_hub_secret",
        )
    if options.hub_members and not options.hub_identity:
        yield ConfigError(
            "hub_members is set and hub_identity is not; without identities nobody can show that it"
            " is one of them: name a file with the key of this hub (HUB_IDENTITY)",
            "hub_members",
        )
    is_closed = options.hub_secret or options.hub_members
    if options.is_hub and not (is_closed or options.open_mesh or is_local(options)):
        yield ConfigError(
            f"a hub at {place_of(options)} can be reached from other machines, and anybody could"
            " join its mesh as a hub; give all hubs the same hub_secret (HUB_SECRET, or a file with"
            " it: --hub-secret-file), or an identity each and the list of all (HUB_IDENTITY,"
            " HUB_MEMBERS), or say open_mesh (OPEN_MESH, --open-mesh) if that is what you want",
            "host",
        )
