"""Frames of every kind, made from their types: valid ones, and some a step beside it."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from peerpigeon.core.ids import ID_DIGITS
from peerpigeon.core.wire.hub_codec import batch, encode
from peerpigeon.core.wire.hub_frames import Frame, Readable
from peerpigeon.core.wire.hub_news import News

Strategy = st.SearchStrategy[Any]

JSON = st.sampled_from([b"{}", b'{"peerId":"x","n":1}', b"[1]", b'"text"', '{"ä":1}'.encode()])


class Values:
    """Strategies for the values of any type, with ids and numbers of the caller's choice."""

    def __init__(self, ids: Strategy, numbers: Strategy, names: Strategy, data: Strategy) -> None:
        self._ids, self._numbers, self._names, self._data = ids, numbers, names, data

    def of(self, kind: inspect.Type) -> Strategy:
        match kind:
            case inspect.StructType(cls=cls, fields=fields):
                return st.builds(cls, *(self.of(field.type) for field in fields))
            case inspect.UnionType(types=types):
                return st.one_of(*map(self.of, types))
            case inspect.VarTupleType(item_type=item):
                return st.lists(self.of(item), max_size=3).map(tuple)
            case inspect.TupleType(item_types=items):
                return st.tuples(*map(self.of, items))
            case inspect.EnumType(cls=cls):
                unknown = st.just(cls(200) if issubclass(cls, int) else cls("a newer one"))
                return st.sampled_from(list(cls)) | unknown
        return self._plain(kind)

    def _plain(self, kind: inspect.Type) -> Strategy:
        match kind:
            case inspect.IntType(ge=least, le=most):
                low, high = least or 0, 2**64 - 1 if most is None else most
                return self._numbers.filter(lambda n: low <= n <= high) | st.integers(low, high)
            case inspect.StrType(min_length=length) if length == ID_DIGITS:
                return self._ids
            case inspect.StrType():
                return self._names
            case inspect.BytesType(min_length=length) if length:
                return st.binary(min_size=length, max_size=length)
            case inspect.BytesType():
                return self._data
            case inspect.BoolType():
                return st.booleans()
            case inspect.NoneType():
                return st.none()
        raise AssertionError(kind)

    def frames(self) -> st.SearchStrategy[Frame]:
        return self.of(inspect.type_info(Readable))

    def news(self) -> st.SearchStrategy[News]:
        return self.of(inspect.type_info(News))


HEX_IDS = st.text("0123456789abcdefABCDEF", min_size=ID_DIGITS, max_size=ID_DIGITS)
ANY = Values(HEX_IDS, st.integers(0, 2**64 - 1), st.text(max_size=5), st.binary(max_size=5))

BESIDE: list[object] = [
    *(-1, 0, 7, 99, 2**31, 2**63, 2**64 - 1, 1.5, True, None),
    *("", "z" * 40, "é" * 40, "1" * 39, "1" * 41, " " + "1" * 39, "x" * 5000, "\ud7ff" * 100),
    *(b"", b"{", b"{}x", b'"\xff"', b"[]", b"x" * 33),
    *([], [[]], [99], [1, 2, 3], {}, {"a": 1}),
]
"""What a field may be given in place of a valid value."""


@st.composite
def messages_beside(draw: st.DrawFn, frames: st.SearchStrategy[Frame]) -> bytes:
    """Return a message with one frame of which one value, at any depth, is another one."""
    fields: Any = msgspec.msgpack.decode(encode(draw(frames)))
    inner: Any = fields
    while True:
        place = draw(st.integers(0, len(inner) - 1))
        if not (isinstance(inner[place], list) and inner[place] and draw(st.integers(0, 5))):
            break
        inner = inner[place]
    inner[place] = draw(st.sampled_from(BESIDE))
    return msgspec.msgpack.encode([fields])


def message(frame: Frame) -> bytes:
    return batch([encode(frame)])
