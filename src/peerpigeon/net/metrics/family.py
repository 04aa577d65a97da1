"""What a family of metrics is: a row of the table, and how its values are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from peerpigeon.net.metrics.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from peerpigeon.core.interface.figures import Distribution

    Value: TypeAlias = float | Distribution
    Values: TypeAlias = Iterable[tuple[tuple[str, ...], Value]]
    """For each set of label values, in the order of the labels, what is counted or measured."""
    Kind: TypeAlias = Literal["counter", "gauge", "histogram", "info"]

UNITS: Final = ("seconds", "bytes")


class Family(msgspec.Struct, frozen=True):
    """One row. A name that begins with ``process_`` is the library's own: ``read`` is ``None``."""

    name: str
    """As it is asked for: that of a counter ends with ``_total``."""
    kind: Kind
    help: str
    read: Callable[[Picture], Values] | None
    labels: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The base unit with which the name ends; empty for plain numbers."""
        last = self.name.removesuffix("_total").rpartition("_")[2]
        return last if last in UNITS else ""


def one(read: Callable[[Picture], Value]) -> Callable[[Picture], Values]:
    """Return what reads the one value of a family without labels."""
    return lambda picture: [((), read(picture))]


def by_label(read: Callable[[Picture], Mapping[str, float]]) -> Callable[[Picture], Values]:
    """Return what reads the values of a family with one label."""
    return lambda picture: [((label,), value) for label, value in read(picture).items()]
