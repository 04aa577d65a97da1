"""What the hubs of a local mesh get from the environment of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.local_mesh.process import environment_of_hub

if TYPE_CHECKING:
    import pytest


def test_nothing_goes_before_what_the_command_has_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "PEERPIGEON_PORT": "1",
        "PEERPIGEON_CONFIG": "f.toml",
        "HUB_ID": "a" * 40,
        "DEMO": "no",
    }
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    made = environment_of_hub({"MAX_CONNECTIONS": "5"}, 3001, "ws://localhost:3000")
    assert [name for name in made if name.startswith("PEERPIGEON_")] == []
    assert (made["PORT"], made["BOOTSTRAP_HUBS"]) == ("3001", "ws://localhost:3000")
    assert (made["MAX_CONNECTIONS"], made["DEMO"]) == ("5", "no")
    assert "HUB_ID" not in made
