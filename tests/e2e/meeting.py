"""What real clients that meet must come to: all know all, all are linked, all words arrive once."""

from itertools import permutations
from operator import itemgetter

from tests.e2e.clients import Client, Message
from tests.e2e.waiting import eventually


def check_that_they_meet_and_talk(*clients: Client) -> None:
    """Check it of clients that have sent nothing before and, at most four, can all be linked."""
    for here, there in permutations(clients, 2):
        check_that_a_channel_opens(here, there)
    for here in clients:
        here.broadcast(_to_all(here))
        for there in clients:
            if there is not here:
                here.send_direct(there.peer, _to_one(here, there))
    for here in clients:
        _check_that_all_words_arrive(here, *(other for other in clients if other is not here))


def check_that_a_channel_opens(here: Client, there: Client) -> None:
    eventually("discovery", here.discovered, lambda found: there.peer in found)
    try:
        eventually("a data channel", here.peers, lambda connected: there.peer in connected)
    except AssertionError as error:
        # The package says nothing of an attempt that failed; whether the hubs lost a signal of it
        # can only be seen by what came.
        for one, other in ((here, there), (there, here)):
            frames = [frame for frame in one.frames() if frame.get("fromPeerId") == other.peer]
            came = [_signal(frame) for frame in frames]
            error.add_note(f"{one.peer}: {one.states()}; from {other.peer}: {came}")
        raise


def _signal(frame: dict[str, object]) -> object:
    """Return a frame's type, and the candidate if it is one."""
    data = frame.get("data")
    return frame["type"], data.get("candidate") if isinstance(data, dict) else None


def check_that_no_frame_names(client: Client, *others: Client) -> None:
    """Look at what the hub sent: the client itself would hide another namespace's frames."""
    for frame in client.frames():
        assert not any(other.peer in str(frame) for other in others), frame


def _to_all(speaker: Client) -> str:
    return f"to all from {speaker.peer}"


def _to_one(speaker: Client, listener: Client) -> str:
    return f"to {listener.peer} from {speaker.peer}"


def _check_that_all_words_arrive(listener: Client, *speakers: Client) -> None:
    wanted: list[Message] = []
    for speaker in speakers:
        direct = _to_one(speaker, listener)
        wanted.append({"from": speaker.peer, "content": _to_all(speaker), "direct": False})
        wanted.append({"from": speaker.peer, "content": direct, "direct": True})
    wanted.sort(key=itemgetter("content"))
    eventually(
        "all words",
        lambda: sorted(listener.messages(), key=itemgetter("content")),
        lambda heard: heard == wanted,
    )
