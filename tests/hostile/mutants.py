"""Hubs in which one check is switched off: the attack that it is for has to tell of it.

What an attack reports may change with the hub and with the attack; these see to it that it still
reports the one thing. Each is a piece of source, and what stands there instead.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import peerpigeon

SOURCE: Final = Path(peerpigeon.__file__).parent


@dataclass(frozen=True)
class Mutant:
    """One check that is switched off."""

    attack: str
    module: str
    check: str
    instead: str
    told: str
    """What the attack has to tell of it, at least."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        return f"{self.attack}, {self.module}"

    def source(self, folder: Path) -> Path:
        """Write the whole source with this check switched off; return where it is."""
        copy = folder / SOURCE.name
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        module = copy / self.module
        text = module.read_text()
        assert text.count(self.check) == 1, f"{self.check!r} is not once in {self.module}"
        module.write_text(text.replace(self.check, self.instead))
        return folder


MUTANTS: Final = (
    Mutant(
        "forged_senders",
        "core/clients/relays.py",
        "if standing is Standing.CURRENT:",
        "if standing is not Standing.OVER:",
        "nobody hears a forged sender",
    ),
    Mutant(
        "announces_without_end",
        "core/clients/rates.py",
        "excess = DRAWS.excess(paid, now)",
        "excess = 0.0",
        "offers come no faster than they may",
    ),
    Mutant(
        "draws_in_one_message",
        "core/interface/link_pieces.py",
        "if frame_count(whole) != 1:",
        "if not frame_count(whole):",
        "who says several frames in pieces is put out",
    ),
    Mutant(
        "malformed_ids_passed_on",
        "core/mesh/incoming_frames.py",
        "match opened(frame.body):",
        """if not (body := opened(frame.body)) or "Unknown(" in repr(body):
            link = next(link for link in self._links if getattr(link, "hub", None) == sender)
            self._lifecycle.close(link, POLICY_VIOLATION, "malformed", now)
        match body:""",
        "honest hubs lost each other",
    ),
    Mutant(
        "malformed_ids_passed_on",
        "core/wire/hub_validation.py",
        """case Routed():  # most often
            return""",
        """case Routed():
            if isinstance(frame.body, Segment) and not _is_valid_news(frame.body.news):
                return False
            return""",
        "who only passes it on looks at none of it",
    ),
    Mutant(
        "bytes_that_are_no_json",
        "core/wire/hub_validation.py",
        "return _are_ids(news.sender + news.target) and _is_json(news.data)",
        "return _are_ids(news.sender + news.target)",
        "clients get JSON only",
    ),
    Mutant(
        "other_hosts",
        "net/http/hosts.py",
        "if self._names is None or header is None:",
        "if True:",
        "is refused",
    ),
    Mutant(
        "trickled_hellos",
        "net/http/door.py",
        "self.limit = min(limit, max(1, room // HANDSHAKE_SIZE))",
        "pass",
        "newcomers did not get in",
    ),
    Mutant(
        "dashboards_unread",
        "net/http/visits.py",
        "if len(streams) >= STREAMS or self._has_heard_all:",
        "if self._has_heard_all:",
        "no more watch at a port than may",
    ),
    Mutant(
        "new_keys_without_end",
        "net/tls/records.py",
        "return self._silent > MOST_SILENT",
        "return False",
        "who says nothing but that is dropped",
    ),
)
