"""What a page says about the columns of an upload: which was read as what, with samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.spreadsheet.columns import NAME, PRICE, SKU, Header
from pipeline.spreadsheet.rows import Wish

SAMPLES = 3


class Mapping:
    """Collects the first few values of every column while rows pass by."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._read: dict[str, list[str]] = {field: [] for field in header.readings}
        self._kept: dict[str, list[str]] = {name: [] for name in _others(header)}

    def see(self, wishes: Iterable[Wish]) -> None:
        """Take samples where some are still missing."""
        for wish in wishes:
            values = {SKU: wish.sku, NAME: wish.register_name, PRICE: _amount(wish)}
            for field, samples in self._read.items():
                _keep(samples, values[field])
            for name, samples in self._kept.items():
                _keep(samples, wish.cells.get(name, ""))

    def as_json(self) -> dict[str, Any]:
        """What is stored: `fields` lists what was read, best known first, `others` the columns that are only kept."""
        fields = [
            {"field": field, "columns": read.headers, "passed_over": read.passed_over, "samples": self._read[field]}
            for field, read in self._header.readings.items()
        ]
        others = [{"column": name, "samples": samples} for name, samples in self._kept.items()]
        return {"sheet": self._header.sheet, "fields": fields, "others": others}


def _others(header: Header) -> list[str]:
    read = {column for reading in header.readings.values() for column in reading.columns}
    return [name for column, name in enumerate(header.names) if column not in read]


def _amount(wish: Wish) -> str:
    return "" if wish.target_price is None else f"{wish.target_price:,}"


def _keep(samples: list[str], value: str) -> None:
    if value and len(samples) < SAMPLES and value not in samples:
        samples.append(value)
