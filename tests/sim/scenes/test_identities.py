"""One id at two hubs of a mesh, with seeds that have found faults."""

import pytest

from peerpigeon.sim.scenes.identities import one_id_twice

pytestmark = pytest.mark.slow


def test_an_owner_whose_hub_stood_still_does_not_keep_an_id_that_nobody_finds_at_it() -> None:
    """It has lost its id meanwhile, and its hub was out of reach when it was told so."""
    assert one_id_twice(31, rough=True).faults == []
