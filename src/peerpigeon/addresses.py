"""The address under which programs on this machine reach a server that listens here."""

from __future__ import annotations

ANY_ADDRESS = ("0.0.0.0", "::")


def authority(host: str, port: int) -> str:
    """Return ``host:port`` for a URL (RFC 3986, section 3.2).

    For a server that listens on all addresses it is ``localhost``; IPv6 addresses get brackets.
    """
    name = "localhost" if host in ANY_ADDRESS else host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
