"""Dialects are made when somebody speaks them."""

import pytest

from peerpigeon.core.config.dialects import DIALECTS
from peerpigeon.core.dialects.dialects import Dialects


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_made_once(name: str) -> None:
    dialects = Dialects(lambda _: 0)
    assert not dialects
    assert dialects[name] is dialects[name]
    assert list(dialects) == [name]


def test_there_are_no_others() -> None:
    with pytest.raises(KeyError):
        Dialects(lambda _: 0)["smtp"]
