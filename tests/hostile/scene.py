"""What an attack is: a program, the hubs that it wants, and what it has to find out by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

HONEST: Final = "honest"
"""The namespace of the honest clients."""

FORGED: Final = "a line that nobody wrote"
"""What an attacker wants to have at the beginning of a line of a log."""

SECRET: Final = "what only these hubs know"
"""The `hub_secret` of those hubs that have one."""


class Scene(msgspec.Struct, kw_only=True):
    """What the attack's process is told, and what it tells in the end."""

    ports: list[int]
    """Of the hubs; they listen on the loopback."""
    seconds: float
    """For how long to attack."""
    is_long: bool
    """Whether this is the long run, not the small one of the tests."""
    ca: str = ""
    """The file with the certificate that the hubs' are signed by, if they speak TLS."""
    admin_port: int = 0
    """Of the first hub, if it has one."""
    claims: dict[str, str] = msgspec.field(default_factory=dict)
    """What turned out to be wrong, by what had to hold; empty where it held."""
    figures: dict[str, Any] = msgspec.field(default_factory=dict)
    """What else was seen."""

    @property
    def port(self) -> int:
        """That of the first hub."""
        return self.ports[0]

    def count(self, small: int, long: int) -> int:
        """Return how many, by the size of the run."""
        return long if self.is_long else small

    def claim(self, what: str, holds: bool, but: object = "it does not") -> None:
        """Note whether something holds that only the attacker can see."""
        if not holds:
            self.claims[what] = str(but)
        else:
            self.claims.setdefault(what, "")

    async def rest(self, since: float) -> None:
        """Wait until the time of the attack is over that began then."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, since + self.seconds - loop.time()))


Program = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Attack:
    """One program, and the circumstances in which it is run."""

    name: str
    program: Program
    kind: str
    """The section of the table in which it stands."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the hubs."""
    descriptors: int = 0
    """How many the system lets each hub have; 0 for as many as usual."""
    hubs: int = 1
    is_tls: bool = False
    """Whether the hubs speak TLS, and the honest clients with them."""
    has_admin: bool = False
    """Whether the first hub has a port for its operator."""
    newcomers: bool = True
    """Whether honest clients that connect meanwhile have to get in."""
    joins: bool = False
    """Whether a true hub that dials the first one meanwhile has to link up."""
    loops: tuple[str, ...] = ("uvloop",)
    tells_much: bool = False
    """Whether honest clients are told so much that it takes their own time: how late their signals
    are then says nothing of the hub."""
    hurts: bool = False
    """Whether it may do harm while it goes on, as long as none lasts: from a hub of one's own mesh
    that lies."""

    @property
    def what(self) -> str:
        """What is done, and whom it imitates."""
        return " ".join((self.program.__doc__ or "").split())


ATTACKS: dict[str, Attack] = {}
"""All, by name; filled by the modules of `attacks`."""


def attack(kind: str, **circumstances: Any) -> Callable[[Program], Program]:
    """Enter a program in the list."""

    def enter(program: Program) -> Program:
        name = getattr(program, "__name__", "")
        assert name not in ATTACKS, name
        ATTACKS[name] = Attack(name, program, kind, **circumstances)
        return program

    return enter


BOTH: Final = ("asyncio", "uvloop")
"""Event loops, where it may matter which one it is."""
