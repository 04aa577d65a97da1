"""Files that have options: one of TOML, and those with one secret each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from peerpigeon.core.config import (
    CONFIG_VARIABLE,
    ConfigError,
    Said,
    ServerConfig,
    from_environment,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_FILE = 256 * 1024
"""Bytes of a file with options: far more than they are. A wrong path may lead to anything."""

_OTHERS = 0o007
"""The bits of a file's mode that let users do anything who are not in its group."""

_MOUNTED = "/run/secrets/"
"""Where Docker puts secrets, with a mode of its own, on a machine that has no other users."""


class Files:
    """Reads files with options, and collects what an operator should know of them."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def secret(self, file: str) -> str:
        """Return the text of a file that has a secret. Raises ``ConfigError`` if it cannot."""
        self._warn_if_open(file)
        return _text_of(file)

    def options(self, file: str) -> Said:
        """Return what a file of TOML says. Raises ``ConfigError`` if it cannot be read."""
        from peerpigeon.core.config.toml_file import from_toml  # noqa: PLC0415 - seldom needed

        said = from_toml(_text_of(file), file)
        if any(given.option.is_secret and not given.is_file for given in said.given):
            self._warn_if_open(file)
        return said

    def _warn_if_open(self, file: str) -> None:
        try:
            mode = Path(file).stat().st_mode
        except OSError:
            return  # reading it tells why
        if mode & _OTHERS and not file.startswith(_MOUNTED):
            self.warnings.append(f"{file} has a secret, and all users can read it: chmod o= {file}")


def load_config(
    file: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ
) -> ServerConfig:
    """Return the options that a TOML file has, and the environment, which goes before it.

    Without ``file`` that is read which ``PEERPIGEON_CONFIG`` names, if it does. Secrets may stand
    in files of their own (``hub_secret_file``). Raises ``ConfigError`` with all that is wrong.
    """
    files = Files()
    path = os.fspath(file) if file is not None else environ.get(CONFIG_VARIABLE, "")
    said = [from_environment(environ), *([files.options(path)] if path else [])]
    return ServerConfig(**settle(said, files.secret).of_server())


def file_errors(config: ServerConfig) -> Iterator[ConfigError]:
    """Tell of each file that options name, and a server reads, what is not in order with it.

    Nothing is made: a hub makes the file of its identity when it starts. The libraries that read
    these files take a while to load, and are for those alone that use them.
    """
    for name, read in _READERS.items():
        if getattr(config, name):
            try:
                read(config)
            except ConfigError as error:
                yield ConfigError(str(error), name)


def _read_token_keys(config: ServerConfig) -> None:
    from peerpigeon.net.http.token_keys import KeyFile  # noqa: PLC0415

    KeyFile(config.token_keys)


def _read_certificate(config: ServerConfig) -> None:
    from peerpigeon.net.tls.certificate import CertificateFiles  # noqa: PLC0415

    CertificateFiles(config.tls_cert, config.tls_key)


def _read_authorities(config: ServerConfig) -> None:
    from peerpigeon.net.tls.trust import Trust  # noqa: PLC0415

    Trust(config.hub_ca)


def _read_identity(config: ServerConfig) -> None:
    from peerpigeon.net.identity import load_identity  # noqa: PLC0415

    if config.is_hub and Path(config.hub_identity).exists():
        load_identity(config.hub_identity)


_READERS: Mapping[str, Callable[[ServerConfig], None]] = {
    "token_keys": _read_token_keys,
    "tls_cert": _read_certificate,
    "hub_ca": _read_authorities,
    "hub_identity": _read_identity,
}
"""What reads the files of an option, and raises ``ConfigError``."""


def _text_of(file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(MAX_FILE + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError:  # which UnicodeError is, and what a name with a NUL raises
        raise ConfigError(f"{file} cannot be read: it is no text in UTF-8") from None
    if len(content) > MAX_FILE:
        raise ConfigError(f"{file} cannot be read: it has more than {MAX_FILE} bytes")
    return text
