"""What the checker allows, and for how long: all its numbers, each from a documented limit.

Durations are seconds. Judgements about order and repeats need none of these. Those that do must
not cry wolf on a machine that is busy, so ``SLACK`` is added wherever something must have happened
by then, and where something must *not* have happened yet, the limits are taken at their shortest.
"""

from __future__ import annotations

from peerpigeon import ServerConfig
from peerpigeon.core.mesh.limits import MeshLimits

_CONFIG = ServerConfig()
_LIMITS = MeshLimits()

SLACK = 10.0
"""For a machine whose cores are all busy: processes get their turn late."""

SIGNAL_LIFETIME = _CONFIG.signal_lifetime
"""After which the hub of a sender gives a signal up."""

TAKEOVER_TIMEOUT = _CONFIG.takeover_timeout
"""For an open socket to answer a ping when somebody else wants its id, or its place."""

SOONEST_DEAD = (_LIMITS.missed_heartbeats - 1.0) * _CONFIG.heartbeat_interval
"""A hub that says nothing for less than this has lost no link by it."""

SOONEST_GONE = SOONEST_DEAD + _LIMITS.gone_after
"""Nobody takes a hub for gone sooner than this after its last word."""

END_WITHIN = SIGNAL_LIFETIME + SLACK
"""By then a signal has arrived or was answered, if the hub of its sender has run all the time."""

JOINING = 10.0 + SLACK
"""A hub that has started, thawed or been cut off is in the mesh again by then."""

REPAIR = 10.0 + SLACK
"""Others have by then found new links in place of those to a hub that is lost."""

QUIET = 10.0
"""For so long before a signal no hub was absent, if it is asked of that signal that it arrives."""

SETTLED = 3.0
"""For so long two clients have known each other, before it is asked of them that all arrives."""

PLACE_WITHIN = 2 * TAKEOVER_TIMEOUT + SLACK
"""By then a newcomer at a hub that is full of ghosts has its place."""

HEALED_WITHIN = 90.0
"""From the last fault until all is well. The longest pauses of a mesh that looks for its hubs are
15 s, a channel that failed is tried again after 15 s, a dial takes 5, a lost link shows after 3.5,
a contested id is decided within 5, and clients try again at once; some follow on each other."""

DESCRIPTORS = 48
"""Of a hub without clients: it has some 15 of its own, and a few for each link and each attempt at
one. More than that has been kept of what has ended."""

DESCRIPTORS_WITHIN = 2 * SLACK
"""After its clients have left, by when a hub has closed what it needs no more."""

NOTICED_STALL = 0.5
"""The driver records when it was itself kept from running for longer."""

MAX_CONNECTIONS = 40
"""The option that the hubs get: more than all clients of a run, few enough to fill with ghosts."""
