"""From the texts of an environment or a command line to the values of options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

KIB = 1024
MIB = 1024 * KIB


class ConfigError(ValueError):
    """An option cannot be used; the message says which, with what value, and why."""


_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "kib": KIB, "mib": MIB}
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)")


def parse_value(option: Field[Any], text: str) -> Any:  # noqa: ANN401 - each has its own type
    """Return the value that ``text`` gives an option.

    Durations may carry a unit (``10s``, ``500ms``, ``5m``) and sizes too (``64KiB``).
    Raises ``ConfigError`` if the text is no such value.
    """
    name, unit = option.name, option.metadata.get("unit")
    text = text.strip()
    if unit == "seconds":
        return _quantity(name, text, _SECONDS)
    if unit == "bytes":
        return int(_quantity(name, text, _BYTES))
    if isinstance(option.default, bool) or unit == "switch":
        return parse_switch(name, text)
    if isinstance(option.default, int):
        if not re.fullmatch(r"[0-9]{1,12}", text):
            raise ConfigError(f"{name} is {text!r}; write a whole number")
        return int(text)
    if isinstance(option.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def parse_switch(name: str, text: str) -> bool:
    """Return whether ``text`` says yes. Raises ``ConfigError`` if it says neither yes nor no."""
    if text.strip().lower() not in _BOOLEANS:
        raise ConfigError(f"{name} is {text!r}; write true or false")
    return _BOOLEANS[text.strip().lower()]


def _quantity(name: str, text: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2].lower() not in units:
        known = ", ".join(unit for unit in units if unit)
        raise ConfigError(f"{name} is {text!r}; write a number, with or without a unit ({known})")
    return float(match[1]) * units[match[2].lower()]
