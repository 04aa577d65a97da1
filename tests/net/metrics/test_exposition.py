"""``/metrics`` in the words of Prometheus, by the one table of families."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from peerpigeon.core.counts import SECONDS
from peerpigeon.net.metrics.exposition import exposition
from peerpigeon.net.metrics.families import FAMILIES
from tests.net.metrics.pictures import HUB, A, B, busy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.metrics_core import Metric
    from prometheus_client.samples import Sample

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
WITH_VERSION = f"{OPEN_METRICS}; escaping=underscores"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


def metrics(*, is_hub: bool) -> dict[str, Metric]:
    """Return what the strict parser of OpenMetrics reads, by the names of the table."""
    text = exposition(busy(is_hub=is_hub), "application/openmetrics-text")[0].decode()
    read = openmetrics_parser.text_string_to_metric_families  # it has no annotations
    found: Iterable[Metric] = read(text)  # type: ignore[no-untyped-call]
    endings = {"counter": "_total", "info": "_info"}
    return {each.name + endings.get(each.type, ""): each for each in found}


def values(metric: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in metric.samples}


def test_a_hub_shows_the_families_of_the_table_and_no_others() -> None:
    shown = metrics(is_hub=True)
    expected = [each.name for each in FAMILIES if own(each.name)]
    assert [name for name in shown if own(name)] == expected
    for family in FAMILIES:
        if own(family.name):
            metric = shown[family.name]
            assert (metric.type, metric.documentation) == (family.kind, family.help), family.name
            labels = {
                tuple(label for label in each.labels if label != "le") for each in metric.samples
            }
            assert labels == {tuple(sorted(family.labels))}, family.name


def own(name: str) -> bool:
    return not name.startswith("process_")


@pytest.mark.skipif(sys.platform != "linux", reason="the library reads /proc")
def test_what_the_library_shows_of_the_process_is_in_the_table() -> None:
    shown = metrics(is_hub=False)
    expected = {each.name: (each.kind, each.unit) for each in FAMILIES if not own(each.name)}
    assert {name: each.type for name, each in shown.items() if not own(name)} == {
        name: kind for name, (kind, _) in expected.items()
    }


def test_a_plain_server_shows_nothing_of_a_mesh() -> None:
    shown = metrics(is_hub=False)
    assert not [name for name in shown if "hub" in name or "link" in name or "stream" in name]
    assert "peerpigeon_clients" in shown


def test_what_has_happened_is_shown() -> None:
    shown = metrics(is_hub=False)
    assert values(shown["peerpigeon_signals_total"]) | {
        ("offer", "delivered"): 1,
        ("renegotiation", "delivered"): 1,
        ("answer", "refused"): 1,
        ("answer", "delivered"): 0,
    } == values(shown["peerpigeon_signals_total"])
    assert values(shown["peerpigeon_signals_refused_total"]) == {("answer", "not_found"): 1}
    assert values(shown["peerpigeon_clients"]) == {(): 1}
    assert values(shown["peerpigeon_disconnections_total"]) == {("1001",): 1}
    assert values(shown["peerpigeon_clients_closed_total"]) == {("Invalid peerId format",): 1}
    assert values(shown["peerpigeon_messages_refused_total"]) == {(): 1}
    assert values(shown["peerpigeon_received_bytes_total"])["clients",] == 1000
    turns = {each.labels.get("le"): each.value for each in of(shown, "peerpigeon_turn_seconds")}
    assert (turns["0.0025"], turns["0.005"], turns["+Inf"]) == (0, 1, 1)


def of(shown: dict[str, Metric], name: str) -> list[Sample]:
    return [each for each in shown[name].samples if each.name.endswith("_bucket")]


def test_histograms_have_all_bounds() -> None:
    shown = metrics(is_hub=True)
    for family in FAMILIES:
        if family.kind == "histogram":
            bounds = {each.labels["le"] for each in of(shown, family.name)}
            assert bounds == {*map(str, SECONDS), "+Inf"}, family.name


def test_nothing_tells_who_is_there_and_in_which_namespace() -> None:
    text = exposition(busy(is_hub=True), None)[0].decode()
    for word in (A, B, HUB, "secret room", "192.0.2.1", "renegotiation-of-my-own", "any text"):
        assert word not in text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, TEXT),
        ("", TEXT),
        ("text/html", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("application/openmetrics-text", OPEN_METRICS),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", WITH_VERSION),
    ],
)
def test_who_asks_for_open_metrics_gets_it(accept: str | None, kind: str) -> None:
    body, told = exposition(busy(is_hub=False), accept)
    assert told == kind
    assert body.endswith(b"# EOF\n") == kind.startswith(OPEN_METRICS)
    names = {each.name for each in parser.text_string_to_metric_families(body.decode())}
    assert "peerpigeon_clients" in names


# The table


def test_names_follow_the_conventions_of_prometheus() -> None:
    for family in FAMILIES:
        name = family.name
        assert re.fullmatch(r"(peerpigeon|process)(_[a-z0-9]+)+", name)
        assert name.endswith("_total") == (family.kind == "counter"), name
        assert name.endswith("_info") == (family.kind == "info"), name
        assert not re.search(r"(milliseconds|minutes|kilobytes|_kb|_ms)", name)
        assert (family.unit == "seconds") or family.kind != "histogram", name
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_each_family_is_described_in_whole_sentences_with_its_labels() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"[A-Z0-9].*\.", family.help), family.name
        assert "  " not in family.help, family.name
