"""The part of the table of metrics that has to do with other hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from peerpigeon.net.metrics.family import Family, by_label, one

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from peerpigeon.core.interface.figures import MeshFigures, StreamFigures
    from peerpigeon.net.metrics.family import Value, Values
    from peerpigeon.net.metrics.picture import Picture


def of_hub(read: Callable[[Picture], Values]) -> Callable[[Picture], Values]:
    """Return what reads values that a plain server does not have."""
    return lambda picture: read(picture) if picture.snapshot.is_hub else ()


def of_mesh(read: Callable[[MeshFigures], Values]) -> Callable[[Picture], Values]:
    """Return what reads values of a hub's mesh."""

    def values(picture: Picture) -> Values:
        mesh = picture.figures.mesh
        return () if mesh is None else read(mesh)

    return values


def of_streams(read: Callable[[StreamFigures], Value]) -> Callable[[Picture], Values]:
    """Return what reads a value for each lane."""
    return of_mesh(lambda mesh: [((lane,), read(each)) for lane, each in mesh.streams.items()])


def of_carriers(read: Callable[[MeshFigures], Mapping[str, int]]) -> Callable[[Picture], Values]:
    """Return what reads a value for each carrier."""
    return of_mesh(lambda mesh: [((carrier,), number) for carrier, number in read(mesh).items()])


MESH: Final = (
    Family(
        "peerpigeon_mesh_ready",
        "gauge",
        "1 while the hub has enough data channels to other hubs (`hubMesh.ready` of `/health`).",
        of_hub(one(lambda p: p.snapshot.mesh.ready)),
    ),
    Family(
        "peerpigeon_mesh_migrated",
        "gauge",
        "1 once the hub has left its WebSockets to other hubs.",
        of_hub(one(lambda p: p.snapshot.mesh.migrated)),
    ),
    Family(
        "peerpigeon_hubs",
        "gauge",
        "Hubs of the mesh as this one knows it, itself included.",
        of_hub(one(lambda p: p.snapshot.mesh.known_hubs)),
    ),
    Family(
        "peerpigeon_links",
        "gauge",
        "Hubs linked over each `carrier`: `p2p` is a data channel, `local` leads to a worker.",
        of_hub(
            by_label(
                lambda p: {
                    "p2p": p.snapshot.mesh.p2p_links,
                    "websocket": p.snapshot.mesh.websocket_links,
                    "local": p.snapshot.mesh.local_links,
                }
            )
        ),
        ("carrier",),
    ),
    Family(
        "peerpigeon_links_opened_total",
        "counter",
        "Links over which another hub was let in.",
        of_carriers(lambda mesh: mesh.links_opened),
        ("carrier",),
    ),
    Family(
        "peerpigeon_links_lost_total",
        "counter",
        "Those of them that ended other than in good order.",
        of_carriers(lambda mesh: mesh.links_lost),
        ("carrier",),
    ),
    Family(
        "peerpigeon_link_attempts_failed_total",
        "counter",
        "Attempts to open a link that led to none.",
        of_carriers(lambda mesh: mesh.attempts_failed),
        ("carrier",),
    ),
    Family(
        "peerpigeon_frames_total",
        "counter",
        "Frames on their way from hub to hub: `sent` by this one, `passed_on` for others, or given "
        "up here because there was `no_way`. In a whole mesh, (sent + passed on) / sent is the "
        "mean number of hops.",
        of_mesh(lambda mesh: [((step,), number) for step, number in mesh.frames.items()]),
        ("step",),
    ),
    Family(
        "peerpigeon_frames_dropped_total",
        "counter",
        "Frames left out because too much waited for a link; what matters is sent again.",
        of_hub(one(lambda p: p.shell.link_dropped)),
    ),
    Family(
        "peerpigeon_link_queue_bytes",
        "gauge",
        "Bytes that wait for links to other hubs.",
        of_hub(one(lambda p: p.shell.link_queue)),
    ),
    Family(
        "peerpigeon_stream_sent_total",
        "counter",
        "Pieces of news sent to other hubs, each counted once, by `lane`: `signals` of clients, "
        "and `control` for what hubs say of namespaces.",
        of_streams(lambda streams: streams.sent),
        ("lane",),
    ),
    Family(
        "peerpigeon_stream_retransmissions_total",
        "counter",
        "Times that a piece of news was sent again.",
        of_streams(lambda streams: streams.repeated),
        ("lane",),
    ),
    Family(
        "peerpigeon_stream_unacknowledged",
        "gauge",
        "Pieces of news that are sent and not acknowledged.",
        of_streams(lambda streams: streams.unacknowledged),
        ("lane",),
    ),
    Family(
        "peerpigeon_stream_queued",
        "gauge",
        "Signals that wait here because enough are on their way to their hub.",
        of_streams(lambda streams: streams.queued),
        ("lane",),
    ),
    Family(
        "peerpigeon_stream_kept_bytes",
        "gauge",
        "Bytes that are kept of both.",
        of_streams(lambda streams: streams.size),
        ("lane",),
    ),
    Family(
        "peerpigeon_stream_round_trip_seconds",
        "histogram",
        "From when a piece of news is sent to another hub until it is acknowledged, which waits up "
        "to 50 ms for others; one piece at a time in each stream is timed.",
        of_streams(lambda streams: streams.round_trips),
        ("lane",),
    ),
    Family(
        "peerpigeon_news_unusable_total",
        "counter",
        "Pieces of other hubs' news that made no sense here.",
        of_hub(one(lambda p: p.snapshot.news_unusable)),
    ),
    Family(
        "peerpigeon_forged_total",
        "counter",
        "Adverts and frames that were not by the hub that they named, in a mesh with identities.",
        of_hub(one(lambda p: p.snapshot.mesh.forged)),
    ),
)
