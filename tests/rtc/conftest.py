"""Which engines the shared tests run with."""

import pytest

from tests.rtc.ends import Engines
from tests.rtc.environment import HAS_LIBDATACHANNEL

# Where libdatachannel cannot be had, test_other_python.py runs what is about it where it can.
NAMES = ("builtin", "aiortc", *(("libdatachannel",) if HAS_LIBDATACHANNEL else ()))
PAIRS = [(one, other) for one in NAMES for other in NAMES]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each engine's name."""
    engine: str = request.param
    return engine


@pytest.fixture
def alike(name: str) -> Engines:
    """Twice the same engine."""
    return Engines(name, name)


@pytest.fixture(params=PAIRS, ids="-".join)
def names(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Each name with each, in both roles."""
    both: tuple[str, str] = request.param
    return both


@pytest.fixture
def pair(names: tuple[str, str]) -> Engines:
    """Each engine with each, in both roles."""
    return Engines(*names)
