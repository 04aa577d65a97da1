"""``docs/api.md`` says what the package has, and nothing else."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

import peerpigeon
from peerpigeon import Notice, PeerPigeonServer
from peerpigeon.core.interface.notices import NOTICES
from tests.docs.pages import code_in, tables

PAGE = "docs/api.md"


def table(title: str) -> dict[str, list[str]]:
    """Return the rows of the table whose first title is given, by what is in backticks first."""
    [rows] = [rows for rows in tables(PAGE) if rows[0][0] == title]
    return {code_in(row[0])[0]: row for row in rows[1:]}


def members() -> dict[str, Any]:
    return {
        name: member for name, member in vars(PeerPigeonServer).items() if not name.startswith("_")
    }


def kind(member: object) -> str:
    if isinstance(member, property):
        return "property"
    if isinstance(member, staticmethod):
        return "static method"
    return "coroutine" if inspect.iscoroutinefunction(member) else "method"


def test_every_public_name_is_described_once() -> None:
    described = [*table("name"), *table("record"), *table("class"), "PeerPigeonServer"]
    assert sorted(described) == sorted(peerpigeon.__all__)


def test_every_call_of_a_server_is_described_with_its_parameters_and_as_what_it_is() -> None:
    calls = {}
    for name, member in members().items():
        if isinstance(member, property):
            calls[name] = kind(member)
        else:
            function = getattr(PeerPigeonServer, name)
            parameters = [each for each in inspect.signature(function).parameters if each != "self"]
            calls[f"{name}({', '.join(parameters)})"] = kind(member)
    assert {name: row[1] for name, row in table("`PeerPigeonServer`").items()} == calls


def test_what_a_call_raises_is_described_where_it_is_defined_and_on_the_page() -> None:
    for name, row in table("`PeerPigeonServer`").items():
        member = members()[name.partition("(")[0]]
        text = inspect.getdoc(member) or ""
        said = re.findall(r"``(\w+Error)``", text.partition("Raises ")[2])
        assert set(code_in(row[3])) == set(said), name


def test_the_fields_of_records_are_described() -> None:
    for name, row in table("record").items():
        record = getattr(peerpigeon, name)
        assert record.__struct_config__.frozen
        described = code_in(re.sub(r"\([^)]*\)", "", row[1]))
        assert described == list(record.__struct_fields__), name


def test_the_names_and_fields_of_notices_are_described() -> None:
    rows = table("class")
    assert rows.pop("Notice")
    assert {code_in(row[1])[0]: name for name, row in rows.items()} == {
        name: kind.__name__ for name, kind in NOTICES.items()
    }
    for name, row in rows.items():
        described = code_in(re.sub(r"\([^)]*\)", "", row[2]))
        assert described == list(getattr(peerpigeon, name).__struct_fields__), name


def test_a_notice_is_written_in_camel_case_with_one_exception() -> None:
    for kind in NOTICES.values():
        for field, written in zip(
            kind.__struct_fields__, kind.__struct_encode_fields__, strict=True
        ):
            first, *more = field.split("_")
            in_camel_case = first + "".join(map(str.capitalize, more))
            assert written == ("networkName" if field == "namespace" else in_camel_case)


def test_every_notice_is_public() -> None:
    assert {kind.__name__ for kind in get_args(Notice)} <= set(peerpigeon.__all__)


def named_in(annotation: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]\w+", annotation))


def test_whatever_a_server_returns_is_public() -> None:
    known = {"AsyncIterator", "Callable", "None", "Self"} | set(peerpigeon.__all__)
    for name, member in members().items():
        function = member.fget if isinstance(member, property) else getattr(PeerPigeonServer, name)
        assert named_in(function.__annotations__["return"]) <= known, name


def test_whatever_a_record_holds_is_public() -> None:
    for name in table("record"):
        for declared in getattr(peerpigeon, name).__annotations__.values():
            assert named_in(declared) <= {"None"} | set(peerpigeon.__all__), name
