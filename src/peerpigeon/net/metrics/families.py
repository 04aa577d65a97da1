"""The table of all metrics: docs/metrics.md, the board and the alert rules have it from here.

Label values are few and known: never an id, a namespace or an address. ``make metrics`` renews the
table in docs/metrics.md after a change.
"""

from __future__ import annotations

from typing import Final

from peerpigeon.core.interface.serving import Serving
from peerpigeon.net.metrics.family import Family, by_label, one
from peerpigeon.net.metrics.mesh_families import MESH
from peerpigeon.version import __version__

SERVER: Final = (
    Family(
        "peerpigeon_info",
        "info",
        "The version, and whether the server is a `hub` or a plain `server`.",
        lambda p: [((__version__, "hub" if p.snapshot.is_hub else "server"), 1)],
        ("version", "role"),
    ),
    Family(
        "peerpigeon_start_time_seconds",
        "gauge",
        "When the server was started, seconds since 1970.",
        one(lambda p: p.snapshot.wall_time - p.snapshot.uptime),
    ),
    Family(
        "peerpigeon_serving",
        "gauge",
        "1 for the `state` in which the server is, as `/ready` tells it, and 0 for the others.",
        by_label(lambda p: {each.value: each is p.shell.serving for each in Serving}),
        ("state",),
    ),
    Family(
        "peerpigeon_loop_lag_seconds",
        "histogram",
        "By how much a timer of the event loop was late, four times a second from the first time "
        "that metrics are asked for.",
        one(lambda p: p.shell.loop_lag),
    ),
    Family(
        "peerpigeon_faults_total",
        "counter",
        "Faults of the server's own; the log has each kind of them, with a traceback.",
        one(lambda p: p.shell.faults),
    ),
    Family(
        "peerpigeon_memory_limit_bytes",
        "gauge",
        "How much may be kept for others, the option `max_memory`.",
        one(lambda p: p.snapshot.memory_limit),
    ),
    Family(
        "peerpigeon_memory_kept_bytes",
        "gauge",
        "How much is kept, in each `part` of the account: for `connections`, of which half of the "
        "limit is, as `signals` that wait, and as `records` of who is in a namespace, of which a "
        "quarter is each.",
        by_label(lambda p: p.figures.kept),
        ("part",),
    ),
    Family(
        "peerpigeon_memory_relieved_total",
        "counter",
        "Connections closed because memory was short.",
        one(lambda p: p.shell.relieved),
    ),
    Family(
        "peerpigeon_descriptors_dropped_total",
        "counter",
        "Connections dropped because nearly all descriptors were open.",
        one(lambda p: p.snapshot.dropped),
    ),
    Family(
        "peerpigeon_received_bytes_total",
        "counter",
        "Bytes that have come, by who is at the other end (`peer`): `clients` over WebSockets, or "
        "hubs over each carrier. Those of TLS, TCP and IP are not counted.",
        lambda p: [((peer,), each.received) for peer, each in p.shell.traffic.items()],
        ("peer",),
    ),
    Family(
        "peerpigeon_sent_bytes_total",
        "counter",
        "Bytes that were sent, in the same way.",
        lambda p: [((peer,), each.sent) for peer, each in p.shell.traffic.items()],
        ("peer",),
    ),
)

CLIENTS: Final = (
    Family(
        "peerpigeon_clients",
        "gauge",
        "Clients that are connected, hubs of the npm package and their clients among them.",
        one(lambda p: p.snapshot.connections),
    ),
    Family(
        "peerpigeon_clients_limit",
        "gauge",
        "How many may be, the option `max_connections`.",
        one(lambda p: p.shell.max_connections),
    ),
    Family(
        "peerpigeon_clients_announced",
        "gauge",
        "Clients that are in a namespace.",
        one(lambda p: p.snapshot.announced_peers),
    ),
    Family(
        "peerpigeon_namespaces",
        "gauge",
        "Namespaces of which this server has a client or keeps records.",
        one(lambda p: p.snapshot.namespaces),
    ),
    Family(
        "peerpigeon_clients_slowed",
        "gauge",
        "Clients that are read more slowly for now, because they send too much.",
        one(lambda p: p.figures.clients.slowed),
    ),
    Family(
        "peerpigeon_clients_behind",
        "gauge",
        "Clients that read much more slowly than is sent to them.",
        one(lambda p: p.figures.clients.behind),
    ),
    Family(
        "peerpigeon_sockets_closing",
        "gauge",
        "WebSockets whose close frame is sent and not answered yet.",
        one(lambda p: p.snapshot.closing),
    ),
    Family(
        "peerpigeon_requests_open",
        "gauge",
        "Connections whose request has not come yet, or is being answered.",
        one(lambda p: p.shell.entering),
    ),
    Family(
        "peerpigeon_connections_total",
        "counter",
        "Clients that were let in.",
        one(lambda p: p.figures.admitted),
    ),
    Family(
        "peerpigeon_disconnections_total",
        "counter",
        "Clients that are gone, by the close `code` of their WebSocket (RFC 6455), `other` for one "
        "without a name: 1001 of a page that is left, 1006 of a client that has vanished, 1008 of "
        "one that was closed here.",
        lambda p: [((str(code or "other"),), number) for code, number in p.figures.ended.items()],
        ("code",),
    ),
    Family(
        "peerpigeon_requests_refused_total",
        "counter",
        "Requests for a WebSocket that were refused, by HTTP `status`: 401 for a token, 403 for an "
        "origin, 421 for a host, 426 behind a proxy that takes off `Upgrade`, 429 for too many of "
        "one address.",
        lambda p: [((str(status),), number) for status, number in p.shell.refused.items()],
        ("status",),
    ),
    Family(
        "peerpigeon_clients_closed_total",
        "counter",
        "Clients that were closed here, by the `reason` that they were told.",
        by_label(lambda p: p.figures.closed),
        ("reason",),
    ),
    Family(
        "peerpigeon_joins_total",
        "counter",
        "Times that a client has entered a namespace.",
        one(lambda p: p.figures.joins),
    ),
    Family(
        "peerpigeon_takeovers_total",
        "counter",
        "Ids that went from one connection to another, which was its `owner` by its resume key or "
        "token, or because the holder was `silent`.",
        by_label(
            lambda p: {"owner": p.figures.taken_by_owner, "silent": p.figures.taken_from_silent}
        ),
        ("why",),
    ),
)

FOREIGN: Final = (
    Family(
        "peerpigeon_topics",
        "gauge",
        "Topics in which foreign clients of this server listen.",
        one(lambda p: p.figures.topics.listened),
    ),
    Family(
        "peerpigeon_publications_total",
        "counter",
        "Messages of topics: `published` here, `heard` by clients here, one for each of them, and "
        "`unheard`, which did not get to another hub.",
        by_label(lambda p: p.figures.topics.publications),
        ("outcome",),
    ),
    Family(
        "peerpigeon_draws_waiting",
        "gauge",
        "Announces of tracker clients whose swarm's hub has not answered yet.",
        one(lambda p: p.figures.topics.draws),
    ),
    Family(
        "peerpigeon_draws_dropped_total",
        "counter",
        "Announces brought by other hubs whose offers were not dealt here, as too many waited.",
        one(lambda p: p.figures.topics.dropped_draws),
    ),
)

SIGNALS: Final = (
    Family(
        "peerpigeon_signals_total",
        "counter",
        "Signals by `kind` and `outcome`: `delivered` to a client of this server, `passed_on` to "
        "the hub of their target, `refused` with an error to their sender here, or `returned` to "
        "the hub that they came from. The kind is `other` for one that is not listed.",
        lambda p: p.figures.signals.items(),
        ("kind", "outcome"),
    ),
    Family(
        "peerpigeon_signals_refused_total",
        "counter",
        "Signals refused with an error, by `kind` and `reason`.",
        lambda p: p.figures.refused.items(),
        ("kind", "reason"),
    ),
    Family(
        "peerpigeon_messages_refused_total",
        "counter",
        "Messages of clients that made no sense or were not allowed.",
        one(lambda p: p.snapshot.messages_refused),
    ),
    Family(
        "peerpigeon_signals_waiting",
        "gauge",
        "Signals that wait until it is known where their `target` is, until an id is granted "
        "(`grant`), or until it is known who has the id of their `sender`.",
        by_label(lambda p: p.figures.clients.waiting),
        ("wait",),
    ),
    Family(
        "peerpigeon_turn_seconds",
        "histogram",
        "How long a message takes within the server at most: from the first of a turn of the event "
        "loop that is read, or made, to the last that is written. Up to four turns a second are "
        "timed, from the first time that metrics are asked for.",
        one(lambda p: p.shell.turn_times),
    ),
)

PROCESS: Final = (
    Family(
        "process_cpu_seconds_total",
        "counter",
        "Seconds of processor time of the process.",
        None,
    ),
    Family(
        "process_resident_memory_bytes",
        "gauge",
        "Memory that the process has in use.",
        None,
    ),
    Family(
        "process_virtual_memory_bytes",
        "gauge",
        "Memory that is set aside for it.",
        None,
    ),
    Family(
        "process_start_time_seconds",
        "gauge",
        "When the process was started, seconds since 1970.",
        None,
    ),
    Family("process_open_fds", "gauge", "Descriptors that are open.", None),
    Family("process_max_fds", "gauge", "Descriptors that may be open.", None),
)

GROUPS: Final = {
    "The server": SERVER,
    "Clients": CLIENTS,
    "Signals": SIGNALS,
    "Clients of other kinds": FOREIGN,
    "Other hubs": MESH,
    "The process": PROCESS,
}
"""All families, by what they are about."""

FAMILIES: Final = tuple(family for group in GROUPS.values() for family in group)
