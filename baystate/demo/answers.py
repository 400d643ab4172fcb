"""Did every product end as the answer key says? Pure: the key and what happened go in, sentences come out.

`answer_key.csv` is written by hand from the shops' pages and the rules of consolidation. Per SKU it has the outcome at
each shop, the stage, the price, and for each field of the record `value @source`; lists are joined by ` | `, and
`{acme}` stands for that shop's address.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

KEY = Path(__file__).with_name("answer_key.csv")
SHOPS = ("acme", "bradley", "coastal")
SETTLED = ("stage", "price")


@dataclass(frozen=True)
class Ending:
    """How a product ended. `outcomes` by shop; `record` maps a field to its value and source as the key writes them."""

    outcomes: Mapping[str, str]
    stage: str
    price: str
    record: Mapping[str, str] = field(default_factory=dict)


def key(file: Path = KEY) -> dict[str, Ending]:
    """The expected endings by SKU."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["sku"]: _expected(row) for row in csv.DictReader(lines)}


def _expected(row: dict[str, str]) -> Ending:
    apart = {"sku", *SHOPS, *SETTLED}
    return Ending(
        outcomes={shop: row[shop] for shop in SHOPS},
        stage=row["stage"],
        price=row["price"],
        record={name: said for name, said in row.items() if name not in apart and said},
    )


def written(value: Any, source: str, shops: Mapping[str, str]) -> str:
    """A value of a record as the key writes it. `shops` maps each slug to the address of this run."""
    text = " | ".join(map(str, value)) if isinstance(value, list) else str(value)
    for slug, address in shops.items():
        text = text.replace(address, f"{{{slug}}}")
    return f"{text} @{source}"


def amount(price: Decimal | None) -> str:
    return "" if price is None else f"{price:.2f}"


def differences(expected: Mapping[str, Ending], actual: Mapping[str, Ending]) -> list[str]:
    """One sentence for each thing that ended otherwise, in the key's order; none where all is as it should be."""
    found = [f"{sku} is missing." for sku in expected if sku not in actual]
    found += [f"{sku} is there, but the answer key does not know it." for sku in actual if sku not in expected]
    for sku, ending in expected.items():
        if sku in actual:
            found += [f"{sku}: {said}" for said in _compare(ending, actual[sku])]
    return found


def _compare(expected: Ending, actual: Ending) -> list[str]:
    pairs = [(f"{shop}'s outcome", said, actual.outcomes.get(shop, "")) for shop, said in expected.outcomes.items()]
    pairs += [("its stage", expected.stage, actual.stage), ("its price", expected.price, actual.price)]
    names = sorted({*expected.record, *actual.record})
    pairs += [(f"its {name}", expected.record.get(name, ""), actual.record.get(name, "")) for name in names]
    wrong = [(what, said, is_) for what, said, is_ in pairs if said != is_]
    return [f"{what} is {_quoted(is_)}; the answer key says {_quoted(said)}." for what, said, is_ in wrong]


def _quoted(text: str) -> str:
    return f"“{text}”" if text else "empty"
