"""The tables of options in the README agree with the options."""

from __future__ import annotations

from peerpigeon.core.config import OPTIONS, ConfigError, parse_option
from tests.docs.pages import code_in, tables

NOT_SET = {
    "none", "any", "off", "on the loopback", "one at port 3000", "where it listens",
    "by the machine",
}  # fmt: skip
"""What the README says of options whose default is empty or is worked out."""


def rows() -> list[list[str]]:
    return [
        row
        for titles, *rows in tables("README.md")
        if titles == ["option", "default", "meaning"]
        for row in rows
    ]


def is_default(name: str, shown: str) -> bool:
    default = OPTIONS[name].default
    if shown in NOT_SET:
        return not default or default == "auto"
    try:
        return bool(parse_option(name, shown) == default)
    except ConfigError:
        return False


def test_each_option_in_the_readme_exists_and_has_the_default_that_is_shown() -> None:
    assert rows()
    for names, default, _ in rows():
        options = code_in(names)
        shown = default.replace("`", "").split(", ") if len(options) > 1 else [default.strip("`")]
        assert len(shown) == len(options), names
        for name, text in zip(options, shown, strict=True):
            assert is_default(name, text), f"{name}: the README shows {text}"
