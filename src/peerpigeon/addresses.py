"""How programs on this machine reach a server that listens here."""

from __future__ import annotations

ANY_ADDRESS = ("0.0.0.0", "::")


def authority(host: str, port: int) -> str:
    """Return ``host:port`` as it stands in a URL; for a server on all addresses, this machine's."""
    name = "localhost" if host in ANY_ADDRESS else host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
