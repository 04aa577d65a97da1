"""The dialect of y-webrtc: clients subscribe to topics, and publish JSON to all in one.

Wire facts are those of npm ``y-webrtc`` 10.3.0 and its ``y-webrtc-signaling``; ``docs/protocol.md``
lists every message. A publication is passed on as it came: all that is read of it is its topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from peerpigeon.core.dialects.dialect import Fault, Listen, Publish, Say, Unlisten
from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.wire.nesting import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.core.dialects.dialect import DialectNews, TopicWant
    from peerpigeon.core.ids import SessionId

LONGEST_TOPIC: Final = 1024
"""Bytes of a topic in UTF-8. Applications name rooms; the longest names are addresses of pages."""

_TOPIC: Final = namespace_of(Kind.TOPIC, "")
_PONG: Final = (Say(b'{"type":"pong"}'),)
_NO_JSON: Final = (Fault("a message that is no JSON"),)
_UNKNOWN: Final = (Fault("a message that makes no sense"),)
_NO_TOPICS: Final = (Fault("topics that are no array"),)
_TOO_LONG: Final = Fault("a topic that is too long")
_TOO_DEEP: Final = (Fault("a message that is nested too deeply"),)
_SPACE: Final = b" \t\r\n"


class _Message(msgspec.Struct, gc=False):
    """The fields of an incoming message that mean something."""

    type: str = ""
    topic: str = ""
    topics: msgspec.Raw = msgspec.Raw()
    clients: msgspec.Raw = msgspec.Raw()


_message = msgspec.json.Decoder(_Message)
_string = msgspec.json.Decoder(str)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()

# Reference: topics that JavaScript takes for nothing are as good as none.
_NOTHING: Final = frozenset((b"", b"null", b"false", b'""', b"0"))


class Topics:
    """Topics as one hub has them; ``count`` tells how many listen in a namespace."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def opened(self, visitor: SessionId, target: str, now: float) -> Iterable[TopicWant]:
        """Take a new socket. The client speaks first."""
        return ()

    def said(self, visitor: SessionId, text: str, now: float) -> Iterable[TopicWant]:
        """Take what a client says. Reference: there is no answer to anything but a ping."""
        data = text.encode()
        try:
            message = _message.decode(data)
            match message.type:
                case "publish":
                    return self._publish(message, data)
                case "subscribe":
                    return _each(Listen, bytes(message.topics))
                case "unsubscribe":
                    return _each(Unlisten, bytes(message.topics))
                case "ping":
                    return _PONG
                case _:
                    return _UNKNOWN
        except msgspec.ValidationError:
            return _UNKNOWN
        except (msgspec.DecodeError, RecursionError):
            return _NO_JSON

    def _publish(self, message: _Message, data: bytes) -> Iterable[TopicWant]:
        topic = message.topic
        if not topic:
            return ()
        if _is_too_long(topic):
            return (_TOO_LONG,)
        if is_too_deep(data):  # other hubs would not take it
            return _TOO_DEEP
        namespace = _TOPIC + topic
        count = self._count(namespace)
        if message.clients:
            # Reference: the field is set where it is.
            fields = _object.decode(data)
            fields["clients"] = msgspec.Raw(b"%d" % count)
            return (Publish(namespace, _encoder.encode(fields)),)
        return (Publish(namespace, b'%b,"clients":%d}' % (data.rstrip(_SPACE)[:-1], count)),)

    def told(self, visitor: SessionId, news: DialectNews, now: float) -> Iterable[TopicWant]:
        """Take what has become of a member. There are none."""
        return ()

    def closed(self, visitor: SessionId) -> None:
        """Forget a visitor, of which nothing is known here."""

    def tick(self, now: float) -> Iterable[tuple[SessionId, TopicWant]]:
        """Do what is due: nothing ever is."""
        return ()

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do: never."""
        return None


def _each(want: type[Listen | Unlisten], topics: bytes) -> Iterable[TopicWant]:
    """Return what is wanted for each topic in an array; what is no string is skipped."""
    if topics in _NOTHING:
        return ()
    if topics[:1] != b"[":
        return _NO_TOPICS
    each = [_string.decode(one) for one in map(bytes, _list.decode(topics)) if one[:1] == b'"']
    return [_TOO_LONG if _is_too_long(topic) else want(_TOPIC + topic) for topic in each]


def _is_too_long(topic: str) -> bool:
    # No character takes more than four bytes.
    return len(topic) * 4 > LONGEST_TOPIC and len(topic.encode()) > LONGEST_TOPIC
