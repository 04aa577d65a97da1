"""Whether a server sends the spans of traced signals anywhere: OpenTelemetry is loaded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config import ConfigError

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import PeerId
    from peerpigeon.net.otlp import SpanSender
    from peerpigeon.net.seldom import SeldomWarnings


def sender_for(config: ServerConfig, own: PeerId, warnings: SeldomWarnings) -> SpanSender | None:
    """Return what sends the spans of one hub; ``None`` if it does not trace.

    Raises ``ConfigError`` if OpenTelemetry is not installed, or refuses its variables.
    """
    if not config.trace_every:
        return None
    try:
        from peerpigeon.net.otlp import SpanSender  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"trace_every is {config.trace_every}, but OpenTelemetry cannot be loaded ({error}):"
            " pip install 'peerpigeon[otel]'"
        ) from error
    try:
        return SpanSender(own, warnings)
    except ValueError as error:
        raise ConfigError(
            f"trace_every is {config.trace_every}, but OpenTelemetry says: {error}"
        ) from error
