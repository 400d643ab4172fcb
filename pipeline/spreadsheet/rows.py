"""One row of a table to what it asks for: SKU, name, price, and what is wrong in which cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from pipeline.spreadsheet import cleaning
from pipeline.spreadsheet.cells import Row, reference
from pipeline.spreadsheet.columns import NAME, PRICE, SKU, Header


class Level(StrEnum):
    """An error keeps a row out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """What is wrong in which cell, as a sentence."""

    cell: str
    message: str
    level: Level

    def as_json(self) -> dict[str, str]:
        return {"cell": self.cell, "message": self.message, "level": self.level.value}


@dataclass(frozen=True)
class Wish:
    """What a row asks for. `cells` is the row verbatim, by header; blank cells are left out."""

    number: int
    sku: str
    register_name: str
    target_price: Decimal | None
    problems: tuple[Problem, ...]
    cells: dict[str, str]

    @property
    def is_wrong(self) -> bool:
        return any(problem.level is Level.ERROR for problem in self.problems)

    def problems_json(self) -> list[dict[str, Any]]:
        return [problem.as_json() for problem in self.problems]


def read(row: Row, header: Header) -> Wish:
    """Read one row. Nothing is raised: what cannot be read is among the problems, and empty in the wish."""
    problems: list[Problem] = []
    sku = _sku(row, header, problems)
    name = _name(row, header, problems)
    price = _price(row, header, problems)
    return Wish(row.number, sku, name, price, tuple(problems), verbatim(row, header))


def verbatim(row: Row, header: Header) -> dict[str, str]:
    """The cells that hold something, by the name of their column."""
    texts = ((header.name(column), cleaning.printed(cell)) for column, cell in enumerate(row.cells))
    return {name: text for name, text in texts if text}


def _sku(row: Row, header: Header, problems: list[Problem]) -> str:
    column = header.readings[SKU].columns[0]
    place = reference(row.number, column)
    try:
        read = cleaning.sku(row.cell(column))
    except cleaning.UnreadableError as error:
        problems.append(Problem(place, str(error), Level.ERROR))
        return ""
    problems.extend(_warnings(place, read.warnings))
    return read.value


def _name(row: Row, header: Header, problems: list[Problem]) -> str:
    parts: list[str] = []
    columns = header.readings[NAME].columns
    for column in columns:
        try:
            parts.append(cleaning.name(row.cell(column)))
        except cleaning.UnreadableError as error:
            problems.append(Problem(reference(row.number, column), str(error), Level.ERROR))
            return ""
    name = " ".join(part for part in parts if part)
    if not name:
        problems.append(Problem(reference(row.number, columns[0]), "The name is blank.", Level.ERROR))
    return name


def _price(row: Row, header: Header, problems: list[Problem]) -> Decimal | None:
    if PRICE not in header.readings:
        return None
    column = header.readings[PRICE].columns[0]
    place = reference(row.number, column)
    try:
        read = cleaning.price(row.cell(column))
    except cleaning.UnreadableError as error:
        problems.append(Problem(place, str(error), Level.ERROR))
        return None
    problems.extend(_warnings(place, read.warnings))
    return read.value


def _warnings(place: str, sentences: Iterable[str]) -> Iterable[Problem]:
    return (Problem(place, sentence, Level.WARNING) for sentence in sentences)
