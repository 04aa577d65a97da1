"""Other people's word on files of ours: a linter of Dockerfiles, and Grafana's own types."""

from __future__ import annotations

import json

import pytest

from tests.deploy.proxies import FILES
from tests.deploy.tools import TOOLS, said

pytestmark = [pytest.mark.deploytools, pytest.mark.slow]

READ_AND_WRITTEN = """
import sys
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
import json
register_default_plugins()
with open(sys.argv[1]) as file:
    print(JSONEncoder().encode(Dashboard.from_json(json.load(file))))
"""


def test_the_linter_has_nothing_to_say_against_the_dockerfile() -> None:
    assert said(TOOLS / "hadolint", FILES / "container/Dockerfile") == ""


def test_grafana_knows_each_field_of_the_board() -> None:
    """What its types do not have, or have elsewhere, would be gone."""
    board = FILES / "grafana/peerpigeon.json"
    told = json.loads(said(TOOLS / "python", "-c", READ_AND_WRITTEN, board))
    assert lost(json.loads(board.read_text()), told) == []


def lost(ours: object, theirs: object, place: str = "") -> list[str]:
    """Return the places of what is ours, and not theirs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = [(key, value, theirs.get(key)) for key, value in ours.items()]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = list(zip(map(str, range(len(ours))), ours, theirs, strict=True))
    else:
        return [] if ours == theirs else [place]
    return [found for key, mine, other in pairs for found in lost(mine, other, f"{place}/{key}")]
