"""Where a hub is asked: from what an operator writes, ``ws://`` and ``http://`` alike."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_SCHEMES = {"http": False, "ws": False, "https": True, "wss": True}


class PlaceError(ValueError):
    """A text names no place of a hub; it says what to write."""


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a hub, or of a proxy before it."""

    is_secure: bool
    host: str
    """A name or an IP address, without brackets."""
    port: int
    prefix: str
    """What stands before all paths; empty, or it begins with a slash and ends with none."""

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read ``ws://host:port``, ``https://host/prefix``, or ``host:port``.

        Raises ``PlaceError``.
        """
        parts = urlsplit(text if "://" in text else f"ws://{text}")
        try:
            port = parts.port
        except ValueError as error:
            raise PlaceError(f"{text!r}: {error}") from None
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise PlaceError(
                f"{text!r} is no address of a hub; write ws://HOST:PORT, or wss:// where TLS is"
            )
        is_secure = _SCHEMES[parts.scheme]
        prefix = parts.path.rstrip("/")
        return cls(is_secure, parts.hostname, port or (443 if is_secure else 80), prefix)

    @property
    def authority(self) -> str:
        """Host and port, as they stand in an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """Return it as a WebSocket's address."""
        return f"{'wss' if self.is_secure else 'ws'}://{self.authority}{self.prefix}"

    def url(self, path: str, query: str = "") -> str:
        """Return the address of a page."""
        scheme = "https" if self.is_secure else "http"
        return urlunsplit((scheme, self.authority, self.prefix + path, query, ""))
