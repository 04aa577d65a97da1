"""Renews the table of docs/metrics.md and the Grafana board: what is made from the code."""

from pathlib import Path

from board import board

from peerpigeon.net.metrics.families import GROUPS
from peerpigeon.net.metrics.family import Family

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "metrics.md"
BOARD = ROOT / "deploy" / "grafana" / "peerpigeon.json"

BEGIN = "<!-- `make metrics` writes from here to the end mark -->\n"
END = "<!-- end of what `make metrics` writes -->\n"


def main() -> None:
    """Write the files anew."""
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    BOARD.parent.mkdir(parents=True, exist_ok=True)
    BOARD.write_text(board(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} and {BOARD.relative_to(ROOT)} are renewed")


def renewed(page: str) -> str:
    """Return a page with the table as it is to be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + tables() + END + after


def tables() -> str:
    """Return a table for each group of families."""
    return "\n" + "".join(
        f"### {title}\n\n| name | kind | labels | meaning |\n|---|---|---|---|\n"
        + "".join(map(_row, group))
        + "\n"
        for title, group in GROUPS.items()
    )


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} |\n"


if __name__ == "__main__":
    main()
