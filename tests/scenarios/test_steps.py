"""What a line of a scenario file means, and what makes no sense."""

from typing import get_args

import pytest

from peerpigeon.scenario.play import rehearse
from peerpigeon.scenario.steps import (
    EXAMPLES,
    Clients,
    Connect,
    Cut,
    Deed,
    Hubs,
    Kill,
    Leave,
    Mend,
    ScenarioError,
    Start,
    Stop,
    read,
)


@pytest.mark.parametrize(
    ("sentence", "deed"),
    [
        ("8 hubs, at most 4 links each", Hubs(8, 4)),
        ("1 hub, at most 3 links each, without data channels", Hubs(1, 3, has_channels=False)),
        ("2 clients at each hub in namespace a", Clients(2, None, "a")),
        ("1 client at hub 3 in namespace pigeons", Clients(1, 3, "pigeons")),
        ("client 4 moves to hub 6", Connect((4,), 6)),
        ("clients 4 and 5 connect to hub 6", Connect((4, 5), 6)),
        ("client 4 leaves", Leave((4,))),
        ("kill hubs 1, 3 to 5 and 8", Kill((1, 3, 4, 5, 8))),
        ("stop hub 2", Stop((2,))),
        ("start   hub 9  # late", Start((9,))),
        ("cut hubs 1 to 4 off", Cut((1, 2, 3, 4))),
        ("mend the cut", Mend()),
    ],
)
def test_a_sentence_says_what_is_done(sentence: str, deed: Deed) -> None:
    (step,) = read(sentence)
    assert step.deed == deed
    assert step.rounds == 0


@pytest.mark.parametrize(
    ("sentence", "deed", "rounds"),
    [
        ("everyone signals everyone", None, 1),
        ("everyone signals everyone once", None, 1),
        ("everyone signals everyone twice", None, 2),
        ("everyone signals everyone 10 times", None, 10),
        ("kill hub 3 while everyone signals everyone 4 times", Kill((3,)), 4),
    ],
)
def test_everyone_signals_everyone(sentence: str, deed: Deed | None, rounds: int) -> None:
    (step,) = read(sentence)
    assert (step.deed, step.rounds) == (deed, rounds)


def test_empty_lines_and_remarks_say_nothing() -> None:
    steps = read("# a mesh\n\n2 hubs, at most 2 links each  # small\n\nkill hub 1\n")
    assert [(step.line, step.text) for step in steps] == [
        (3, "2 hubs, at most 2 links each"),
        (5, "kill hub 1"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "kill everybody",
        "kill hub",
        "kill hubs 3 and 3",
        "kill hubs 5 to 3",
        "kill hub 0",
        "Kill hub 3",
        "0 hubs, at most 3 links each",
        "8 hubs, at most 4000 links each",
        "everyone signals everyone 0 times",
        "everyone signals everyone ten times",
        "kill hub 3 while nobody looks",
        "2 clients at each hub",
    ],
)
def test_what_is_no_sentence_is_refused_with_its_line(sentence: str) -> None:
    with pytest.raises(ScenarioError, match=r"^line 2: "):
        read(f"3 hubs, at most 3 links each\n{sentence}")


@pytest.mark.parametrize(
    ("deeds", "complaint"),
    [
        (["kill hub 4"], "some are not there"),
        (["kill hub 3", "kill hubs 2 and 3"], "some are not there"),
        (["start hub 3"], "some are there"),
        (["4 hubs, at most 3 links each"], "first of all"),
        (["kill hub 3", "1 client at hub 3 in namespace a"], "hub 3 is not there"),
        (["1 client at hub 3 in namespace a", "client 2 leaves"], "some are not there"),
        (["client 1 connects to hub 1"], "some never came"),
        (["1 client at each hub in namespace a", "client 1 moves to hub 4"], "hub 4 is not there"),
        (["1 client at each hub in namespace a", "clients 1 and 2 move to hub 3"], "one at a time"),
        (["cut hub 9 off"], "some are not there"),
        (["cut hub 1 off", "start hub 4"], "while the network is cut"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_line(deeds: list[str], complaint: str) -> None:
    text = "\n".join(["3 hubs, at most 3 links each", *deeds])
    with pytest.raises(ScenarioError, match=f"^line {len(deeds) + 1}: .*{complaint}"):
        rehearse(text)


@pytest.mark.parametrize("text", ["", "# nothing", "everyone signals everyone"])
def test_a_scenario_begins_with_its_hubs(text: str) -> None:
    with pytest.raises(ScenarioError, match="how many hubs"):
        rehearse(text)


@pytest.mark.parametrize("sentence", EXAMPLES)
def test_each_sentence_that_is_shown_can_be_said(sentence: str) -> None:
    [step] = read(sentence)
    assert step.deed is not None or step.rounds


def test_who_says_what_cannot_be_understood_is_shown_what_can() -> None:
    with pytest.raises(ScenarioError) as refusal:
        read("hubs 1 dance")
    assert all(f"\n  {example}" in str(refusal.value) for example in EXAMPLES)


def test_there_is_a_sentence_of_each_kind() -> None:
    deeds = {type(step.deed) for example in EXAMPLES for step in read(example)}
    assert deeds >= set(get_args(Deed))
