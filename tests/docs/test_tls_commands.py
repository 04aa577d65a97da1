"""The commands of the documentation about TLS and about a Unix socket."""

from __future__ import annotations

import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.test_commands import (
    DEADLINE,
    HOW,
    TLS,
    UNIX,
    environment,
    read_until,
    split,
)
from tests.net.tls.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_the_lines_about_tls_make_a_mesh(tmp_path: Path) -> None:
    server, dialler = (line for line, how in HOW.items() if how is TLS)
    authority = Authority(tmp_path, "ca")
    pair = authority.issue("127.0.0.1")
    for file, name in ((pair.certificate, "fullchain.pem"), (pair.key, "privkey.pem")):
        (tmp_path / file).rename(tmp_path / name)
    processes: list[subprocess.Popen[str]] = []

    def started(line: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            split(line)[0],
            cwd=tmp_path,
            env=environment(HUB_SECRET="s" * 32, WEBRTC_ENGINE="none"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    try:
        first = started(server.replace("0.0.0.0", "127.0.0.1 --port 0"))
        place = re.search(r"https://(127\.0\.0\.1:[0-9]+)/health", read_until(first, "Ctrl-C"))
        assert place is not None
        second = started(dialler.replace("hub1.example.org:3000", place[1]) + " --port 0")
        read_until(second, f"bootstrapConnected  uri=wss://{place[1]}")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=DEADLINE)


def test_the_line_about_a_unix_socket_serves_there(tmp_path: Path) -> None:
    (line,) = (line for line, how in HOW.items() if how is UNIX)
    path = str(tmp_path / "hub.sock")
    process = subprocess.Popen(
        split(line.replace("/run/peerpigeon/hub.sock", path))[0],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        read_until(process, f"a proxy connects to unix:{path}")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(
                b"GET /health HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\n\r\n"
            )
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE)
    assert list(tmp_path.iterdir()) == []
