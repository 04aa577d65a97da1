"""Durations and sizes: as values of options, and as people write them."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

Seconds: TypeAlias = float
Bytes: TypeAlias = int

_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_BYTES |= {"kib": KIB, "mib": MIB, "gib": GIB}
SECONDS_OF: Mapping[str, float] = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
BYTES_OF: Mapping[str, float] = {"GiB": GIB, "MiB": MIB, "KiB": KIB}
"""The units in which values are shown, the largest first."""

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)")


class ConfigError(ValueError):
    """An option cannot be used; the message says which, with what value, and why."""

    def __init__(self, text: str, *options: str) -> None:
        super().__init__(text)
        self.options = options
        """The names of those that it is about, if they are known."""


def parse_seconds(name: str, text: str) -> Seconds:
    """Return the duration that ``text`` gives an option: ``10``, ``10s``, ``500ms``, ``5m``.

    Raises ``ConfigError`` for another text.
    """
    return _quantity(name, text, _SECONDS)


def parse_bytes(name: str, text: str) -> Bytes:
    """Return the size that ``text`` gives an option: ``65536``, ``64KiB``, ``1MB``.

    Raises ``ConfigError`` for another text.
    """
    return int(_quantity(name, text, _BYTES))


def _quantity(name: str, text: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        known = ", ".join(unit for unit in units if unit)
        raise ConfigError(f"{name} is {text!r}; write a number, with or without a unit ({known})")
    value = float(match[1]) * units[match[2].lower()]
    if not isfinite(value):
        raise ConfigError(f"{name} is {text!r}; it must be a finite number")
    return value
