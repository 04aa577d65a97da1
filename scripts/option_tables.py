"""Renews the tables of docs/configuration.md: all options, as the code declares them."""

from __future__ import annotations

from pathlib import Path

from peerpigeon.cli.option_texts import by_title, option_texts
from peerpigeon.core.config import FILE, Kind, Option, text_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
MARK = "<!-- What follows is written by scripts/option_tables.py. -->\n"
KINDS = {
    Kind.SECONDS: "time",
    Kind.BYTES: "size",
    Kind.NUMBER: "number",
    Kind.SWITCH: "yes or no",
    Kind.CHOICE: "yes or no",
    Kind.LIST: "list",
    Kind.TEXT: "text",
}


def renewed(page: str) -> str:
    """Return the page with tables of the options that there are."""
    return page.partition(MARK)[0] + MARK + tables()


def tables() -> str:
    """Return a table for each group."""
    texts = option_texts()
    return "".join(_table(title, options, texts) for title, options in by_title().items())


def _table(title: str, options: list[Option], texts: dict[str, str]) -> str:
    lines = [f"\n### {title}\n"]
    if options[0].is_of_hubs:
        lines.append("Of hubs only.\n")
    lines += ["| option | is a | default | what it is |", "|---|---|---|---|"]
    lines += [_row(option, texts[option.name]) for option in options]
    return "\n".join(lines) + "\n"


def _row(option: Option, text: str) -> str:
    names = f"`{option.name}`"
    if option.is_secret:
        names += f", `{option.name}{FILE}`"
    if option.variable != option.name.upper():
        text += f". Its variable is `{option.variable}`"
    kind = ", ".join(f"`{choice}`" for choice in option.choices) or KINDS[option.kind]
    written = text_of(option, option.default)
    default = option.unset or (f"`{written}`" if written else "none")
    cells = (names, kind, default, f"{text}.")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
