"""Why a signal was not delivered: a word for programs, and a text for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from peerpigeon.core.wire.nesting import DEEPEST

_LONGEST = 40  # characters; the sender is told the word


class Reason(StrEnum):
    """Why a signal was not delivered, as it goes over the wire.

    The list may grow within one version of the protocol: a word that this hub does not know is
    kept, and ``text`` says as much as can be said.
    """

    NOT_ANNOUNCED = "not-announced"
    NOT_FOUND = "not-found"
    UNSUPPORTED = "unsupported"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    OVERLOADED = "overloaded"
    RESTARTED = "hub restarted"
    REPLACED = "replaced"
    TOO_DEEP = "too-deep"

    @property
    def text(self) -> str:
        """The end of a sentence for the one who sent the signal."""
        return _TEXTS.get(self, "the hub of that peer gives a reason that this hub does not know")

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or len(value) > _LONGEST:
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown


_TEXTS = {
    Reason.NOT_ANNOUNCED: "you have not announced yourself in the namespace it names",
    Reason.NOT_FOUND: "there is no such peer in your namespace",
    Reason.UNSUPPORTED: "the hub of that peer passes on offers, answers and candidates only",
    Reason.SUPERSEDED: "the offer you have sent yourself goes before",
    Reason.EXPIRED: "the hub of that peer could not be reached in time",
    Reason.OVERLOADED: "too many signals are waiting already",
    Reason.RESTARTED: "the hub of that peer was restarted",
    Reason.TOO_DEEP: f"its data has more than {DEEPEST} arrays and objects one inside the other",
    Reason.REPLACED: "your id is connected at another hub by now",
}
