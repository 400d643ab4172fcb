from decimal import Decimal

from pipeline.export.rows import TITLES, Listing, row
from runners.protocol.fields import Field


def listing(**record: object) -> Listing:
    return Listing("007", "TILL NAME", Decimal("1.50"), {field: {"value": value} for field, value in record.items()})


def cell(title: str, **record: object) -> object:
    return row(listing(**record))[TITLES.index(title)]


def test_it_starts_with_the_sheet_and_ends_with_the_images() -> None:
    assert TITLES[:5] == ("SKU", "Register name", "Target price", "Product name", "Brand")
    assert TITLES[-1] == "Images"


def test_it_has_a_cell_for_every_title() -> None:
    assert len(row(listing())) == len(TITLES)


def test_it_leaves_sku_name_and_price_as_the_sheet_has_them() -> None:
    assert row(listing(sku="7", price="9.99"))[:3] == ["007", "TILL NAME", Decimal("1.50")]


def test_it_leaves_blank_what_is_unknown() -> None:
    assert set(row(listing(brand="", images=[], attributes={}))[3:]) == {None}


def test_it_joins_several_values() -> None:
    assert cell("Features", features=["soft", "warm"]) == "soft|warm"


def test_it_keeps_addresses_apart_from_the_separator() -> None:
    assert cell("Images", images=["https://a.test/x|y", "https://a.test/z"]) == "https://a.test/x%7Cy|https://a.test/z"


def test_it_writes_attributes_by_name() -> None:
    assert cell("Attributes", attributes={"Colour": "red", "Size": "L"}) == "Colour: red|Size: L"


def test_it_has_a_column_for_every_field_of_a_record() -> None:
    sites_own = {Field.SKU, Field.ITEM_NUMBER, Field.PRICE, Field.CURRENCY, Field.AVAILABILITY}
    assert len(TITLES) - 3 == len(Field) - len(sites_own)
