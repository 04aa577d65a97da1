"""What the command's exit status means; 0 is success."""

FAILURE = 1
"""The command was carried out and something went wrong."""

USAGE_ERROR = 2
"""The command line or the environment asks for something that cannot be; argparse's number too."""

INTERRUPTED = 130
READER_GONE = 141
TERMINATED = 143
"""Ended by SIGINT, SIGPIPE or SIGTERM: 128 and the signal's number, as shells have it."""
