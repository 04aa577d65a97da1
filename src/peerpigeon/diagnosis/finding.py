"""One thing that was looked at, how it is, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    """It may be meant, or could not be seen."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found."""

    verdict: Verdict
    check: str
    """A word for what was looked at, such as ``tls``."""
    about: str
    """Which address or server it is about."""
    text: str
    """What was seen."""
    remedy: str = ""
    """What to do about it; empty if nothing."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self)

    def line(self) -> str:
        """Return it for people."""
        said = f"{self.text}; {self.remedy}" if self.remedy else self.text
        return f"{self.verdict:<8} {self.check:<11} {self.about}: {said}"


def ok(check: str, about: str, text: str) -> Finding:
    """Return that a thing is as it should be."""
    return Finding(Verdict.OK, check, about, text)


def warning(check: str, about: str, text: str, remedy: str = "") -> Finding:
    """Return that a thing may not be as it should."""
    return Finding(Verdict.WARNING, check, about, text, remedy)


def wrong(check: str, about: str, text: str, remedy: str) -> Finding:
    """Return that a thing does not work."""
    return Finding(Verdict.WRONG, check, about, text, remedy)
