"""The Grafana board, put together from a list of its panels."""

import json
from typing import Any, NamedTuple

HEIGHT = 8
WIDTH = 24
"""Of the whole board, in Grafana's units."""

PASSED, SENT = ', step!="no_way"', ', step="sent"'
HERE = 'job="$job", instance=~"$instance"'


class Line(NamedTuple):
    """One query, and how its lines are named."""

    query: str
    legend: str = "{{instance}}"


class Panel(NamedTuple):
    """One chart."""

    title: str
    text: str
    lines: tuple[Line, ...]
    unit: str = "short"


def rate(name: str, by: str = "instance", labels: str = "") -> str:
    """Return a query for the increase of a counter in a second."""
    return f"sum by ({by}) (rate({name}{{{HERE}{labels}}}[$__rate_interval]))"


def gauge(name: str, by: str = "instance", labels: str = "") -> str:
    """Return a query for a gauge."""
    return f"sum by ({by}) ({name}{{{HERE}{labels}}})"


def quantiles(name: str, labels: str = "") -> tuple[Line, ...]:
    """Return the median and the 99th percentile of a histogram."""
    buckets = rate(f"{name}_bucket", "instance, le", labels)
    return tuple(
        Line(f"histogram_quantile({q}, {buckets})", f"{{{{instance}}}} {text}")
        for q, text in ((0.5, "median"), (0.99, "99 %"))
    )


ROWS = {
    "At a glance": (
        Panel(
            "Hubs that are up",
            "As Prometheus sees them.",
            (Line('sum(up{job="$job"})', "up"), Line('count(up{job="$job"})', "of")),
        ),
        Panel(
            "Hubs that each hub knows",
            "The same number everywhere, or the mesh is split.",
            (Line(gauge("peerpigeon_hubs")),),
        ),
        Panel("Clients", "Connected to each.", (Line(gauge("peerpigeon_clients")),)),
        Panel(
            "Signals",
            "Handed to a client, in a second.",
            (Line(rate("peerpigeon_signals_total", labels=', outcome="delivered"')),),
            "ops",
        ),
    ),
    "Clients and signals": (
        Panel(
            "Coming and going",
            "Connections, and entries into namespaces.",
            (
                Line(rate("peerpigeon_connections_total"), "{{instance}} connected"),
                Line(rate("peerpigeon_disconnections_total"), "{{instance}} gone"),
                Line(rate("peerpigeon_joins_total"), "{{instance}} joined"),
                Line(rate("peerpigeon_takeovers_total"), "{{instance}} taken over"),
            ),
            "ops",
        ),
        Panel(
            "Signals by kind",
            "Delivered by all that are shown.",
            (Line(rate("peerpigeon_signals_total", "kind", ', outcome="delivered"'), "{{kind}}"),),
            "ops",
        ),
        Panel(
            "Signals by what became of them",
            "One over two hubs is passed on by the first and delivered by the second.",
            (Line(rate("peerpigeon_signals_total", "outcome"), "{{outcome}}"),),
            "ops",
        ),
        Panel(
            "Topics",
            "Messages that foreign clients publish, those that they hear, and those that are lost.",
            (Line(rate("peerpigeon_publications_total", "outcome"), "{{outcome}}"),),
            "ops",
        ),
        Panel(
            "Refusals",
            "Signals and clients, by reason, and requests, by status.",
            (
                Line(rate("peerpigeon_signals_refused_total", "reason"), "signal: {{reason}}"),
                Line(rate("peerpigeon_clients_closed_total", "reason"), "client: {{reason}}"),
                Line(rate("peerpigeon_requests_refused_total", "status"), "request: {{status}}"),
                Line(rate("peerpigeon_messages_refused_total", "job"), "message"),
            ),
            "ops",
        ),
        Panel(
            "Time within a hub",
            "From the read of a message to the write of what comes of it.",
            quantiles("peerpigeon_turn_seconds"),
            "s",
        ),
        Panel(
            "Loop lag",
            "By how much the event loop is late.",
            quantiles("peerpigeon_loop_lag_seconds"),
            "s",
        ),
    ),
    "Between hubs": (
        Panel(
            "Links",
            "By carrier.",
            (Line(gauge("peerpigeon_links", "instance, carrier"), "{{instance}} {{carrier}}"),),
        ),
        Panel(
            "Links opened, lost and failed",
            "In a second.",
            (
                Line(rate("peerpigeon_links_opened_total", "carrier"), "{{carrier}} opened"),
                Line(rate("peerpigeon_links_lost_total", "carrier"), "{{carrier}} lost"),
                Line(
                    rate("peerpigeon_link_attempts_failed_total", "carrier"), "{{carrier}} failed"
                ),
            ),
            "ops",
        ),
        Panel(
            "Round trips to other hubs",
            "Of signals, until they are acknowledged.",
            quantiles("peerpigeon_stream_round_trip_seconds", ', lane="signals"'),
            "s",
        ),
        Panel(
            "Retransmissions",
            "Part of what is sent to other hubs.",
            (
                Line(
                    f"{rate('peerpigeon_stream_retransmissions_total')}"
                    f" / {rate('peerpigeon_stream_sent_total')}"
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Hops",
            "Mean number, if the whole mesh is shown.",
            (
                Line(
                    f"{rate('peerpigeon_frames_total', 'job', PASSED)}"
                    f" / {rate('peerpigeon_frames_total', 'job', SENT)}",
                    "hops",
                ),
            ),
        ),
        Panel(
            "Queues",
            "What waits for other hubs.",
            (
                Line(gauge("peerpigeon_link_queue_bytes"), "{{instance}} links"),
                Line(gauge("peerpigeon_stream_kept_bytes"), "{{instance}} streams"),
            ),
            "bytes",
        ),
    ),
    "The machine": (
        Panel(
            "Traffic",
            "Received, and sent below.",
            (
                Line(rate("peerpigeon_received_bytes_total", "peer"), "{{peer}} in"),
                Line(f"-{rate('peerpigeon_sent_bytes_total', 'peer')}", "{{peer}} out"),
            ),
            "Bps",
        ),
        Panel(
            "Memory",
            "Of the process, and what is kept for others.",
            (
                Line(gauge("process_resident_memory_bytes"), "{{instance}} process"),
                Line(gauge("peerpigeon_memory_kept_bytes"), "{{instance}} kept"),
                Line(gauge("peerpigeon_memory_limit_bytes"), "{{instance}} limit of kept"),
            ),
            "bytes",
        ),
        Panel(
            "Processor",
            "1 is one core.",
            (Line(rate("process_cpu_seconds_total")),),
        ),
        Panel(
            "Descriptors",
            "Part of those that may be open.",
            (Line(f"process_open_fds{{{HERE}}} / process_max_fds{{{HERE}}}"),),
            "percentunit",
        ),
    ),
}


def board() -> str:
    """Return the board as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        panels.append({"type": "row", "title": title, "gridPos": place, "panels": []})
        top += 1
        across = 4 if len(row) == 4 else 3  # noqa: PLR2004 - as many as fill their lines
        for index, panel in enumerate(row):
            line, column = divmod(index, across)
            width = WIDTH // across
            place = {"h": HEIGHT, "w": width, "x": column * width, "y": top + line * HEIGHT}
            panels.append(_chart(panel, place))
        top += -(-len(row) // across) * HEIGHT
    for number, each in enumerate(panels, 1):
        each["id"] = number
    return json.dumps(_whole(panels), indent=2) + "\n"


def _chart(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": panel.text,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {"refId": chr(ord("A") + number), "expr": line.query, "legendFormat": line.legend}
            for number, line in enumerate(panel.lines)
        ],
    }


def _whole(panels: list[dict[str, Any]]) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "title": "PeerPigeon",
        "uid": "peerpigeon",
        "tags": ["peerpigeon"],
        "editable": True,
        "schemaVersion": 38,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                },
                {
                    "name": "job",
                    "label": "Mesh",
                    "type": "query",
                    "datasource": source,
                    "query": "label_values(peerpigeon_info, job)",
                    "refresh": 1,
                },
                {
                    "name": "instance",
                    "label": "Hub",
                    "type": "query",
                    "datasource": source,
                    "query": 'label_values(peerpigeon_info{job="$job"}, instance)',
                    "refresh": 2,
                    "includeAll": True,
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }
