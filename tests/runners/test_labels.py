"""`label`: the value beside its label, however a page sets it."""

import pytest

from runners.agent import labels, visible
from tests.runners.pages import page


def found(body: str, label: str) -> list[str]:
    return [one if isinstance(one, str) else visible.text(one) for one in labels.find(page(body).root, label)]


@pytest.mark.parametrize(
    "body",
    [
        "<dl><dt>Brand<dd>Acme<dt>UPC:<dd>0123<dt>Size<dd>L</dl>",
        "<table><tr><th>UPC</th><td>0123</td></tr></table>",
        "<table><tr><td><b>upc&nbsp;:</b></td><td>0123</td><td>x</td></tr></table>",
        "<table><tr><th>UPC</th><td>0123</td><td>checked</td></tr></table>",
        "<table><thead><tr><th>Brand<th>UPC</thead><tr><td>Acme<td>0123</table>",
        "<table><tr><th>Brand<th>UPC<th>Size<td>-<td>-<td>-</tr><tr><td>Acme</tr><tr><th>A<td>Acme<td>0123</table>",
        "<ul><li>Brand: Acme</li><li><b>UPC</b>: 0123</li></ul>",
        "<p>Brand: <b>Acme</b><br>UPC: <i>01</i>23<br>Size: L</p>",
        "<div><strong>UPC:</strong><div>0123</div></div>",
        "<div><span>UPC</span><span>0123</span></div>",
        "<p>UPC：0123</p>",
    ],
)
def test_it_finds_lists_tables_lines_and_pairs(body: str) -> None:
    assert found(f"<h1>UPC codes explained</h1>{body}", "UPC") == ["0123"]


def test_a_label_is_not_part_of_a_longer_one() -> None:
    assert found("<dl><dt>Inner UPC<dd>1<dt>UPC<dd>2</dl><p>Old UPC: 3</p>", "UPC") == ["2"]


def test_a_term_may_have_several_values() -> None:
    assert found("<dl><dt>Colour</dt><dd>red</dd><dd>blue</dd><dt>Size</dt><dd>L</dd></dl>", "Colour") == [
        "red",
        "blue",
    ]


def test_a_value_may_hold_a_colon() -> None:
    assert found("<p>Ratio: 1:2</p>", "ratio") == ["1:2"]


def test_nothing_is_found_where_the_label_is_missing() -> None:
    assert found("<p>UPC 0123</p><table><tr><th>UPC</th></tr></table>", "EAN") == []
