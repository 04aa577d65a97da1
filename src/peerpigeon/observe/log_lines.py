"""Log lines of a server, on standard error: for people in a terminal, or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO, get_args

import msgspec

from peerpigeon.core.interface.close_codes import GOING_AWAY, NORMAL_CLOSURE
from peerpigeon.core.interface.notices import (
    NOTICES,
    BootstrapDisconnected,
    ErrorOccurred,
    HubAlone,
    Notice,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
    Warned,
    name_of,
)
from peerpigeon.net.seldom import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.net.server import PeerPigeonServer

LogFormat = Literal["human", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)

# What single clients do helps only someone who looks for a fault.
_IN_ORDER = (NORMAL_CLOSURE, GOING_AWAY)
_VERBOSE = (PeerConnected, PeerDisconnected, PeerAnnounced, PeerGoodbye)

SHORT_ID = 8
"""Digits of a hub's id in lines for people."""

logger = logging.getLogger("peerpigeon")


def configure_logging(style: LogFormat, level: str, stream: TextIO | None = None) -> None:
    """Write this package's log lines to ``stream`` (standard error), and only them.

    ``level`` is the lowest that is written: ``debug``, with a line for what each client does and
    for each that is refused, ``info``, ``warning`` or ``error``. There is never a line for each
    message.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines(style))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level.upper())


def loss_line(style: LogFormat, lost: int) -> str:
    """Return the log line that stands for ``lost`` others, which were not written."""
    text = "%d lines of this log are missing here: nobody read it, or it could not be written"
    record = logger.makeRecord(logger.name, logging.WARNING, "", 0, text, (lost,), None)
    lines = next(_in_use(), None) or _Lines(style)
    return f"{lines.format(record)}\n"


def log_events(server: PeerPigeonServer) -> None:
    """Write a log line for each event of ``server``, and name it in all lines from now on."""
    for lines in _in_use():
        lines.server, lines.port = server, server.port
    for kind in NOTICES.values():
        if kind is not Warned:  # it comes from the log
            server.on(kind, _log)


def _in_use() -> Iterator[_Lines]:
    return (each.formatter for each in logger.handlers if isinstance(each.formatter, _Lines))


def _log(notice: Notice) -> None:
    level = logging.INFO
    if isinstance(notice, ErrorOccurred):
        level = logging.ERROR
    elif isinstance(notice, HubAlone) or (
        isinstance(notice, BootstrapDisconnected) and notice.code not in _IN_ORDER
    ):
        level = logging.WARNING
    elif isinstance(notice, _VERBOSE):
        level = logging.DEBUG
    logger.log(level, name_of(notice), extra={"notice": notice})


class _Lines(logging.Formatter):
    """A record as one line, which says when and where: by the hub's id and its port.

    ``json``: an object. JSON escapes line breaks, so that no text can forge a line. Else
    ``2026-11-28 12:30:01 info    0123abcd:3000 started  host=localhost port=3000``.
    """

    def __init__(self, style: LogFormat) -> None:
        super().__init__()
        self._is_json = style == "json"
        self.server: PeerPigeonServer | None = None
        """Whose lines these are, once it is known."""
        self.port = 0
        """The last at which it has served."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment, level = datetime.fromtimestamp(record.created, UTC), record.levelname.lower()
        fields = _fields(record)
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        if self._is_json:
            return json.dumps({"time": iso(moment), "level": level} | self._where() | fields)
        event, message = fields.pop("event"), fields.pop("message", "")
        traceback = fields.pop("traceback", None)
        words = [f"{name}={plain(_said(value))}" for name, value in fields.items()]
        said = message if message.isprintable() else json.dumps(message)
        if event not in _BY_MESSAGE:
            said = f"{event} {said}".rstrip()
        line = f"{moment.astimezone():%Y-%m-%d %H:%M:%S} {level:<7} {self._place()} {said}"
        if words:
            line += f"  {' '.join(words)}"
        return line if traceback is None else f"{line}\n{traceback}"

    def _where(self) -> dict[str, Any]:
        if self.server is None:
            return {"hub": None, "port": None}
        if self.server.is_running:
            self.port = self.server.port
        return {"hub": self.server.hub_peer_id, "port": self.port}

    def _place(self) -> str:
        hub, port = self._where().values()
        return "-" if hub is None else f"{hub[:SHORT_ID]}:{port}"


def _said(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def iso(moment: datetime) -> str:
    """Return a time in UTC as programs read it: ``2026-11-28T12:30:01.250Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_BY_MESSAGE = ("log", "warning")
"""Events of which the message says enough."""


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of a record; ``event``, the documented name, is the first."""
    notice: Notice | None = getattr(record, "notice", None)
    if notice is not None:
        fields: dict[str, Any] = msgspec.to_builtins(notice)
        return fields
    told: tuple[str, dict[str, str]] | None = getattr(record, "told", None)
    if told is not None:
        text, details = told
        return {"event": "warning", "message": text, **details}
    return {"event": "log", "message": record.getMessage()}
