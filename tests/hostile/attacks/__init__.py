"""The attacks, by what they are after; importing this enters all of them in the list."""

from tests.hostile.attacks import door, drawing, flood, hoard, liar, thief, tls, watcher
from tests.hostile.scene import ATTACKS

__all__ = ["ATTACKS", "door", "drawing", "flood", "hoard", "liar", "thief", "tls", "watcher"]
