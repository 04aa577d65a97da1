"""What counts for a command that runs a server: its flags, the environment, a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from peerpigeon.cli.server_options import flag_of, given_texts
from peerpigeon.core.config import (
    ALL_OPTIONS,
    CONFIG_VARIABLE,
    FILE,
    NAMES,
    ConfigError,
    Given,
    Said,
    from_environment,
    from_flags,
    settle,
    without,
)
from peerpigeon.net.config_files import Files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

    from peerpigeon.core.config import Settings


def settings_of(
    options: argparse.Namespace,
    *,
    is_hub: bool,
    ignored: Collection[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Return what counts, and all that is wrong with it.

    Options named in ``ignored`` have no effect in the environment and the file.
    """
    files = Files()
    role = Given(ALL_OPTIONS["is_hub"], is_hub, f"peerpigeon {'hub' if is_hub else 'server'}")
    said = [
        Said([role]),
        _from_flags(options),
        without(ignored, from_environment(environ)),
        without(ignored, _from_file(options, files, environ)),
    ]
    settings = settle(said, files.secret)
    settings.warnings += files.warnings
    if not is_hub:
        settings.warnings += [
            f"{place}: {name} is for hubs and has no effect here; `peerpigeon hub` runs one"
            for name, place in settings.places.items()
            if ALL_OPTIONS[name].is_of_hubs and name != "is_hub"
        ]
    return settings


def _from_flags(options: argparse.Namespace) -> Said:
    texts = given_texts(options)
    said = from_flags(texts)
    for name, text in texts.items():
        option, is_file = NAMES[name]
        if option.has_secret(text) and not is_file:
            said.errors.append(
                f"{flag_of(name)}: other users of this machine can read command lines; write the"
                f" {name} into a file for {flag_of(name + FILE)}, or set {option.variable}"
            )
    return said


def _from_file(options: argparse.Namespace, files: Files, environ: Mapping[str, str]) -> Said:
    file = options.config or environ.get(CONFIG_VARIABLE, "")
    if not file:
        return Said()
    try:
        return files.options(file)
    except ConfigError as error:
        place = "--config" if options.config else CONFIG_VARIABLE
        return Said(errors=[f"{place}: {error}"])
