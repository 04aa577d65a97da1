"""Log lines of a server, on standard error: for people in a terminal, or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO, get_args

import msgspec

from peerpigeon.core.interface.notices import (
    NOTICES,
    ErrorOccurred,
    Notice,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
    name_of,
)

if TYPE_CHECKING:
    from peerpigeon.net.server import PeerPigeonServer

LogFormat = Literal["human", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)

# What single clients do helps only someone who looks for a fault.
_VERBOSE = (PeerConnected, PeerDisconnected, PeerAnnounced, PeerGoodbye)

logger = logging.getLogger("peerpigeon")


def configure_logging(style: LogFormat, *, verbose: bool, stream: TextIO | None = None) -> None:
    """Write this package's log lines to ``stream`` (standard error), and only them.

    ``verbose`` adds a line for what each client does; there is never one for each message.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(style))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)


def loss_line(style: LogFormat, lost: int) -> str:
    """Return the log line that stands for ``lost`` others, which were not written."""
    text = "%d lines of this log are missing here: nobody read it, or it could not be written"
    record = logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (lost,), None)
    return f"{_formatter(style).format(record)}\n"


def log_events(server: PeerPigeonServer) -> None:
    """Write a log line for each event of ``server``."""
    for kind in NOTICES.values():
        server.on(kind, _log)


def _formatter(style: LogFormat) -> logging.Formatter:
    return _JsonLines() if style == "json" else _HumanLines()


def _log(notice: Notice) -> None:
    level = logging.INFO
    if isinstance(notice, ErrorOccurred):
        level = logging.ERROR
    elif isinstance(notice, _VERBOSE):
        level = logging.DEBUG
    logger.log(level, name_of(notice), extra={"notice": notice})


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record; ``event``, the documented name, is the first."""
    notice: Notice | None = getattr(record, "notice", None)
    if notice is not None:
        fields: dict[str, Any] = msgspec.to_builtins(notice)
        return fields
    fields = {"event": "log", "message": record.getMessage()}
    if record.exc_info:
        fields["traceback"] = logging.Formatter().formatException(record.exc_info)
    return fields


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


class _JsonLines(logging.Formatter):
    """One JSON object a line. JSON escapes line breaks, so that no text can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": moment, "level": record.levelname.lower()} | _fields(record)
        return json.dumps(line)


class _HumanLines(logging.Formatter):
    """``12:30:01 info  started  host=localhost port=3000``."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        event, traceback = fields.pop("event"), fields.pop("traceback", None)
        moment = f"{_time(record).astimezone():%H:%M:%S}"
        words = " ".join(f"{name}={_word(value)}" for name, value in fields.items())
        line = f"{moment} {record.levelname.lower():<5} {event}  {words}".rstrip()
        return line if traceback is None else f"{line}\n{traceback}"


def _word(value: object) -> str:
    """Return a value for a line; text that a client may have chosen is quoted if not plain."""
    text = str(value)
    plain = text.isascii() and text.isprintable() and " " not in text and '"' not in text
    return text if plain and text else json.dumps(text)
