"""Which certificates are believed."""

from __future__ import annotations

import ssl


def trust(file: str | None) -> ssl.SSLContext:
    """Return what checks certificates: by the CAs of the system, and those of a file.

    Raises ``OSError`` for a file that cannot be read, or has none.
    """
    context = ssl.create_default_context()
    if file is not None:
        try:
            context.load_verify_locations(file)
        except ssl.SSLError as error:
            raise OSError(f"{file} has no certificates of a CA: {error.reason}") from None
        except OSError as error:
            raise OSError(f"{file} cannot be read: {error.strerror}") from None
    return context
