"""All that is fuzzed, by name, and the inputs that are kept for each.

An input that has once found a fault, or leads to code that no other leads to, is a line of
``corpus/NAME.txt`` in base64: one file to look at in a review, and nothing that an editor breaks.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz import parsers
from tests.fuzz.associations import sctp
from tests.fuzz.hub_story import story
from tests.fuzz.visitors import visitors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    "client_message": parsers.client_message,
    "description": parsers.description,
    "handshake_answer": parsers.handshake_answer,
    "http_request": parsers.http_request,
    "hub_message": parsers.hub_message,
    "hub_story": story,
    "link_pieces": parsers.link_pieces,
    "reference_message": parsers.reference_message,
    "sctp": sctp,
    "visitors": visitors,
    "websocket": parsers.websocket,
    "websocket_uri": parsers.websocket_uri,
}

CORPUS = Path(__file__).parent / "corpus"


def kept(name: str) -> list[bytes]:
    """Return the inputs that are kept for a target."""
    path = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in path.read_text().split()] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Keep these inputs for a target, the shortest first, and no others."""
    lines = sorted({base64.b64encode(data).decode() for data in inputs}, key=lambda b: (len(b), b))
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
