"""The command ``peerpigeon simulate``: tries a mesh out in virtual time and prints figures."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR
from peerpigeon.sim.experiment import Experiment, ExperimentError, Findings, Plan
from peerpigeon.sim.picture import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = """\
Tries a mesh of hubs out on one virtual clock: the hubs form a mesh, clients come and signal each
other, something happens halfway, and at the end there is a table of how it went. The hubs are the
very code that serves real clients; the network between them is simulated. The same seed always
gives the same history."""

EXAMPLES = """\
examples:

  peerpigeon simulate                                        twelve hubs, nothing happens
  peerpigeon simulate --hubs 40 --max-peers 4 --kill 12      twelve of forty die at once
  peerpigeon simulate --partition 30 --loss 0.05             a network that is cut and lossy"""


@dataclass(frozen=True, slots=True)
class _Option:
    metavar: str
    help: str


_OPTIONS = {
    "hubs": _Option("N", "how many hubs"),
    "max_peers": _Option("N", "most links of a hub to others"),
    "min_peers": _Option("N", "fewest links with which a hub counts as ready"),
    "clients": _Option("N", "how many clients, spread over the hubs"),
    "namespaces": _Option("N", "into how many namespaces they are divided"),
    "signals": _Option("N", "how many signals they send each other, evenly spread over the time"),
    "churn": _Option("N", "clients that leave each minute, and as many that come"),
    "kill": _Option("N", "hubs killed at one instant, halfway"),
    "partition": _Option("SECONDS", "cut the network in two for so long, halfway"),
    "loss": _Option("SHARE", "share of packets that are lost, 0 to 0.9"),
    "latency": _Option("SECONDS", "time on the way between any two parties"),
    "jitter": _Option("SECONDS", "up to so much more, at random"),
    "no_p2p": _Option("SHARE", "share of hub pairs that cannot have a data channel, 0 to 1"),
    "minutes": _Option("MINUTES", "virtual time in which clients signal"),
    "seed": _Option("N", "what chance depends on"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.usage = "%(prog)s [OPTION ...]"
    parser.epilog = EXAMPLES
    for option in fields(Plan):
        about = _OPTIONS[option.name]
        default = None if option.default is MISSING else option.default
        parser.add_argument(
            "--" + option.name.replace("_", "-"),
            type=type(default),
            default=default,
            metavar=about.metavar,
            help=f"{about.help} [default: {default}]",
        )
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    parser.add_argument(
        "--picture", metavar="FILE", help="draw the mesh as it is at the end into an SVG file"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status: 1 if signals were lost or repeated."""
    try:
        plan = Plan(**{option.name: getattr(options, option.name) for option in fields(Plan)})
    except ExperimentError as error:
        print(f"peerpigeon: {error}", file=sys.stderr)
        return USAGE_ERROR
    if options.picture:
        try:
            Path(options.picture).open("a").close()  # better now than after minutes
        except OSError as error:
            print(f"peerpigeon: {options.picture}: {error.strerror}", file=sys.stderr)
            return USAGE_ERROR
    began = time.perf_counter()
    experiment = Experiment(plan)
    findings = experiment.run()
    took = time.perf_counter() - began
    if options.picture:
        Path(options.picture).write_text(draw(experiment.mesh), encoding="utf-8")
    if options.json:
        report = json.dumps({"plan": asdict(plan), **asdict(findings)}, indent=2)
    else:
        report = table(findings, took)
    print(report)
    return 0 if is_sound(findings) else FAILURE


def is_sound(findings: Findings) -> bool:
    """Tell whether the mesh is whole, and no signal lost, repeated, reordered or misreported."""
    return not (
        findings.components > 1
        or findings.signals_lost
        or findings.signals_repeated
        or findings.signals_out_of_order
        or findings.signals_refused_wrongly
    )


def table(findings: Findings, took: float) -> str:
    """Return the figures for people."""
    rows = (
        ("hubs", f"{findings.hubs_alive} of {findings.hubs} alive"),
        ("mesh", _mesh(findings)),
        ("links", _links(findings)),
        ("hops", f"{findings.mean_hops:.2f} on average, {findings.diameter} at most"),
        ("signals", _signals(findings)),
        ("messages", f"{findings.messages_per_signal:.2f} between hubs for each signal"),
        ("loss", _loss(findings)),
        ("healing", _healing(findings)),
        (
            "control",
            f"{findings.control_messages_per_hub_second:.1f} messages and"
            f" {findings.control_bytes_per_hub_second:.0f} bytes a second at each hub",
        ),
        ("time", f"{findings.virtual_seconds:.0f} s in {took:.1f} s, {findings.events} events"),
        ("trace", findings.trace_hash),
    )
    return "\n".join(f"{name:<9} {text}" for name, text in rows)


def _mesh(findings: Findings) -> str:
    whole = "one" if findings.components == 1 else f"in {findings.components} parts"
    formed = findings.formation_seconds
    when = "never as it should be" if formed is None else f"formed within {formed:.1f} s"
    links = "as computed centrally" if findings.is_ideal else "other than computed centrally"
    return f"{whole}, {when}; links at the end {links}"


def _links(findings: Findings) -> str:
    if findings.max_links is None:
        return f"{findings.links}, never at rest"
    return f"{findings.links}, at most {findings.max_links} at one hub"


def _signals(findings: Findings) -> str:
    parts = [f"{findings.signals_sent} sent", f"{findings.signals_delivered} delivered"]
    if findings.signals_refused:
        parts.append(f"{findings.signals_refused} refused (the sender was told)")
    if findings.signals_cut_off:
        parts.append(f"{findings.signals_cut_off} cut off with their sender or target")
    return ", ".join(parts)


def _loss(findings: Findings) -> str:
    counts = {
        "lost": findings.signals_lost,
        "repeated": findings.signals_repeated,
        "out of order": findings.signals_out_of_order,
        "refused and yet delivered": findings.signals_refused_wrongly,
    }
    bad = [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(bad) or "none lost, none repeated, order kept"


def _healing(findings: Findings) -> str:
    if findings.heal_seconds is None:
        return "not healed" if findings.had_disaster else "nothing to heal"
    return f"{findings.heal_seconds:.1f} s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command alone."""
    parser = argparse.ArgumentParser(prog="peerpigeon simulate", description=ABOUT)
    add_options(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
