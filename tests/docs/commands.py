"""The commands in the README and in the pages for those who run a server."""

from __future__ import annotations

import re
import shlex

from tests.docs.pages import ROOT

PAGES = (
    "README.md",
    "docs/quickstart.md",
    "docs/operating.md",
    "docs/configuration.md",
    "docs/guides/capacity.md",
    "docs/guides/peerjs.md",
    "docs/guides/proxies.md",
    "docs/guides/several-machines.md",
    "docs/guides/tracing.md",
    "docs/guides/turn.md",
    "docs/guides/webtorrent.md",
    "docs/guides/y-webrtc.md",
)
PROGRAMS = {
    *("peerpigeon", "make", "pip", "python", "python3", "curl", "openssl", "sysctl", "export"),
    *("pytest", ".", "mkdir", "sed", "nginx"),
}
TAG = "sh"
"""The tag of a block all of whose lines are commands."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")


def blocks(page: str) -> list[tuple[str, list[str]]]:
    """Return the blocks of a page: the tag, and the lines without comments that have anything."""
    found = _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return [(tag, _lines(text)) for tag, text in found]


def _lines(text: str) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def spans(page: str) -> list[str]:
    """Return what stands between backticks in the text of a page, and is a command with words."""
    text = _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return [span for span in _SPAN.findall(text) if is_command(span) and " " in span]


def is_command(line: str) -> bool:
    """Tell whether a line begins with a program that the pages tell readers to run."""
    try:
        words = shlex.split(line)
    except ValueError:
        return False
    rest = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
    return bool(rest) and rest[0].rpartition("/")[2] in PROGRAMS


def commands() -> set[str]:
    """Return all commands of the pages."""
    in_blocks = {
        line for page in PAGES for tag, lines in blocks(page) if tag == TAG for line in lines
    }
    return in_blocks | {span for page in PAGES for span in spans(page)}
