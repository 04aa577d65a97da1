"""Unmodified npm clients find each other through our server, and only within their namespace."""

import pytest

from tests.e2e.conftest import NewClient
from tests.e2e.meeting import check_that_no_frame_names, check_that_they_meet_and_talk
from tests.e2e.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]


@pytest.mark.browser
def test_browsers_meet_only_in_their_namespace(
    signaling_server: Server, new_page: NewClient
) -> None:
    check_that_clients_meet_only_in_their_namespace(signaling_server, new_page, new_page)


def test_node_clients_meet_only_in_their_namespace(
    signaling_server: Server, new_node_client: NewClient
) -> None:
    check_that_clients_meet_only_in_their_namespace(
        signaling_server, new_node_client, new_node_client
    )


@pytest.mark.browser
def test_a_browser_and_a_node_client_meet_only_in_their_namespace(
    signaling_server: Server, new_page: NewClient, new_node_client: NewClient
) -> None:
    check_that_clients_meet_only_in_their_namespace(signaling_server, new_page, new_node_client)


@pytest.mark.browser
def test_the_reference_server_passes_the_same_check(
    reference_server: Server, new_page: NewClient, new_node_client: NewClient
) -> None:
    """Else a failure above would say nothing about us."""
    check_that_clients_meet_only_in_their_namespace(reference_server, new_page, new_node_client)


def check_that_clients_meet_only_in_their_namespace(
    server: Server, new_first: NewClient, new_second: NewClient
) -> None:
    stranger = new_first()
    stranger.start(server.url, "strangers")
    first, second = new_first(), new_second()
    first.start(server.url, "flock")
    second.start(server.url, "flock")
    check_that_they_meet_and_talk(first, second)

    # Hub and data channels keep the order of what they carry. So once this fourth client's words
    # are there, whatever of the flock was on its way to the stranger before is there as well.
    companion = new_second()
    companion.start(server.url, "strangers")
    check_that_they_meet_and_talk(stranger, companion)
    assert stranger.discovered() == {companion.peer}
    assert {message["from"] for message in stranger.messages()} == {companion.peer}
    assert first.discovered() == {second.peer}
    check_that_no_frame_names(stranger, first, second)
    check_that_no_frame_names(first, stranger, companion)
