"""What a scenario file can say: a sentence a line, each a step that changes the mesh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1000
"""Hubs, clients and rounds of signals in one sentence at most."""


class ScenarioError(ValueError):
    """A scenario cannot be played; the message says which line, and why."""


@dataclass(frozen=True, slots=True)
class Hubs:
    """So many hubs form a mesh: what each scenario begins with."""

    count: int
    most_links: int
    has_channels: bool = True
    """Whether hubs can have data channels; else they have WebSockets only."""


@dataclass(frozen=True, slots=True)
class Clients:
    """New clients come, all at once."""

    count: int
    hub: int | None
    """Where; ``None`` is at each hub that lives."""
    namespace: str


@dataclass(frozen=True, slots=True)
class Connect:
    """Clients go to a hub, under the ids they had; those that were at another leave it."""

    clients: tuple[int, ...]
    hub: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Clients say goodbye."""

    clients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """Processes of hubs end at one instant, without a word."""

    hubs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Hubs are asked to end."""

    hubs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Hubs start: new ones, or such as have ended, where they were and under their old ids."""

    hubs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """The network is cut between some hubs, with their clients, and all the others."""

    hubs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mend:
    """The cut is over."""


Deed: TypeAlias = Hubs | Clients | Connect | Leave | Kill | Stop | Start | Cut | Mend


IN_VIRTUAL_TIME_ONLY = (Cut, Mend)
"""What the simulator alone can do: the network of a real machine is not ours to cut."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a scenario."""

    line: int
    text: str
    deed: Deed | None
    rounds: int = 0
    """So often everyone signals everyone, before and after the deed."""


_NUMBERS = r"(\d+(?:(?:, | and | to )\d+)*)"
_TIMES = {"": 1, " once": 1, " twice": 2}
_SIGNALS = re.compile(r"everyone signals everyone( once| twice| \d+ times)?")


def _hubs(count: str, most: str, without: str | None) -> Deed:
    return Hubs(_count(count), _count(most), has_channels=without is None)


def _clients(count: str, hub: str | None, namespace: str) -> Deed:
    return Clients(_count(count), None if hub is None else int(hub), namespace)


def _connect(clients: str, hub: str) -> Deed:
    return Connect(_list(clients), int(hub))


_SENTENCES: tuple[tuple[str, Callable[..., Deed], str], ...] = (
    (
        r"(\d+) hubs?, at most (\d+) links each(, without data channels)?",
        _hubs,
        "8 hubs, at most 3 links each",
    ),
    (
        r"(\d+) clients? at (?:each hub|hub (\d+)) in namespace (\S+)",
        _clients,
        "2 clients at each hub in namespace chess",
    ),
    (
        rf"clients? {_NUMBERS} (?:connects?|moves?) to hub (\d+)",
        _connect,
        "clients 1 and 4 move to hub 3",
    ),
    (
        rf"clients? {_NUMBERS} leaves?",
        lambda numbers: Leave(_list(numbers)),
        "clients 2 to 5 leave",
    ),
    (rf"kill hubs? {_NUMBERS}", lambda numbers: Kill(_list(numbers)), "kill hubs 1 and 5"),
    (rf"stop hubs? {_NUMBERS}", lambda numbers: Stop(_list(numbers)), "stop hub 2"),
    (rf"start hubs? {_NUMBERS}", lambda numbers: Start(_list(numbers)), "start hubs 1 and 5"),
    (rf"cut hubs? {_NUMBERS} off", lambda numbers: Cut(_list(numbers)), "cut hubs 3 to 5 off"),
    (r"mend the cut", Mend, "mend the cut"),
)
"""How a deed is said, what it is, and an example."""

_SIGNALS_EXAMPLES = (
    "everyone signals everyone twice",
    "kill hub 4 while everyone signals everyone",
)

EXAMPLES = (*(example for _, _, example in _SENTENCES), *_SIGNALS_EXAMPLES)
"""A sentence of each kind."""


def examples() -> str:
    """Return a sentence of each kind, a line each."""
    return "\n".join(f"  {example}" for example in EXAMPLES)


def read(text: str) -> list[Step]:
    """Return the steps that the text of a scenario file says.

    Empty lines, and what follows a ``#``, say nothing. Raises ``ScenarioError``.
    """
    steps = []
    for line, sentence in enumerate(text.splitlines(), 1):
        words = " ".join(sentence.partition("#")[0].split())
        if words:
            try:
                steps.append(_step(line, words))
            except ScenarioError as error:
                raise ScenarioError(f"line {line}: {error}") from None
    return steps


def _step(line: int, words: str) -> Step:
    deed, is_both, signals = words.partition(" while ")
    if not is_both and _SIGNALS.fullmatch(words):
        deed, signals = "", words
    return Step(line, words, _deed(deed) if deed else None, _rounds(signals) if signals else 0)


def _rounds(words: str) -> int:
    match = _SIGNALS.fullmatch(words)
    if match is None:
        raise ScenarioError(f"cannot make sense of {words!r}; say {_SIGNALS_EXAMPLES[0]}")
    times = match[1] or ""
    return _TIMES[times] if times in _TIMES else _count(times.split()[0])


def _deed(words: str) -> Deed:
    for pattern, build, _ in _SENTENCES:
        match = re.fullmatch(pattern, words)
        if match is not None:
            return build(*match.groups())
    raise ScenarioError(f"cannot make sense of {words!r}; say for example\n{examples()}")


def _count(digits: str) -> int:
    count = int(digits)
    if not 1 <= count <= MOST:
        raise ScenarioError(f"{count} is not between 1 and {MOST}")
    return count


def _list(words: str) -> tuple[int, ...]:
    """Return the numbers that ``1, 3 to 5 and 8`` says."""
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", words):
        numbers.extend(range(_count(first), _count(last or first) + 1))
    if len(set(numbers)) < len(numbers) or not numbers:
        raise ScenarioError(f"cannot make sense of {words!r}")
    return tuple(numbers)
