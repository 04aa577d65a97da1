"""What reads and writes WebSockets as bytes knows of no socket, event loop, clock or chance."""

from __future__ import annotations

import ast
from pathlib import Path

import peerpigeon.net.websocket

PACKAGE = "peerpigeon.net.websocket"
FOLDER = Path(peerpigeon.net.websocket.__file__).parent
PURE = {"frames", "masking", "protocol", "client_handshake"}
ALLOWED = {
    *("__future__", "base64", "collections", "enum", "http", "importlib", "msgspec", "pathlib"),
    *("re", "struct", "typing", "urllib"),
}
ALLOWED_OF_OURS = (
    "peerpigeon.core.",
    "peerpigeon.net.http.opening_handshake",
    "peerpigeon.net.http.request",
    f"{PACKAGE}.",
)


def imports(module: str) -> set[str]:
    tree = ast.parse((FOLDER / f"{module}.py").read_text())
    found = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return found | {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


def test_the_protocol_does_no_io() -> None:
    offenders = {
        f"{module} imports {each}"
        for module in PURE
        for each in imports(module)
        if each.partition(".")[0] not in ALLOWED and not each.startswith(ALLOWED_OF_OURS)
    }
    assert not offenders


def test_the_protocol_does_not_know_what_runs_it() -> None:
    known = {each for module in PURE for each in imports(module) if each.startswith(PACKAGE)}
    assert known <= {f"{PACKAGE}.{module}" for module in PURE}
