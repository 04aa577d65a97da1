"""The page, the board and the alert rules speak of the metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from peerpigeon.net.metrics.exposition import exposition
from peerpigeon.net.metrics.families import FAMILIES
from tests.docs.pages import ROOT
from tests.net.metrics.pictures import busy

sys.path.append(str(ROOT / "scripts"))
import board
import metrics

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
RULE_TESTS = Path(__file__).parent / "alerts_test.yml"
PAGE = metrics.PAGE.read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:peerpigeon|process)_\w+")
ALERTS = re.findall(r"- alert: (\w+)", RULES.read_text())

SAMPLES = {
    f"{family.name}{ending}"
    for family in FAMILIES
    for ending in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
}
"""What can be asked for."""


def queries() -> list[str]:
    """Return all queries of the board, as Grafana sends them."""
    whole = json.loads(metrics.BOARD.read_text())
    found = [target["expr"] for panel in whole["panels"] for target in panel.get("targets", ())]
    words = {"$__rate_interval": "1m", "$job": "peerpigeon", "$instance": ".*"}
    for word, value in words.items():
        found = [query.replace(word, value) for query in found]
    assert len(found) > 20
    return found


def names_in(text: str) -> set[str]:
    return set(NAME.findall(text))


def test_the_page_has_the_table_of_the_code() -> None:
    assert metrics.renewed(PAGE) == PAGE, "docs/metrics.md is stale; run `make metrics`"


def test_the_board_is_the_one_that_is_written_down() -> None:
    written = metrics.BOARD.read_text()
    assert board.board() == written, "deploy/grafana/peerpigeon.json is stale; run `make metrics`"


def test_the_board_asks_for_metrics_that_there_are() -> None:
    asked = set[str]().union(*map(names_in, queries()))
    assert asked - SAMPLES == set()


def test_each_family_that_changes_is_on_the_board_or_in_an_alert_or_only_in_the_table() -> None:
    """Nothing is shown that an operator has to know of and that nobody looks at."""
    seen = set[str]().union(*map(names_in, queries()), names_in(RULES.read_text()))
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in seen}
    unseen = {family.name for family in FAMILIES} - bare
    assert unseen == {
        "peerpigeon_info",
        "peerpigeon_start_time_seconds",
        "peerpigeon_memory_relieved_total",
        "peerpigeon_clients_announced",
        "peerpigeon_topics",
        "peerpigeon_draws_waiting",
        "peerpigeon_draws_dropped_total",
        "peerpigeon_namespaces",
        "peerpigeon_clients_slowed",
        "peerpigeon_clients_behind",
        "peerpigeon_sockets_closing",
        "peerpigeon_requests_open",
        "peerpigeon_signals_waiting",
        "peerpigeon_mesh_ready",
        "peerpigeon_mesh_migrated",
        "peerpigeon_frames_dropped_total",
        "peerpigeon_stream_unacknowledged",
        "peerpigeon_stream_queued",
        "peerpigeon_news_unusable_total",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
    }


def test_the_rules_ask_for_metrics_that_there_are() -> None:
    assert names_in(RULES.read_text()) - SAMPLES == set()


def test_each_alert_has_an_entry_on_the_page_that_it_names_and_a_test() -> None:
    entries = re.findall(r"^### (PeerPigeon\w+)$", PAGE, re.MULTILINE)
    assert entries == ALERTS
    runbooks = re.findall(r"runbook: docs/metrics\.md#(\w+)", RULES.read_text())
    assert runbooks == [alert.lower() for alert in ALERTS]
    tested = re.findall(r"alertname: (\w+)", RULE_TESTS.read_text())
    assert set(tested) == set(ALERTS)


def test_the_page_speaks_of_metrics_that_there_are() -> None:
    assert names_in(PAGE) - SAMPLES - {family.name for family in FAMILIES} == set()


# By the programs of Prometheus


def promtool(*arguments: str | Path, given: str | bytes = "") -> str:
    given = given if isinstance(given, bytes) else given.encode()
    done = subprocess.run(
        ["promtool", *map(str, arguments)],
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@pytest.mark.prometheus
def test_promtool_has_nothing_to_say_against_the_metrics() -> None:
    for is_hub in (True, False):
        assert promtool("check", "metrics", given=exposition(busy(is_hub=is_hub), None)[0]) == ""


@pytest.mark.prometheus
def test_promtool_takes_the_rules_and_the_configuration() -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", RULES)
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")


@pytest.mark.prometheus
def test_promtool_takes_the_queries_of_the_board(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    file = tmp_path / "board.yml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))  # JSON is YAML
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


@pytest.mark.prometheus
def test_each_alert_fires_when_it_should_and_not_before() -> None:
    promtool("test", "rules", RULE_TESTS)
