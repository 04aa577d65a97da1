"""All hubs behind a proxy are restarted, one after the other, under clients that signal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from benchmarks.rolling import HEADINGS

from tests.deploy.proxies import KINDS
from tests.deploy.rolling import CLIENTS, rolled

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.proxy, pytest.mark.thorough, pytest.mark.xdist_group("hubs")]

logger = logging.getLogger(__name__)


@pytest.mark.parametrize("name", KINDS)
async def test_no_signal_is_lost_nobody_dials_in_vain_and_all_hubs_have_clients(
    name: str, tmp_path: Path
) -> None:
    outcome, shares = await rolled(name, tmp_path)
    logger.info("| %s |", HEADINGS)
    logger.info("%s at the end %s", outcome.row(), shares)
    assert outcome.sent > 1000
    assert (outcome.lost, outcome.repeated, outcome.refused) == (0, 0, 0)
    assert set(outcome.codes) == {1012}
    assert (outcome.out, max(shares) < CLIENTS) == (0, True)
