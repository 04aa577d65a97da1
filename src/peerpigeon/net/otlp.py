"""Sends the spans of traced signals to an OpenTelemetry collector, from a thread of its own.

Where they go, and how, OpenTelemetry's own variables say: ``OTEL_EXPORTER_OTLP_ENDPOINT``,
``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_BSP_SCHEDULE_DELAY`` and so on.
A collector that is slow, or not there, costs spans and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from peerpigeon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.spans import Traced
    from peerpigeon.net.seldom import SeldomWarnings

SERVICE = "peerpigeon"
"""The service that spans are by, where ``OTEL_SERVICE_NAME`` names no other."""

MOST_WAITING = 2048
"""Spans that wait to be sent, of 3.6 kB at most: 5 s of the most that a hub makes. As many as wait
for OpenTelemetry by itself, of which it gives up the oldest and warns of each."""

LAST_SPANS = 2.0
"""Seconds that the last spans may take, for which the end of the server waits."""

_BILLION = 1_000_000_000


class _Overheard(logging.Filter):
    """Keeps from the log what the exporter says in the threads in which this module calls it.

    It says several things for each batch that fails. Of a collector that is not there a server
    warns itself, once a minute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def begin(self) -> list[str]:
        """Return where to look for what is said in this thread from now on."""
        self._here.said = said = list[str]()
        return said

    def filter(self, record: logging.LogRecord) -> bool:
        said: list[str] | None = getattr(self._here, "said", None)
        if said is None:
            return True  # by another exporter of the same program
        said.append(record.getMessage())
        return False


_overheard = _Overheard()
logging.getLogger(OTLPSpanExporter.__module__).addFilter(_overheard)


class _Watched(SpanExporter):
    """Counts what has been sent or given up, and tells why it was given up."""

    def __init__(self, failed: Callable[[str], object]) -> None:
        self._exporter = OTLPSpanExporter()
        self._failed = failed
        self.done = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        said = _overheard.begin()
        try:
            result = self._exporter.export(spans)
        finally:
            self.done += len(spans)
        if result is not SpanExportResult.SUCCESS:
            self._failed(said[0] if said else "")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _Given(IdGenerator):
    """Has names that the hub has drawn."""

    trace_id = span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class SpanSender:
    """What sends the spans of one hub."""

    def __init__(self, own: PeerId, warnings: SeldomWarnings) -> None:
        self._loop = asyncio.get_running_loop()
        self._warnings = warnings
        self._ids, self._made = _Given(), 0
        self._exporter = _Watched(self._failed)
        resource = Resource.create().merge(Resource({"service.instance.id": own}))
        if str(resource.attributes.get(SERVICE_NAME)).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: SERVICE}))
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # the hub of the sender has decided already
            resource=resource,
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter, MOST_WAITING))
        self._tracer = self._provider.get_tracer(SERVICE, __version__)

    @property
    def waiting(self) -> int:
        """How many spans are not sent or given up yet."""
        return self._made - self._exporter.done

    def send(self, traced: Traced, epoch: float) -> None:
        """Have a span sent soon, unless too many wait.

        ``epoch`` makes seconds since 1970 of its times.
        """
        if self.waiting >= MOST_WAITING:
            self._warn("the collector is too slow")
            return
        self._made += 1
        ids = self._ids
        ids.trace_id, ids.span_id = int.from_bytes(traced.trace), int.from_bytes(traced.span)
        context = Context()  # whatever else in this process is traced
        if traced.parent is not None:
            root = trace.SpanContext(
                ids.trace_id,
                int.from_bytes(traced.parent),
                is_remote=True,
                trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
            )
            context = trace.set_span_in_context(trace.NonRecordingSpan(root), context)
        span = self._tracer.start_span(
            f"{traced.step} {traced.kind}",
            context,
            attributes=_attributes(traced),
            start_time=_nanoseconds(epoch, traced.begin),
        )
        if traced.is_error:
            span.set_status(trace.StatusCode.ERROR, traced.outcome)
        span.end(_nanoseconds(epoch, traced.end))

    def _failed(self, reason: str) -> None:
        with suppress(RuntimeError):  # the loop has ended without waiting
            self._loop.call_soon_threadsafe(self._warn, reason)

    def _warn(self, reason: str) -> None:
        self._warnings.add(
            "spans of traced signals are lost, for the OpenTelemetry collector does not take them;"
            " OTEL_EXPORTER_OTLP_ENDPOINT says where it is",
            reason=reason,
        )

    async def close(self) -> None:
        """Send what is left, within ``LAST_SPANS``."""
        done = asyncio.Event()

        def finish() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(done.set)

        # A daemon, so that the process can end while a collector does not answer.
        threading.Thread(target=finish, name="last spans", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SPANS):
                await done.wait()


def _nanoseconds(epoch: float, time: float) -> int:
    # Apart, for seconds since 1970 leave a float only every 240th nanosecond.
    return int(epoch * _BILLION) + int(time * _BILLION)


def _attributes(traced: Traced) -> dict[str, str]:
    attributes = {
        "peerpigeon.signal.type": traced.kind,
        "peerpigeon.signal.outcome": traced.outcome,
        "peerpigeon.namespace": traced.namespace,
        "peerpigeon.sender": traced.sender,
        "peerpigeon.target": traced.target,
    }
    if traced.hub:
        attributes["peerpigeon.other_hub"] = traced.hub
    return attributes
