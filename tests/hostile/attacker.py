"""The process of an attack: ``python -m tests.hostile.attacker NAME`` with a scene to read."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys
import traceback

import msgspec

from tests.hostile.attacks import ATTACKS
from tests.hostile.scene import Scene

NICE = 10
"""So that it is the hub that is measured, and not how the machine shares its processors."""


def main() -> None:
    """Attack, and write the scene with what was found."""
    os.nice(NICE)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    gc.disable()
    scene = msgspec.json.decode(sys.stdin.buffer.readline(), type=Scene)
    asyncio.run(_attack(sys.argv[1], scene))
    sys.stdout.buffer.write(msgspec.json.encode(scene) + b"\n")
    sys.stdout.flush()
    os._exit(0)  # whatever is open still, the system closes at once


async def _attack(name: str, scene: Scene) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _what: None)
    try:
        await ATTACKS[name].program(scene)
    except Exception:
        scene.claim("the attack is carried out", holds=False, but=traceback.format_exc())


if __name__ == "__main__":
    main()
