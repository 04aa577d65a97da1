"""What the environment says of options (S10): with ``PEERPIGEON_`` before the name, or without."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from peerpigeon.core.config.given import NAMES, Given, Said, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "PEERPIGEON_"

CONFIG_VARIABLE = PREFIX + "CONFIG"
"""The variable that names the file with options; it has no other name."""

# Kubernetes tells each container of the services round it, as Docker did of linked containers. One
# that is called "peerpigeon" gives PEERPIGEON_PORT=tcp://10.0.0.1:3000 and others like it.
_OF_SERVICES = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_.*)?)")
_ADDRESS = re.compile(r"(tcp|udp|sctp)://.*")

VARIABLES: Mapping[str, str] = {
    option.variable + ("_FILE" if is_file else ""): name
    for name, (option, is_file) in NAMES.items()
}
"""The name of the option, or of its file, by the variable without the prefix."""

_OURS = {*VARIABLES, "CONFIG"}
"""What may stand after the prefix."""


def from_environment(environ: Mapping[str, str]) -> Said:
    """Return what environment variables say. An empty one counts as not set.

    What has the prefix is for us and goes before what has not, which may be for others, too: many a
    platform sets ``PORT``.
    """
    said = Said()
    for variable, name in VARIABLES.items():
        option, is_file = NAMES[name]
        plain, own = environ.get(variable, ""), environ.get(PREFIX + variable, "")
        if _is_of_services(PREFIX + variable, own):
            own = ""
        if plain and own and plain != own:
            said.warnings.append(
                f"{PREFIX}{variable} and {variable} are set, and differ; {PREFIX}{variable} counts"
            )
        if own or plain:
            place = PREFIX + variable if own else variable
            said.given.append(Given(option, own or plain, place, is_file))
    own_names = (each.removeprefix(PREFIX) for each in environ if each.startswith(PREFIX))
    said.errors += [
        f"{PREFIX}{name}: there is no such option{nearest(name, _OURS, PREFIX)}"
        for name in sorted(own_names)
        if name not in _OURS and not _is_of_services(PREFIX + name, environ[PREFIX + name])
    ]
    return said


def _is_of_services(variable: str, text: str) -> bool:
    """Tell whether a variable is one that Kubernetes sets for a service."""
    is_address = variable.endswith("_PORT") and _ADDRESS.fullmatch(text) is not None
    return is_address or _OF_SERVICES.fullmatch(variable) is not None
