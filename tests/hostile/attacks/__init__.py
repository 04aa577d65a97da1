"""The attacks, by what they are after; importing this enters all of them in the list."""

from tests.hostile.attacks import flood, hoard
from tests.hostile.scene import ATTACKS

__all__ = ["ATTACKS", "flood", "hoard"]
