"""``python -m peerpigeon``: the same as the command ``peerpigeon``."""

from peerpigeon.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
