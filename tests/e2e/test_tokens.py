"""Unmodified npm clients show a token in the address that their application gives them."""

from pathlib import Path

import pytest

from tests.e2e.conftest import NewClient
from tests.e2e.meeting import check_that_they_meet_and_talk
from tests.e2e.servers import our_server
from tests.net.http.token_making import Key, write_keys

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]


def test_node_clients_enter_what_their_token_names(
    tmp_path: Path, new_node_client: NewClient
) -> None:
    check_that_a_token_opens_what_it_names(tmp_path, new_node_client)


@pytest.mark.browser
def test_browsers_enter_what_their_token_names(tmp_path: Path, new_page: NewClient) -> None:
    check_that_a_token_opens_what_it_names(tmp_path, new_page)


def check_that_a_token_opens_what_it_names(tmp_path: Path, new_client: NewClient) -> None:
    key = Key("EdDSA")
    with our_server("server", "--token-keys", write_keys(tmp_path / "keys", key)) as server:
        first, second, other = new_client(), new_client(), new_client()
        for client, namespace in ((first, "flock"), (second, "flock"), (other, "strangers")):
            client.start(f"{server.url}/?token={key.sign(ns=['flock'])}", namespace)
        check_that_they_meet_and_talk(first, second)
        [refusal] = [each for each in other.frames() if each["type"] == "error"]
        assert refusal["error"] == "networkName 'strangers' is not in the token"
        assert first.discovered() == {second.peer}
