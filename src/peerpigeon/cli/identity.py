"""The command ``peerpigeon identity``: by which id a hub is known that has a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.identity import id_of

if TYPE_CHECKING:
    import argparse

ABOUT = """\
Prints the id that a private key gives its hub, and makes the key if there is none. The hub has the
file by the option hub_identity; the others name its id in their hub_members."""

EXAMPLES = """\
examples:

  peerpigeon identity hub.pem                                      the id of this hub
  peerpigeon hub --hub-identity hub.pem --hub-members ID1,ID2      a mesh of these two"""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.epilog = EXAMPLES
    command.add_argument("file", metavar="FILE", help="the private key; nobody else may read it")


def run(options: argparse.Namespace) -> int:
    """Run the command; raise ``ConfigError`` if the file cannot be used."""
    from peerpigeon.net.identity import load_identity  # noqa: PLC0415 - takes a while

    print(id_of(load_identity(options.file).key))
    return 0
