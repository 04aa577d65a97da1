"""Whose certificates are trusted when other hubs are dialled."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from peerpigeon.core.config import ConfigError
from peerpigeon.net.watched_files import FileMark, mark_of

logger = logging.getLogger(__name__)


class Trust:
    """The system's certificate authorities, and those of the file ``hub_ca``, if it names one.

    Raises ``ConfigError`` if that file cannot be used at first.
    """

    def __init__(self, hub_ca: str) -> None:
        self._path = hub_ca
        self._context: ssl.SSLContext | None = None
        self._mark: FileMark = None
        self._fault = ""
        if hub_ca:
            self._mark = mark_of(hub_ca)
            self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return what a dial over TLS goes by."""
        if self._context is None:
            # To load the system's certificates takes some 20 ms: once, and only if a hub needs it.
            self._context = ssl.create_default_context()
        return self._context

    def reload(self) -> None:
        """Read the file again if it has changed; if that fails, trust those that it named before.

        Blocks while the file is read, so that it is for a thread.
        """
        mark = mark_of(self._path) if self._path else self._mark
        if mark == self._mark:
            return
        try:
            self._context = self._load()
        except ConfigError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                logger.warning("the authorities that hubs are trusted by stay: %s", error)
        else:
            self._fault, self._mark = "", mark
            logger.info("hubs are trusted by the authorities in %s", self._path)

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        try:
            context.load_verify_locations(cadata=Path(self._path).read_text("ascii"))
        except ssl.SSLError:
            fault = "there is no certificate in PEM form in it"
        except UnicodeDecodeError:
            fault = "it is no text, so no certificate in PEM form"
        except OSError as error:
            fault = str(error.strerror or error)
        else:
            return context
        raise ConfigError(f"hub_ca is {self._path!r}; {fault}")
