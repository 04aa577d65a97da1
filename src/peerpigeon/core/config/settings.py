"""Settings: what is said of options in several places, and which of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.core.config.checks import alone
from peerpigeon.core.config.checks_together import together
from peerpigeon.core.config.given import ALL_OPTIONS, Given, Said, value_of
from peerpigeon.core.config.options import Options
from peerpigeon.core.config.quantities import ConfigError
from peerpigeon.core.config.texts import OPTIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from peerpigeon.core.config.texts import Option


class Settings(msgspec.Struct):
    """The values that options are given, each with its place, and what is wrong with them."""

    values: dict[str, Any] = msgspec.field(default_factory=dict)
    """By name. What is not in it has its default."""
    places: dict[str, str] = msgspec.field(default_factory=dict)
    """Where each value comes from: a flag, a variable, or a line of a file."""
    errors: list[str] = msgspec.field(default_factory=list)
    """All that is wrong, each with its place, what it is, and what to do."""
    warnings: list[str] = msgspec.field(default_factory=list)

    def value(self, name: str) -> Any:  # noqa: ANN401 - each option has its own type
        """Return what holds for an option."""
        return self.values.get(name, ALL_OPTIONS[name].default)

    def with_places(self, error: ConfigError) -> str:
        """Return what an error says, after the places of the options that it is about."""
        places = ", ".join(self.places[name] for name in error.options if name in self.places)
        return f"{places}: {error}" if places else str(error)

    def of_server(self) -> dict[str, Any]:
        """Return the values for a ``ServerConfig``. Raises ``ConfigError`` with all errors."""
        if self.errors:
            raise ConfigError("\n".join(self.errors))
        return {name: value for name, value in self.values.items() if name in OPTIONS}


def settle(places: Sequence[Said], read: Callable[[str], str]) -> Settings:
    """Return what counts of that which several places say, the first of them before the others.

    ``read`` returns the text of a file, and raises ``ConfigError`` if it cannot.
    """
    settings = Settings()
    for said in places:
        settings.errors += said.errors
        settings.warnings += said.warnings
        for option in ALL_OPTIONS.values():
            given = [each for each in said.given if each.option is option]
            if given and option.name not in settings.places:
                _settle(settings, option, given, read)
    settings.errors += _objections(settings)
    return settings


def _settle(
    settings: Settings, option: Option, given: Sequence[Given], read: Callable[[str], str]
) -> None:
    first = given[0]
    settings.places[option.name] = first.place
    if len(given) > 1:
        names = " and ".join(each.place for each in given)
        settings.errors.append(f"{names} both give {option.name}; leave one of them out")
        return
    try:
        value = option.parse(_text_in(first, read)) if first.is_file else value_of(first)
    except ConfigError as error:
        settings.errors.append(f"{first.place}: {error}")
        return
    settings.values[option.name] = value


def _text_in(given: Given, read: Callable[[str], str]) -> str:
    """Return the text in the file that is given. The new line at its end is none of it."""
    if not isinstance(given.value, str):
        raise ConfigError(f"write the name of a file in quotation marks, not {given.value!r}")
    text = read(given.value).strip()
    if not text:
        raise ConfigError(f"{given.value} is empty; write {given.option.name} into it")
    return ",".join(text.splitlines()) if given.option.kind is Kind.LIST else text


def _objections(settings: Settings) -> Iterator[str]:
    """Tell of values that cannot work; of those that cannot work together if all others can."""
    for name, value in settings.values.items():
        choices = ALL_OPTIONS[name].choices
        if name not in OPTIONS and choices and value not in choices:
            yield f"{settings.places[name]}: {name} is {value!r}; write {' or '.join(choices)}"
    values = {name: value for name, value in settings.values.items() if name in OPTIONS}
    errors = list(alone(values))
    if not errors and values.keys() == settings.places.keys() & OPTIONS.keys():
        errors = list(together(Options(**values)))
    for error in errors:
        yield settings.with_places(error)


def without(settings: Iterable[str], said: Said) -> Said:
    """Return what is said without what is said of the options that are named."""
    left_out = set(settings)
    kept = [given for given in said.given if given.option.name not in left_out]
    return Said(kept, said.errors, said.warnings)
