"""Which engines the shared tests run with."""

from importlib.util import find_spec

import pytest

from peerpigeon.rtc.channel import IceOptions
from tests.conftest import skip_group
from tests.rtc.ends import LOOPBACK, Engines

NAMES = ("aiortc", "libdatachannel")
PAIRS = [(one, other) for one in NAMES for other in NAMES]


def engines(offering: str, answering: str, options: IceOptions = LOOPBACK) -> Engines:
    if "libdatachannel" in {offering, answering} and find_spec("libdatachannel") is None:
        skip_group("libdatachannel", "not installed here (it needs Python 3.12 or newer)")
    return Engines(offering, answering, options)


@pytest.fixture(params=NAMES)
def alike(request: pytest.FixtureRequest) -> Engines:
    """Twice the same engine."""
    return engines(request.param, request.param)


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest) -> Engines:
    """Each engine with each, in both roles."""
    return engines(*request.param)
