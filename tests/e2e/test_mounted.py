"""Unmodified npm clients in Node at a hub that FastAPI has below a path."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.e2e.meeting import check_that_they_meet_and_talk
from tests.e2e.waiting import eventually
from tests.ports import reserved_port

if TYPE_CHECKING:
    from tests.e2e.conftest import NewClient

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]


def test_node_clients_meet_below_the_path_of_a_mounted_hub(new_node_client: NewClient) -> None:
    with reserved_port() as port:
        place = f"127.0.0.1:{port}"

        def is_there() -> bool:
            try:
                with urllib.request.urlopen(f"http://{place}/signal/live", timeout=1) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "tests.net.asgi.application:app"),
                *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            ],
            env=os.environ | {"ADDRESS": f"ws://{place}/signal/"},
        )
        try:
            eventually("the application", is_there, bool)
            first, second = new_node_client(), new_node_client()
            for client in (first, second):
                client.start(f"ws://{place}/signal/", "flock")
            check_that_they_meet_and_talk(first, second)
        finally:
            process.terminate()
            process.wait(timeout=30)
