"""The address under which programs on this machine reach a server that listens here."""

from __future__ import annotations

from peerpigeon.core.config import in_uri, name_here


def authority(host: str, port: int) -> str:
    """Return ``host:port`` for a URL (RFC 3986, section 3.2).

    ``host`` is as the option. For a server that listens on all addresses it is ``localhost``; IPv6
    addresses get brackets.
    """
    return f"{in_uri(name_here(host))}:{port}"
