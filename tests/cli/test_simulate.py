"""``peerpigeon simulate`` as its user sees it."""

import json
from pathlib import Path
from typing import Any

import pytest

from peerpigeon.cli.simulate import main

SMALL = ("--hubs", "6", "--clients", "12", "--signals", "60", "--minutes", "0.5")

FIELDS = {
    "hubs",
    "components",
    "max_links",
    "mean_hops",
    "diameter",
    "signals_sent",
    "signals_delivered",
    "signals_refused",
    "signals_lost",
    "signals_repeated",
    "signals_out_of_order",
    "messages_per_signal",
    "heal_seconds",
    "control_bytes_per_hub_second",
    "trace_hash",
}


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*SMALL, *arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert isinstance(report, dict)
    return report


def test_all_figures_are_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = findings(capsys)
    assert set(found) >= FIELDS
    assert (found["hubs"], found["components"], found["max_links"]) == (6, 1, 3)
    assert found["signals_sent"] == found["signals_delivered"] == 60
    assert found["heal_seconds"] is None
    assert found["mean_hops"] == pytest.approx(1.4)
    assert found["messages_per_signal"] < 2 * found["mean_hops"]
    assert found["control_bytes_per_hub_second"] > 10
    assert found["plan"]["clients"] == 12


def test_the_same_seed_gives_the_same_history(capsys: pytest.CaptureFixture[str]) -> None:
    hashes = [findings(capsys, "--seed", seed)["trace_hash"] for seed in ("1", "1", "2")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_survivors_of_a_massacre_are_one_mesh_again(capsys: pytest.CaptureFixture[str]) -> None:
    found = findings(capsys, "--kill", "2")
    assert (found["hubs_alive"], found["components"]) == (4, 1)
    assert found["heal_seconds"] <= 10.0
    assert found["signals_lost"] == 0


def test_a_parted_network_is_one_mesh_again(capsys: pytest.CaptureFixture[str]) -> None:
    found = findings(capsys, "--partition", "20")
    assert found["components"] == 1
    assert found["heal_seconds"] <= 30.0


def test_clients_may_come_and_go(capsys: pytest.CaptureFixture[str]) -> None:
    found = findings(capsys, "--churn", "20", "--namespaces", "2")
    assert found["signals_sent"] > 40
    assert found["signals_lost"] == 0


def test_a_rough_network_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    rough = ("--loss", "0.02", "--jitter", "0.2", "--no-p2p", "0.3")
    found = findings(capsys, *rough)
    assert found["signals_delivered"] == found["signals_sent"] == 60


@pytest.mark.parametrize(
    ("seed", "loss", "partition"),
    [
        (7, 0.3, 0),  # two signals that arrive are told as expired
        (5, 0.2, 0),  # the answer to one is 15 s late on the line of its sender
        (4, 0.2, 20),  # a hub keeps a third link by which another one hangs
    ],
)
def test_what_the_protocol_allows_where_many_packets_are_lost_is_no_fault(
    seed: int, loss: float, partition: int, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ("--signals", "200", "--max-peers", "2", "--partition", f"{partition}")
    found = findings(capsys, *many, "--loss", f"{loss}", "--seed", f"{seed}")
    assert found["signals_lost"] == found["signals_refused_wrongly"] == 0
    assert found["max_links"] in (2, None)


def test_people_get_a_short_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--kill", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 15
    assert any(line.startswith("hubs ") and "5 of 6 alive" in line for line in lines)
    assert any(line.startswith("trace ") for line in lines)


def test_a_mesh_in_which_links_break_all_the_time_is_said_to_be_never_at_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--hubs", "4", "--clients", "0", "--minutes", "0.2", "--loss", "0.6"])
    assert "never at rest" in capsys.readouterr().out


def test_a_mesh_without_clients_is_tried_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--hubs", "3", "--clients", "0", "--minutes", "0.1"]) == 0
    assert "0 sent" in capsys.readouterr().out


def test_a_picture_is_drawn_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "mesh.svg"
    findings(capsys, "--picture", str(picture))
    assert picture.read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--kill", "6"), "kill is 6"),
        (("--loss", "1.5"), "loss is 1.5"),
        (("--max-peers", "1"), "max_peers is 1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, *arguments]) == 2
    assert complaint in capsys.readouterr().err
