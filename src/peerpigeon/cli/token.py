"""The command ``peerpigeon token``: makes keys, and tokens for clients.

What is secret stands in files, never on a command line, which other users of a machine can read.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR
from peerpigeon.core.config import ConfigError, parse_seconds, pattern_objection
from peerpigeon.core.ids import parse_peer_id
from peerpigeon.net.new_files import OWN, write_new

if TYPE_CHECKING:
    import argparse

_PUBLIC = 0o644
"""The mode of a file that everybody reads, as far as the umask lets."""

DEFAULT_ALGORITHM = "EdDSA"
DEFAULT_LIFETIME = "1h"

ABOUT = """\
Makes a token that lets a client into namespaces, and prints it: what an application does for its
users, who show it as ?token=TOKEN or as the subprotocol bearer.TOKEN. With --new-key it makes a key
first. The private key stays with whoever makes tokens; servers and hubs have the file with the
public ones, by the option token_keys."""

EXAMPLES = """\
examples:

  peerpigeon token --new-key signing.json --keys keys.json       a key
  peerpigeon token --key signing.json --ns 'room-*' --ttl 15m    a token for some namespaces
  peerpigeon server --token-keys keys.json                       a server that asks for tokens"""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.usage = (
        "%(prog)s --key FILE --ns NAMESPACE ...\n       %(prog)s --new-key FILE --keys FILE"
    )
    command.epilog = EXAMPLES
    command.add_argument("--key", metavar="FILE", help="the private key that signs")
    command.add_argument(
        "--ns",
        action="append",
        default=[],
        metavar="NAMESPACE",
        help="a namespace to enter, room-* for all that begin so, * for all; may be given again",
    )
    command.add_argument("--sub", metavar="ID", help="the only peerId that may show it; else any")
    command.add_argument(
        "--ttl",
        default=DEFAULT_LIFETIME,
        metavar="TIME",
        help=f"how long it is valid: 90s, 15m, 1h, 7d [default: {DEFAULT_LIFETIME}]",
    )
    command.add_argument("--aud", help="for whom it is, if the servers have a token_audience")
    command.add_argument("--iss", help="who makes it, if the servers have a token_issuer")
    command.add_argument(
        "--new-key", metavar="FILE", help="make a private key, and write it to a new file"
    )
    command.add_argument(
        "--keys",
        metavar="FILE",
        help="with --new-key: where to add the public key, the file of token_keys; new or not",
    )
    command.add_argument(
        "--alg",
        choices=("EdDSA", "ES256", "HS256"),
        default=DEFAULT_ALGORITHM,
        help=f"with --new-key: what the key is for [default: {DEFAULT_ALGORITHM}]",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status: 1 if a file cannot be read or written.

    Raises ``ConfigError`` for what no token or key can be made of.
    """
    if bool(options.key) == bool(options.new_key) or bool(options.keys) != bool(options.new_key):
        print(
            "peerpigeon: write --key FILE for a token, or --new-key FILE --keys FILE for a key",
            file=sys.stderr,
        )
        return USAGE_ERROR
    try:
        if options.new_key:
            _make_key(options)
        else:
            print(_token(options))
    except OSError as error:
        print(f"peerpigeon: {error.filename}: {error.strerror}", file=sys.stderr)
        return FAILURE
    return 0


def _make_key(options: argparse.Namespace) -> None:
    from peerpigeon.net.http.token_keys import parse_keys  # noqa: PLC0415 - takes a while
    from peerpigeon.net.http.token_signing import new_key  # noqa: PLC0415

    path, shared = Path(options.new_key), Path(options.keys)
    private, public = new_key(options.alg)
    known: list[dict[str, Any]] = []
    with contextlib.suppress(FileNotFoundError):
        text = shared.read_bytes()
        try:
            parse_keys(text)
        except ConfigError as error:
            raise ConfigError(f"keys is {options.keys!r}; {error}") from None
        known = json.loads(text)["keys"]
    write_new(path, json.dumps(private) + "\n")
    # Whoever reads the file meanwhile gets the old one or the new one, never half of it.
    beside = shared.with_name(shared.name + ".new")
    mode = OWN if options.alg == "HS256" else _PUBLIC
    write_new(beside, json.dumps({"keys": [*known, public]}, indent=2) + "\n", mode)
    if known and options.alg != "HS256":
        beside.chmod(shared.stat().st_mode)  # the server may be another user
    beside.replace(shared)
    print(f"the private key is in {path}: keep it where tokens are made")
    print(f"the public key is in {shared}, as {public['kid']}: --token-keys {shared}")
    if options.alg == "HS256":
        print("with HS256 both are one secret: whoever can check tokens can make them")


def _token(options: argparse.Namespace) -> str:
    from peerpigeon.net.http.token_signing import sign  # noqa: PLC0415

    lifetime = parse_seconds("ttl", options.ttl)
    claims: dict[str, Any] = {"exp": int(time.time() + lifetime), "ns": options.ns}
    if not options.ns:
        raise ConfigError("ns is empty; name a namespace with --ns, or '*' for all")
    for pattern in options.ns:
        if reason := pattern_objection(pattern):
            raise ConfigError(f"ns is {pattern!r}; {reason}")
    if options.sub is not None:
        if parse_peer_id(options.sub) is None:
            raise ConfigError(f"sub is {options.sub!r}; it must be 40 hex digits")
        claims["sub"] = options.sub
    for name in ("aud", "iss"):
        if getattr(options, name):
            claims[name] = getattr(options, name)
    return sign(Path(options.key).read_bytes(), claims)
