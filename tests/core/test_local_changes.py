"""What people are told of changes within a hub; what else follows from one has its own tests."""

from peerpigeon.core.interface.notices import HubRegistered, HubUnregistered
from tests.core.hubs import FIRST, SECOND, linked


def test_each_hub_that_comes_or_goes_is_told_of_with_how_many_there_are() -> None:
    hubs = linked(FIRST, SECOND)
    (link,) = [end for end in hubs.others if end[0] == 0]
    hubs.cut(link)
    hubs.pass_time(5.0)
    registered = [
        each for each in hubs.notices[0] if isinstance(each, HubRegistered | HubUnregistered)
    ]
    assert registered == [
        HubRegistered(FIRST, 1),
        HubRegistered(SECOND, 2),
        HubUnregistered(SECOND, 1),
    ]
