"""What of a parametrized test is left to `make test-all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def thorough(*values: object) -> ParameterSet:
    """Return parameters that show more of what others of the same test have shown."""
    return pytest.param(*values, marks=pytest.mark.thorough)
