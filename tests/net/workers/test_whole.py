"""What several workers say, as one."""

from __future__ import annotations

import json
from typing import Any

from peerpigeon.net.workers.whole import merged, merged_health

FIRST = b"""# HELP a_total What is counted.
# TYPE a_total counter
a_total 1.0
a_total{kind="x } y",of="z"} 2.0
# EOF
"""
SECOND = b"""# HELP a_total What is counted.
# TYPE a_total counter
a_total 3.0
# HELP b Others.
# TYPE b gauge
b{} 4.0
# EOF
"""


def health(connections: int) -> bytes:
    counts = dict.fromkeys(("peers", "announcedPeers", "networks", "closing", "dropped"), 1)
    body: dict[str, Any] = {"status": "healthy", "uptime": 1.5, "connections": connections}
    memory, signals = {"kept": 5}, {"relayed": connections}
    within = {"memory": memory, "signals": signals, "messages": {"refused": 0}}
    mesh = {"hubMesh": {"hubPeerId": f"hub with {connections}"}}
    return json.dumps(body | counts | within | mesh).encode()


def test_each_sample_has_its_worker_and_each_family_is_told_once() -> None:
    assert (
        merged([FIRST, None, SECOND]).decode()
        == """# HELP a_total What is counted.
# TYPE a_total counter
a_total{worker="0"} 1.0
a_total{worker="0",kind="x } y",of="z"} 2.0
a_total{worker="2"} 3.0
# HELP b Others.
# TYPE b gauge
b{worker="2"} 4.0
# EOF
"""
    )


def test_health_is_a_sum_and_says_which_worker_is_not_there() -> None:
    whole = json.loads(merged_health([None, health(3), health(4)]))
    assert (whole["connections"], whole["networks"], whole["memory"]) == (7, 2, {"kept": 10})
    assert whole["signals"] == {"relayed": 7}
    own = {"status": "healthy", "uptime": 1.5, "memory": {"kept": 5}}
    assert whole["workers"] == [
        {"worker": 0, "status": "absent"},
        *(
            {
                **own,
                "worker": index,
                "hubPeerId": f"hub with {count}",
                "connections": count,
                "signals": {"relayed": count},
            }
            for index, count in ((1, 3), (2, 4))
        ),
    ]
