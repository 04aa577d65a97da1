"""Nobody gets the id of a client that lives, and no owner with its key is kept out."""

import pytest

from peerpigeon.core.sessions import takeover
from peerpigeon.sim.client import Client
from peerpigeon.sim.scenes.thefts import flooded, squatted


@pytest.mark.parametrize("rough", [False, True])
@pytest.mark.parametrize("hubs", [1, 4])
def test_a_client_that_is_flooded_keeps_its_id_if_it_lives(hubs: int, rough: bool) -> None:
    assert flooded(seed=1, hubs=hubs, rough=rough).faults == []


@pytest.mark.parametrize("rough", [False, True])
def test_a_client_that_is_flooded_and_gone_loses_its_id_in_bounded_time(rough: bool) -> None:
    assert flooded(seed=1, lives=False, rough=rough).faults == []


@pytest.mark.parametrize("rough", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_an_owner_with_its_key_is_back_wherever_strangers_wait_for_its_id(
    seed: int, rough: bool
) -> None:
    assert squatted(seed, rough=rough).faults == []


def test_a_hub_that_gives_no_time_to_read_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "LONGEST_READING", 0.0)
    assert "the owner has lost its id" in flooded(seed=1, hubs=1).faults


def test_an_owner_that_does_not_show_its_key_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = Client.connect

    def forgetful(client: Client, via: object = None) -> None:
        client.resumes = False
        connect(client, via)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "connect", forgetful)
    assert squatted(seed=1).faults
