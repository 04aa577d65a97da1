"""What a hub holds in memory: everything that can be reached from it and is its own."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass
from random import Random
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core import Hub

SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, ServerConfig, Random)
"""What hubs use and do not own: code, options, and the chance, which is as large at any time."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is."""

    objects: int
    octets: int
    """As Python tells the size of each."""

    @classmethod
    def of(cls, hubs: Iterable[Hub]) -> Holdings:
        """Count what hubs hold between them; this takes a while."""
        found: dict[int, object] = {}
        ahead: list[object] = [*hubs]
        while ahead:
            thing = ahead.pop()
            if id(thing) in found or isinstance(thing, SHARED):
                continue
            found[id(thing)] = thing
            ahead += gc.get_referents(thing)
        return cls(len(found), sum(map(sys.getsizeof, found.values())))
