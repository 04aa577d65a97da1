"""One id at two hubs of a mesh, with seeds that have found faults."""

import pytest

from peerpigeon.sim.scenes.identities import (
    freeze_owner,
    freeze_owner_while_primary_changes,
    freeze_owner_while_primary_dies,
    one_id_twice,
)

pytestmark = pytest.mark.slow


def test_an_owner_whose_hub_stood_still_does_not_keep_an_id_that_nobody_finds_at_it() -> None:
    """It has lost its id meanwhile, and its hub was out of reach when it was told so."""
    assert one_id_twice(31, trouble=freeze_owner, rough=True).faults == []


@pytest.mark.parametrize("seed", [1, 8, 9, 25, 26, 27, 45])
def test_so_it_is_if_another_hub_has_become_the_primary_by_then(seed: int) -> None:
    trouble = freeze_owner_while_primary_changes
    assert one_id_twice(seed, trouble=trouble, rough=True).faults == []


@pytest.mark.parametrize("seed", [1, 7, 14])
def test_no_signal_is_lost_if_the_primary_dies_as_the_hub_of_the_owner_wakes(seed: int) -> None:
    trouble = freeze_owner_while_primary_dies
    assert one_id_twice(seed, trouble=trouble, rough=True).faults == []
