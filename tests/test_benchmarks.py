"""The benchmark suite, as small as it gets: that it works, not how fast anything is."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from benchmarks import across, soak, stampede, start, suite
from benchmarks import path as way
from benchmarks.flatness import MOST_FILES, Sample, judge
from benchmarks.generator import BenchmarkError, find_compiler
from benchmarks.roamers import KNOWN_WITHIN, Ledger, Sent, Stay

from tests.conftest import skip_group


def test_the_way_of_a_signal_is_measured_without_a_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(way, "ROUNDS", 1)
    monkeypatch.setattr(way, "SIGNALS", way.PAIRS * max(way.READS))
    way.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(way.SIZES) * len(way.READS)
    assert all(float(line.split()[-4]) > 0 for line in lines)


@pytest.mark.slow
def test_the_start_of_a_server_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["start", "--rounds", "1"])
    start.main()
    *_, row = capsys.readouterr().out.splitlines()
    assert all(float(cell) > 0 for cell in row.strip("| ").split(" | ")[1:])


def test_a_signal_is_lost_when_a_sender_that_stayed_has_heard_nothing_in_time() -> None:
    stayed, cut = (Stay("ws://hub", cast("Any", None), ended_at) for ended_at in (None, 5.0))
    ledger = Ledger()
    ledger.sent = {
        "came": Sent(1.0, stayed),
        "told": Sent(1.0, stayed),
        "lost": Sent(1.0, stayed),
        "cut": Sent(1.0, cut),
        "under way": Sent(2.0, stayed),
    }
    ledger.got["came"] += 1
    ledger.told.add("told")
    assert ledger.unknown(0.9 + KNOWN_WITHIN) == (0, 0)
    assert ledger.unknown(1.0 + KNOWN_WITHIN) == (1, 1)
    assert ledger.unknown(2.0 + KNOWN_WITHIN) == (2, 1)


MB = 1_000_000


def grown(*steps: tuple[int, int]) -> list[Sample]:
    """Samples of two at each step: memory in MB, and descriptors."""
    held = [step for step in steps for _ in range(2)]
    return [Sample(10.0 * at, memory * MB, files) for at, (memory, files) in enumerate(held)]


def test_memory_that_has_settled_after_the_first_quarter_is_flat() -> None:
    verdict = judge(grown((50, 9), (100, 20), (150, 90), (101, 20 + MOST_FILES)), 80.0)
    assert [*verdict.memory] == [100 * MB, 101 * MB]
    assert verdict.is_flat


@pytest.mark.parametrize("last", [(103, 20), (100, 21 + MOST_FILES)])
def test_memory_or_descriptors_that_grow_to_the_end_are_not_flat(last: tuple[int, int]) -> None:
    assert not judge(grown((100, 20), (100, 20), (100, 20), last), 80.0).is_flat


def test_too_few_samples_are_not_judged() -> None:
    with pytest.raises(ValueError, match="6 samples are too few"):
        judge(grown((1, 1), (1, 1), (1, 1)), 60.0)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.xdist_group("hubs")
def test_clients_and_links_of_hubs_come_and_go_while_their_memory_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a minute shows that it works; it takes an hour to show that nothing grows."""
    samples = tmp_path / "samples.jsonl"
    options = "--minutes 0.5 --clients 12 --fourth-every 3 --naps-every 8 --sample-every 2"
    soak.main([*options.split(), "--out", str(samples)])
    done, *verdicts = capsys.readouterr().out.splitlines()
    assert all(f" {what}" in done for what in ("arrived", "links of the fourth", "naps"))
    assert len(verdicts) == soak.HUBS
    assert {len(json.loads(line)) for line in samples.read_text().splitlines()} == {soak.HUBS}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize(("hubs", "members"), [(3, 10), (2, 300)])
def test_clients_of_a_hub_that_dies_come_back_to_the_others(hubs: int, members: int) -> None:
    """All of them are let in and introduced, and no signal of others is lost meanwhile."""
    try:
        find_compiler()
    except BenchmarkError as problem:
        skip_group("node", str(problem))
    outcome = stampede.of_mesh(hubs, 300, members, within=0.5, pairs=4)
    assert outcome.refused == {}
    assert outcome.row("3 hubs").startswith(f"| 3 hubs | 300 | {members} | 0 |")


@pytest.mark.slow
@pytest.mark.thorough
def test_a_namespace_of_several_hubs_is_filled() -> None:
    try:
        find_compiler()
    except BenchmarkError as problem:
        skip_group("node", str(problem))
    assert across.across(3, 300).startswith("300 clients in one namespace of 3 hubs: all ")


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.node
@pytest.mark.xdist_group("clients")
def test_the_suite_measures_every_figure_and_loses_no_signal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        suite.check_the_machine()
    except BenchmarkError as problem:
        skip_group("node", str(problem))
    path = tmp_path / "figures.json"
    assert suite.main(["--quick", "--json", str(path)]) == 0
    written = json.loads(path.read_text())
    text = capsys.readouterr().out
    assert written["machine"]["npm peerpigeon"] == "1.1.3"
    for figure in written["figures"]:
        assert figure["title"] in text
        assert figure["samples"]["ours"]
        assert all(value >= 0 for values in figure["samples"].values() for value in values)
    asked = {figure["key"] for figure in written["figures"] if figure["asked"]}
    assert {"relay-1000-1", "latency-p99", "idle-100-memory", "1 hop, aiortc-16-core"} <= asked
    assert {"outage-4-first", "outage-4-later"} <= asked
    assert {"peerjs-700-1", "topics-2", "topics-8", "tracker-8-5", "tracker-16-5"} <= asked
    assert {"tracker-8-0", "visit-peerjs-cpu", "visit-topics-memory", "visit-tracker-cpu"} <= asked
    assert {"across-publication", "across-ids", "across-pair"} <= asked
    assert {"install-size", "start-idle", "stampede-p99"} <= asked
