"""Log lines of what strangers can cause as often as they like: what was refused, or went wrong."""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.interface.notices import Warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.interface.actions import Warn

logger = logging.getLogger(__name__)

INTERVAL = 60.0
"""Seconds between two lines of one kind."""

MOST_KINDS = 64
"""Kinds of which a line was written within ``INTERVAL``. Ours are fewer; where the text of a
stranger makes kinds, all beyond count as one."""

LONGEST = 100
"""Characters of a stranger's text in a line; he may write 16 Ki."""

_REST = "more has been refused than is told of one by one"


_VALUES = re.compile(r"'.*'|\".*\"|`.*`|[0-9]+")


def generic(text: str) -> str:
    """Return a text without what is quoted or counted in it: what all of its kind have."""
    return _VALUES.sub("", text)


class _Kind(msgspec.Struct):
    is_due_at: float
    held_back: int = 0


class SeldomWarnings:
    """The warnings of one server: of each kind one line a minute, which says how many were like it.

    A kind is a text without what it is about: the address, and what else differs from one time to
    the next. So no line hides one with another reason. With the level ``DEBUG`` every line is
    written. ``tell`` hears of those that are written at the usual level.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[Warned], object] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._kinds: dict[str, _Kind] = {}

    def add(self, text: str, address: str = "", *, kind: str = "", **details: str) -> None:
        """Warn of something, unless a line of its kind was written within ``INTERVAL``.

        ``text`` says what is wrong and what to do; it is the kind itself if none is given.
        ``address`` is where it comes from, ``details`` are values that strangers may have chosen.
        """
        now = self._clock()
        known = self._known(kind or text, now)
        if known is None:
            known, text = self._known(_REST, now, is_last=True) or _Kind(now), _REST
        if now < known.is_due_at:
            known.held_back += 1
            if logger.isEnabledFor(logging.DEBUG):
                self._write(logging.DEBUG, text, address, details)
            return
        known.is_due_at = now + INTERVAL
        self._tell(Warned(_sentence(text, _shown(details)), address))
        if known.held_back:
            details = details | {"more": str(known.held_back)}
            known.held_back = 0
        self._write(logging.WARNING, text, address, details)

    def take(self, warn: Warn) -> None:
        """Warn of what a hub asks to warn of."""
        kind = f"{warn.text} {generic(warn.reason)} {warn.apart}"
        details = {"peer": warn.peer, "reason": "" if warn.reason in warn.text else warn.reason}
        self.add(warn.text, warn.address, kind=kind, **details)

    def _known(self, kind: str, now: float, *, is_last: bool = False) -> _Kind | None:
        """Return what is known of a kind; ``None`` if it is new and there are too many."""
        known = self._kinds.get(kind)
        if known is None:
            if len(self._kinds) >= MOST_KINDS:
                self._kinds = {
                    each: one
                    for each, one in self._kinds.items()
                    if one.held_back or now < one.is_due_at
                }
            if len(self._kinds) >= MOST_KINDS and not is_last:
                return None
            known = self._kinds[kind] = _Kind(now)
        return known

    def _write(self, level: int, text: str, address: str, details: dict[str, str]) -> None:
        fields = _shown({"address": address, **details})
        logger.log(level, "%s", _sentence(text, fields), extra={"told": (text, fields)})


def _shown(details: dict[str, str]) -> dict[str, str]:
    return {name: value[:LONGEST] for name, value in details.items() if value}


def _sentence(text: str, fields: dict[str, str]) -> str:
    """Return a text with its fields as one line, in which no stranger can begin another one."""
    said = " ".join(f"{name}={plain(value)}" for name, value in fields.items())
    return f"{text}  {said}" if said else text


def plain(value: str) -> str:
    """Return a value for a line: quoted unless it is nothing but visible letters of ASCII."""
    is_plain = value.isascii() and value.isprintable() and " " not in value and '"' not in value
    return value if is_plain and value else json.dumps(value)
