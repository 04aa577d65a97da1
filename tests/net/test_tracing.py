"""Spans of signals, as a collector gets them, and collectors that do not take them."""

from __future__ import annotations

import logging
import random
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.spans import DELIVERED, Step, Traced
from peerpigeon.net import otlp
from peerpigeon.net.seldom import SeldomWarnings
from tests.net.client import Client, join, running
from tests.net.collector import collector
from tests.net.hubs import eventually, network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

A, B, NOBODY = "a" * 40, "b" * 40, "c" * 40
TRACE, ROOT, SPAN = b"t" * 16, b"r" * 8, b"s" * 8


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")


def at(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)


@asynccontextmanager
async def apart() -> AsyncIterator[tuple[PeerPigeonServer, PeerPigeonServer, Client, Client]]:
    """Run two hubs of which all signals are followed, and two clients that know each other."""
    async with (
        network(2, trace_every=1) as (one, other),
        await join(one, A) as sender,
        await join(other, B) as target,
    ):
        await sender.until("peer-discovered")
        await target.until("peer-discovered")
        yield one, other, sender, target


def attributes(span: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is written in the log where nobody has set any level."""
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


# A collector that takes them


async def test_a_signal_over_two_hubs_is_one_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as taken:
        at(monkeypatch, taken.endpoint)
        async with apart() as (one, other, sender, target):
            await sender.signal(B)
            assert (await target.until("offer"))["data"] == "x"
            await eventually(lambda: bool(taken.named("deliver offer")))
            await eventually(lambda: bool(taken.named("signal offer")))
    (root,), (delivered,) = taken.named("signal offer"), taken.named("deliver offer")
    forwarded = taken.named("forward offer")
    assert forwarded
    assert root.parent_span_id == b""
    for span in (delivered, *forwarded):
        assert (span.trace_id, span.parent_span_id) == (root.trace_id, root.span_id)
    assert attributes(root) == {
        "peerpigeon.signal.type": "offer",
        "peerpigeon.signal.outcome": "passed-on",
        "peerpigeon.namespace": "net1",
        "peerpigeon.sender": A,
        "peerpigeon.target": B,
        "peerpigeon.other_hub": other.hub_peer_id,
    }
    assert attributes(delivered)["peerpigeon.signal.outcome"] == "delivered"
    assert taken.services == {"peerpigeon"}
    assert taken.instances == {one.hub_peer_id, other.hub_peer_id}


async def test_a_signal_that_is_refused_has_the_status_of_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    with collector() as taken:
        at(monkeypatch, taken.endpoint)
        async with running(trace_every=1) as server, await join(server, A) as sender:
            await sender.signal(NOBODY)
            await sender.until("error")
    (root,) = taken.spans  # the last ones are sent before the server has stopped
    assert root.name == "signal offer"
    assert root.status.code == root.status.STATUS_CODE_ERROR
    assert root.status.message == "not-found"
    assert taken.services == {"mine"}


async def test_times_are_those_of_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as taken:
        at(monkeypatch, taken.endpoint)
        sender = otlp.SpanSender(PeerId(A), SeldomWarnings())
        sender.send(traced(begin=1.5, end=2.25), epoch=1_700_000_000.0)
        await sender.close()
    (span,) = taken.spans
    assert span.start_time_unix_nano == 1_700_000_001_500_000_000
    assert span.end_time_unix_nano == 1_700_000_002_250_000_000
    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE, SPAN, ROOT)


# None that takes them


def traced(begin: float = 0.0, end: float = 0.0) -> Traced:
    about = "offer", "net1", A, B
    return Traced(Step.DELIVER, TRACE, SPAN, ROOT, begin, end, DELIVERED, *about)


@pytest.fixture(autouse=True, scope="module")
def of_its_own() -> None:
    """Have exporters draw how long they wait from a ``Random`` of their own, also after the tests.

    Their threads go on for some seconds when a collector does not answer. In the tests that come
    then hypothesis would take them for strategies that use the global one, and refuse that.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("opentelemetry.exporter.") and hasattr(module, "random"):
            vars(module)["random"] = random.Random(1)


@contextmanager
def silent_port() -> Iterator[str]:
    """A port where connections are taken, and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_signals_do_not_wait_for_a_collector_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp, "LAST_SPANS", 0.1)
    monkeypatch.setattr(otlp, "MOST_WAITING", 512)
    with silent_port() as endpoint:
        at(monkeypatch, endpoint)
        async with apart() as (_, _, sender, target):
            for number in range(1000):
                await sender.signal(B, data=number)
            for number in range(1000):
                assert (await target.until("offer"))["data"] == number
    assert len(lines(caplog)) <= 2  # one of each hub


async def test_spans_that_nobody_takes_are_few_and_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(otlp, "MOST_WAITING", 512)
    monkeypatch.setattr(otlp, "LAST_SPANS", 0.1)
    with silent_port() as endpoint:
        at(monkeypatch, endpoint)
        sender = otlp.SpanSender(PeerId(A), SeldomWarnings())
        for _ in range(5000):
            sender.send(traced(), 0.0)
        assert sender.waiting == 512
        await sender.close()
    (line,) = lines(caplog)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in line
    assert 'reason="the collector is too slow"' in line


@pytest.mark.slow  # it is tried again after a second
async def test_a_collector_that_is_down_is_told_of_once_with_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    with silent_port() as endpoint:
        pass  # nobody listens there any more
    at(monkeypatch, endpoint)
    sender = otlp.SpanSender(PeerId(A), SeldomWarnings())
    for _ in range(2):  # batches
        sender.send(traced(), 0.0)
        await eventually(lambda: sender.waiting == 0)
    await sender.close()
    (line,) = lines(caplog)
    assert endpoint.rpartition(":")[2] in line


async def test_what_another_exporter_of_the_program_says_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger(OTLPSpanExporter.__module__).warning("mine")
    assert lines(caplog) == ["mine"]


# Without OpenTelemetry


async def test_a_server_without_opentelemetry_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "peerpigeon.net.otlp", None)
    server = PeerPigeonServer(host="127.0.0.1", port=0, trace_every=7)
    with pytest.raises(ConfigError, match=r"trace_every is 7.*pip install 'peerpigeon\[otel\]'"):
        await server.start()
    assert server.port == 0


async def test_variables_that_opentelemetry_refuses_are_an_error_of_the_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096")
    with pytest.raises(ConfigError, match="OpenTelemetry says: max_export_batch_size"):
        await PeerPigeonServer(host="127.0.0.1", port=0, trace_every=7).start()


PROGRAM = """
import asyncio, sys
from peerpigeon import PeerPigeonServer

async def main():
    async with PeerPigeonServer(host="127.0.0.1", port=0, is_hub=True, trace_every={every}):
        print(any(each.partition(".")[0] == "opentelemetry" for each in sys.modules))

asyncio.run(main())
"""


@pytest.mark.parametrize(("every", "loaded"), [(0, "False"), (1, "True")])
def test_opentelemetry_is_loaded_by_those_alone_that_trace(every: int, loaded: str) -> None:
    program = PROGRAM.format(every=every)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{loaded}\n", done.stderr
