"""The hub as a pure state machine: events and a time in, actions out.

Nothing here reads a clock, opens a socket, starts a task, writes a log line
or draws a global random number; ``tests/test_boundary.py`` keeps it so.
"""
